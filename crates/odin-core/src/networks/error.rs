//! Why a network cannot exist.
use super::graph::GraphError;

/// A depth or width that no network of the family has.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ArchitectureError {
    #[error("depth {0} is not 6n + 4 with n ≥ 1 (40, 100 and 190 are; 28 and 40 for Wide ResNets)")]
    Depth(usize),
    #[error(
        "depth {0} is none of 18, 34, 50, 101 and 152, or, for CIFAR, 20, 32, 44, 56 and 110; of another depth, `block` and \
         `layers` say what it is made of, as in `block: basic, layers: [1, 1, 1, 1]`"
    )]
    ResnetDepth(usize),
    #[error("a ResNet has either `depth`, or both `block` and `layers`")]
    ResnetSize,
    #[error("basic blocks have no groups: `groups` and `group-width` are for `block: bottleneck`")]
    Groups,
    #[error(
        "`width: {width}` with `group-width: {group_width}` leaves groups without channels: their product must be at least 64"
    )]
    GroupWidth { width: usize, group_width: usize },
    #[error("a ViT has either `size`, or `width`, `depth` and `heads`")]
    VitSize,
    #[error("{heads} heads do not divide a width of {width}")]
    Heads { heads: usize, width: usize },
    #[error(
        "an image of {}×{} is no whole number of patches of {patch}×{patch}: its sides must be multiples of {patch}",
        image[0], image[1]
    )]
    Patch { image: [usize; 2], patch: usize },
    #[error(
        "without a class token the last layer sees the mean of the others: `class-token: false` needs `pool: mean`"
    )]
    NoClassToken,
    #[error("epsilon must lie between 0 and 1, not {0}")]
    Epsilon(f64),
    #[error("{name} must lie between 1 and {limit}, not {value}")]
    Size {
        name: &'static str,
        limit: usize,
        value: usize,
    },
    #[error(
        "classes must lie between 2 and 100000, not {0}{advice}",
        advice = if *.0 == 1 { "; a network with one logit has two, `classes: 2`" } else { "" }
    )]
    Classes(usize),
    #[error("images of {height}×{width} do not fit: this network takes {takes} pixels")]
    Input {
        height: usize,
        width: usize,
        takes: String,
    },
    #[error("input has {0} channels, and images have 3, or 1 where they are grey")]
    Channels(usize),
    #[error(
        "this network takes images of 1 channel: give the mean and the standard deviation of that alone, `mean: [m]` and `std: [s]`"
    )]
    TakesGrey,
    #[error(
        "this network takes images of 3 channels: mean and std need three values each (red, green, blue)"
    )]
    TakesColour,
    #[error(
        "a TorchScript program has its tensors in its file: it cannot be built from others, or trained here"
    )]
    Program,
    #[error(transparent)]
    Graph(#[from] GraphError),
}
