//! Which network a file's tensors may be of, by their names and shapes alone. A proposal is a guess by a few telling tensors: whether
//! it holds is for a comparison of every tensor with [`Architecture::parameters`].
//!
//! Each module imports only from those listed after it.
mod attention;
mod dense;
mod residual;
mod typical;
mod proposal;
mod shapes;

#[cfg(test)]
mod tests;

pub use proposal::Proposal;
pub use shapes::Shapes;
pub use typical::by_shapes;

use super::Architecture;
use super::resnet::{Shortcut, Stem};

/// A family of networks, and how its members are known.
struct Family {
    /// What a person calls it.
    name: &'static str,
    /// The network by names as the family has them; `None` where no tensor has a name of its own.
    recognise: fn(&Shapes) -> Option<Proposal>,
}

const FAMILIES: [Family; 4] = [
    Family {
        name: "DenseNet-BC",
        recognise: dense::recognise,
    },
    Family {
        name: "Wide ResNet",
        recognise: residual::recognise_wide,
    },
    Family {
        name: "ResNet",
        recognise: residual::recognise,
    },
    Family {
        name: "Vision Transformer",
        recognise: attention::recognise,
    },
];

/// What the families take these tensors for, under our names.
pub fn proposals(shapes: &Shapes) -> Vec<Proposal> {
    let all = FAMILIES.iter();
    all.filter_map(|family| (family.recognise)(shapes)).collect()
}

/// The names of all families, for people.
pub fn families() -> Vec<&'static str> {
    FAMILIES.iter().map(|family| family.name).collect()
}

/// What names and shapes leave open, and how it was taken.
pub fn assumptions(architecture: &Architecture) -> Vec<&'static str> {
    let resnet = match architecture {
        Architecture::Resnet(resnet) => resnet,
        Architecture::Vit(_) => {
            return vec![
                "there are as many heads as networks of this width have, or heads of 64 components (`heads`)",
                "images are square, of the size that the position embeddings are for (`image`)",
                "norms add 1e-6 to the variance, as in torchvision and timm; transformers has 1e-12 (`epsilon`)",
            ];
        }
        _ => return Vec::new(),
    };
    let mut all = Vec::new();
    if resnet.block == super::Block::Bottleneck {
        all.push("a bottleneck's stride is on its 3×3 convolution (torchvision's way, called v1.5), not on the first 1×1");
    }
    all.push(match resnet.stem {
        Stem::Imagenet => "the 7×7 convolution has stride 2 and a max pool of stride 2 behind it",
        Stem::Cifar => "the 3×3 convolution has stride 1, and no pool behind it",
    });
    if resnet.shortcut == Shortcut::A {
        all.push(
            "shortcuts have no tensors: they take every second pixel, and put zero channels on both sides",
        );
    }
    all
}

/// What makes it doubtful that the file is whole: a network of which blocks are missing at the end of a stage is another network.
pub fn doubt(architecture: &Architecture) -> Option<String> {
    match architecture {
        Architecture::Resnet(resnet) if resnet.known_depth().is_none() => Some(format!(
            "its blocks, {:?}, are of no usual depth: is the file whole?",
            resnet.layers.as_slice()
        )),
        _ => None,
    }
}
