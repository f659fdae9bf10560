//! Scoring: from logits to log-odds at T, and the input perturbation of ODIN (arXiv 1706.02690, section 3).
//!
//! `log_odds` and `detectors` are plain arithmetic; `perturbation` needs tensors and a network. Nothing here reads a
//! file or keeps anything.
mod detectors;
mod log_odds;
mod perturbation;

pub use detectors::{Detector, LogitScores};
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
    /// What other detectors make of the unperturbed logits.
    pub others: LogitScores,
}

impl ImageScore {
    /// The score by which a detector ranks the image: higher is more in-distribution.
    pub fn by(&self, detector: Detector) -> f64 {
        match detector {
            Detector::Odin => self.odin.0,
            Detector::Baseline => self.baseline.0,
            Detector::MaxLogit => self.others.max_logit,
            Detector::Energy => self.others.energy,
            Detector::Entropy => self.others.entropy,
            Detector::Gen => self.others.gen_entropy,
        }
    }
}
