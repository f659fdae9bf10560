//! The threshold δ: images whose score is at least δ are called in-distribution.
use serde::{Deserialize, Serialize};

use odin_core::session::Threshold;

/// Where the threshold δ stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Cursor {
    /// At the highest threshold with at least this TPR: holds while scores arrive and parameters change.
    Tpr(f64),
    /// At this score of the detector that is shown.
    Score(f64),
}

impl Default for Cursor {
    fn default() -> Self {
        Self::Tpr(0.95)
    }
}

impl From<Threshold> for Cursor {
    fn from(threshold: Threshold) -> Self {
        match threshold {
            Threshold::Tpr(tpr) => Self::Tpr(tpr),
            Threshold::Score(score) => Self::Score(score),
        }
    }
}

impl From<Cursor> for Threshold {
    fn from(cursor: Cursor) -> Self {
        match cursor {
            Cursor::Tpr(tpr) => Self::Tpr(tpr),
            Cursor::Score(score) => Self::Score(score),
        }
    }
}
