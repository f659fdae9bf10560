//! The threshold δ: images whose score is at least δ are called in-distribution.
use serde::{Deserialize, Serialize};

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
