//! DenseNets with bottlenecks, by their names as the ODIN authors have them.
use super::super::Architecture;
use super::proposal::Proposal;
use super::shapes::Shapes;

pub(super) fn recognise(shapes: &Shapes) -> Option<Proposal> {
    let blocks = shapes.blocks("block", ".layer.");
    let kernel = |part: &str| {
        let of = |b: &super::shapes::InBlock<'_>| {
            shapes.convolution(&format!("block{}.layer.{}.{part}", b.stage, b.block))
        };
        blocks.iter().find_map(of)
    };
    let mut doubts = Vec::new();
    // The first convolution of a layer tells it from a Wide ResNet's.
    let growth = match (kernel("conv1"), kernel("conv2")) {
        (Some([_, _, 1, 1]), Some([growth, ..])) => growth,
        (Some([four_growths, _, 1, 1]), None) => four_growths / 4,
        (Some([growth, _, 3, 3]), None) if shapes.has("trans1.conv1.weight") => {
            doubts.push(
                "its layers have one convolution, as those of a DenseNet without bottlenecks".to_owned(),
            );
            growth
        }
        _ => return None,
    };
    let layers = blocks.iter().map(|b| b.block + 1).max()?;
    Some(Proposal {
        architecture: Architecture::DensenetBc {
            depth: 6 * layers + 4,
            growth,
        },
        classes: shapes.outputs("fc"),
        doubts,
    })
}
