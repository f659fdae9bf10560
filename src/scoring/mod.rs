//! Scoring: from logits to log-odds at T, and the input perturbation of ODIN (arXiv 1706.02690, section 3).
//!
//! `log_odds` is plain arithmetic; `perturbation` needs tensors and a network. Nothing here reads a file or keeps
//! anything.
mod log_odds;
mod perturbation;

pub use log_odds::{argmax, log_odds};
pub use perturbation::{Scorer, Signs};

use serde::{Deserialize, Serialize};

use crate::units::LogOdds;

/// The scores of one image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ImageScore {
    /// Its number in the data set.
    pub index: u32,
    /// Its class, where the set has labels (in-distribution sets only).
    pub label: Option<u16>,
    /// The class that the network gives it (unperturbed).
    pub prediction: u16,
    /// Log-odds at T = 1 and ε = 0: the max-softmax baseline.
    pub baseline: LogOdds,
    /// Log-odds at the job's (T, ε).
    pub odin: LogOdds,
}
