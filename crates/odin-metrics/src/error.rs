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

/// Why no metric can be computed. Every case is of what was passed in.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MetricsError {
    /// A score is NaN.
    #[error("{side} score {index} is not a number")]
    NotANumber {
        /// The set that it is in.
        side: Side,
        /// Its place in the set, from 0.
        index: usize,
    },
    /// A set has no score.
    #[error("there is no {side} score")]
    Empty {
        /// The set.
        side: Side,
    },
    /// Not as many flags of correct classification as ID scores.
    #[error("{scores} ID scores came with {flags} flags of correct classification")]
    CorrectCount {
        /// ID scores.
        scores: usize,
        /// Flags.
        flags: usize,
    },
    /// Not as many groups as images.
    #[error("{images} {side} images came with the groups of {groups}")]
    GroupCount {
        /// The set.
        side: Side,
        /// Its images.
        images: usize,
        /// Images whose group is given.
        groups: usize,
    },
    /// Not as many classes as images.
    #[error("{images} {side} images came with the classes of {classes}")]
    ClassCount {
        /// The set.
        side: Side,
        /// Its images.
        images: usize,
        /// Images whose class is given.
        classes: usize,
    },
    /// A confidence that is no probability.
    #[error("the confidence of image {index} is {value}, which is not between 0 and 1")]
    NotAProbability {
        /// Its place, from 0.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// Two results whose replicates do not belong together.
    #[error(
        "these were not resampled alike: the same images, groups, seed and number of replicates are needed"
    )]
    NotPaired,
}
