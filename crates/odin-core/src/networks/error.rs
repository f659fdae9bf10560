//! Why a network cannot exist.

/// A depth or width that no network of the family has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchitectureError {
    #[error("depth {0} is not 6n + 4 with n ≥ 1 (40, 100 and 190 are; 28 and 40 for Wide ResNets)")]
    Depth(usize),
    #[error("{name} must lie between 1 and {limit}, not {value}")]
    Size {
        name: &'static str,
        limit: usize,
        value: usize,
    },
    #[error("classes must lie between 2 and 100000, not {0}")]
    Classes(usize),
    #[error("images of {height}×{width} do not fit: this network takes {takes} pixels")]
    Input {
        height: usize,
        width: usize,
        takes: String,
    },
    #[error("input has {0} channels, and images have 3")]
    Channels(usize),
    #[error(
        "a TorchScript program has its tensors in its file: it cannot be built from others, or trained here"
    )]
    Program,
}
