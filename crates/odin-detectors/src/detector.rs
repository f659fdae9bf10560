//! The detectors by name.
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who says how in-distribution an image is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Detector {
    /// Max softmax at T after the perturbation (arXiv 1706.02690).
    #[default]
    Odin,
    /// Max softmax at T = 1, unperturbed (arXiv 1610.02136).
    Baseline,
    /// The greatest logit (arXiv 1911.11132).
    MaxLogit,
    /// T log Σ exp(z/T), the negative free energy at the job's T (arXiv 2010.03759).
    Energy,
    /// −log of the entropy of the softmax at T = 1.
    Entropy,
    /// Generalised entropy with γ = 0.1 over the 100 most probable classes (Liu et al., CVPR 2023).
    Gen,
}

impl Detector {
    pub const ALL: [Self; 6] = [
        Self::Odin,
        Self::Baseline,
        Self::MaxLogit,
        Self::Energy,
        Self::Entropy,
        Self::Gen,
    ];

    /// Whether its scores change with T or ε.
    pub fn has_parameters(self) -> bool {
        matches!(self, Self::Odin | Self::Energy)
    }

    /// As sessions write it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Odin => "odin",
            Self::Baseline => "baseline",
            Self::MaxLogit => "max-logit",
            Self::Energy => "energy",
            Self::Entropy => "entropy",
            Self::Gen => "gen",
        }
    }

    /// Whether its scores are log-odds, which stand for a probability.
    pub fn is_log_odds(self) -> bool {
        matches!(self, Self::Odin | Self::Baseline)
    }
}

impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Odin => "ODIN",
            Self::Baseline => "baseline",
            Self::MaxLogit => "max logit",
            Self::Energy => "energy",
            Self::Entropy => "entropy",
            Self::Gen => "GEN",
        })
    }
}
