//! Residual networks: wide ones by their names as the ODIN authors have them, all others by torchvision's.
use super::super::Architecture;
use super::super::resnet::{Block, Layers, Resnet, Shortcut, Stem, WHOLE};
use super::proposal::Proposal;
use super::shapes::Shapes;

/// Channels of a Wide ResNet's first convolution, of which its widths are multiples.
const NARROWEST: usize = 16;

pub(super) fn recognise_wide(shapes: &Shapes) -> Option<Proposal> {
    let blocks = shapes.blocks("block", ".layer.");
    let wide = |b: &super::shapes::InBlock<'_>| {
        let name = format!("block{}.layer.{}.conv1", b.stage, b.block);
        match shapes.convolution(&name) {
            Some([to, _, 3, 3]) if (1..=3).contains(&b.stage) => Some(to >> (b.stage - 1)),
            _ => None,
        }
    };
    let is_residual = blocks
        .iter()
        .any(|b| b.rest.starts_with("conv2.") || b.rest.starts_with("convShortcut."));
    let width = blocks.iter().find_map(wide).filter(|_| is_residual)?;
    let layers = blocks.iter().map(|b| b.block + 1).max()?;
    let doubt = (width % NARROWEST != 0)
        .then(|| format!("its first block has {width} channels, which is no multiple of {NARROWEST}"));
    Some(Proposal {
        architecture: Architecture::WideResnet {
            depth: 6 * layers + 4,
            widen: (width / NARROWEST).max(1),
        },
        classes: shapes.outputs("fc"),
        doubts: doubt.into_iter().collect(),
    })
}

pub(super) fn recognise(shapes: &Shapes) -> Option<Proposal> {
    let blocks = shapes.blocks("layer", ".");
    let kernel = |stage: usize, part: &str| {
        let of_stage = blocks.iter().filter(|b| b.stage == stage);
        let mut all = of_stage.map(|b| format!("layer{stage}.{}.{part}", b.block));
        all.find_map(|name| shapes.convolution(&name))
    };
    // Detectors' necks and much else have blocks in layers, and no convolutions of these names.
    let stages = (1..=4).filter(|&stage| kernel(stage, "conv1").is_some()).max()?;
    let mut doubts = Vec::new();
    let length = |stage: usize| {
        let of_stage = blocks.iter().filter(|b| b.stage == stage);
        of_stage.map(|b| b.block + 1).max().unwrap_or(1)
    };
    let layers = match stages {
        3 => Layers::Three([1, 2, 3].map(length)),
        _ => Layers::Four([1, 2, 3, 4].map(length)),
    };
    let is_bottleneck = (1..=4).any(|stage| kernel(stage, "conv3").is_some());
    let block = if is_bottleneck {
        Block::Bottleneck
    } else {
        Block::Basic
    };
    let stem = shapes.convolution("conv1");
    let first = || match block {
        Block::Basic => Some(kernel(1, "conv1")?[0]),
        Block::Bottleneck => Some(kernel(1, "conv3")?[0] / 4),
    };
    let (usual_stem, usual_width, _) = layers.usual();
    let width = stem.map(|stem| stem[0]).or_else(first).unwrap_or(usual_width);
    // The last stage is the widest, and tells most of what is rounded.
    let widest = (1..=stages)
        .rev()
        .find_map(|stage| Some((stage, kernel(stage, "conv2")?)));
    let (groups, group_width) = match (block, widest) {
        (Block::Bottleneck, Some((stage, [inner, from, ..]))) => {
            groups(inner, from, width << (stage - 1), &mut doubts)
        }
        _ => (1, WHOLE),
    };
    let has_shortcut = blocks.iter().any(|b| b.rest.starts_with("downsample."));
    if !shapes.has("bn1.weight") && blocks.iter().any(|b| b.rest.starts_with("bn1.")) && stem.is_some() {
        doubts.push(
            "no batch norm follows its first convolution, as in a ResNet with pre-activation".to_owned(),
        );
    }
    Some(Proposal {
        architecture: Architecture::Resnet(Resnet {
            block,
            layers,
            stem: match stem {
                Some([_, _, 7, 7]) => Stem::Imagenet,
                Some([_, _, 3, 3]) => Stem::Cifar,
                _ => usual_stem,
            },
            width,
            groups,
            group_width,
            shortcut: if has_shortcut { Shortcut::B } else { Shortcut::A },
            channels: match stem {
                Some([_, 1, ..]) => 1,
                _ => 3,
            },
        }),
        classes: shapes.outputs("fc"),
        doubts,
    })
}

/// Groups of a bottleneck's 3×3 convolution in a stage of this width, and the width of each in one of width 64.
fn groups(inner: usize, from: usize, width: usize, doubts: &mut Vec<String>) -> (usize, usize) {
    if !inner.is_multiple_of(from) {
        doubts.push(format!(
            "no number of groups brings {from} channels to each of {inner} in its 3×3 convolutions"
        ));
        return (1, WHOLE);
    }
    let groups = inner / from;
    // What a card says is rounded down to whole channels, so that several numbers may mean the same.
    let least = (from * WHOLE).div_ceil(width.max(1));
    (groups, least)
}
