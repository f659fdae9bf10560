//! How a threshold is found: the word of it that arguments, lines and policies share.
use serde::{Deserialize, Serialize};

/// The rule by which images are called ID or OOD.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Rule {
    /// This share of new in-distribution images is expected to be called ID.
    Tpr(f64),
    /// At most this share of new images of a set is expected to be called ID.
    Fpr {
        share: f64,
        /// A data card's name or a path.
        on: String,
    },
    /// Of the images that are called OOD, at most this share is expected to be in-distribution: Benjamini–Hochberg over all
    /// images of a call.
    Fdr(f64),
    /// The threshold itself.
    Threshold(f64),
}

impl Rule {
    /// Whether an image's verdict depends on the others of the call.
    pub(super) fn is_over_all(&self) -> bool {
        matches!(self, Self::Fdr(_))
    }

    /// Whether scores of in-distribution images are needed.
    pub(super) fn needs_ids(&self) -> bool {
        !matches!(self, Self::Threshold(_))
    }
}
