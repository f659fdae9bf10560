//! What network a file is nearest to where its names tell nothing: the one of those that are widely used whose tensors have most of
//! the same shapes.
use std::collections::BTreeMap;

use super::super::Architecture;
use super::super::resnet::{Block, Layers, Resnet, Shortcut, Stem, WHOLE};
use super::proposal::Proposal;

/// So many of the shapes are the same before a network is called near.
const SHARE: f64 = 0.6;

fn typical() -> Vec<Architecture> {
    let resnet = |block, layers, stem, width, group_width, shortcut| {
        Architecture::Resnet(Resnet {
            block,
            layers,
            stem,
            width,
            groups: 1,
            group_width,
            shortcut,
            channels: 3,
        })
    };
    let mut all = Vec::new();
    for stem in [Stem::Imagenet, Stem::Cifar] {
        for (block, layers) in [
            (Block::Basic, [2, 2, 2, 2]),
            (Block::Basic, [3, 4, 6, 3]),
            (Block::Bottleneck, [3, 4, 6, 3]),
            (Block::Bottleneck, [3, 4, 23, 3]),
            (Block::Bottleneck, [3, 8, 36, 3]),
        ] {
            all.push(resnet(block, Layers::Four(layers), stem, 64, WHOLE, Shortcut::B));
        }
    }
    for length in [3, 5, 7, 9, 18] {
        let layers = Layers::Three([length; 3]);
        all.push(resnet(Block::Basic, layers, Stem::Cifar, 16, WHOLE, Shortcut::A));
    }
    all.extend(
        [(40, 12), (100, 12), (190, 40)].map(|(depth, growth)| Architecture::DensenetBc { depth, growth }),
    );
    all.extend([(16, 4), (40, 2), (28, 10)].map(|(depth, widen)| Architecture::WideResnet { depth, widen }));
    all
}

/// The network whose tensors have most of these shapes, where most of them are the same.
pub fn by_shapes(sizes: &[&[i64]]) -> Option<Proposal> {
    let outputs = sizes.iter().rev().find(|size| size.len() == 2)?.first()?;
    let classes = usize::try_from(*outputs).ok().filter(|&classes| classes >= 2)?;
    let mut given: BTreeMap<&[i64], usize> = BTreeMap::new();
    for size in sizes {
        *given.entry(size).or_default() += 1;
    }
    let share = |architecture: &Architecture| {
        let needed = architecture.parameters(classes).ok()?;
        let (mut left, mut same) = (given.clone(), 0usize);
        for parameter in &needed {
            if let Some(count) = left
                .get_mut(parameter.shape.as_slice())
                .filter(|count| **count > 0)
            {
                *count -= 1;
                same += 1;
            }
        }
        Some(same as f64 / needed.len().max(sizes.len()) as f64)
    };
    let all = typical()
        .into_iter()
        .filter_map(|architecture| Some((share(&architecture)?, architecture)));
    let (share, architecture) = all.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (share >= SHARE).then_some(Proposal {
        architecture,
        classes: Some(classes),
        doubts: Vec::new(),
    })
}
