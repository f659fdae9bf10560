//! The two score sets of a comparison, and what makes one unusable.
use std::fmt;

use serde::{Deserialize, Serialize};

/// Which of the two score sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// In-distribution.
    In,
    /// Out-of-distribution.
    Out,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::In => "ID",
            Self::Out => "OOD",
        })
    }
}

/// Why no metric can be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricsError {
    #[error("{side} score {index} is not a number")]
    NotANumber { side: Side, index: usize },
    #[error("there is no {side} score")]
    Empty { side: Side },
    #[error("{scores} ID scores came with {marks} marks of correct classification")]
    MarkCount { scores: usize, marks: usize },
    #[error("{images} {side} images came with the groups of {groups}")]
    GroupCount {
        side: Side,
        images: usize,
        groups: usize,
    },
    #[error(
        "the two detectors were not resampled alike: the same images, groups, seed and number of replicates are needed"
    )]
    NotPaired,
}
