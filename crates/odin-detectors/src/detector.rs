//! The detectors by name.
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::knob::{Knob, Scale};

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
    /// T log Σ exp(z/T), the negative free energy (arXiv 2010.03759).
    Energy,
    /// −log of the entropy of the softmax at T = 1.
    Entropy,
    /// Generalised entropy over the most probable classes (Liu et al., CVPR 2023).
    Gen,
}

impl Detector {
    /// Those that need nothing but the logits, of the image as it is or perturbed.
    pub const ON_LOGITS: [Self; 6] = Self::ALL;

    pub const ALL: [Self; 6] = [
        Self::Odin,
        Self::Baseline,
        Self::MaxLogit,
        Self::Energy,
        Self::Entropy,
        Self::Gen,
    ];

    /// What a person may move.
    pub fn knobs(self) -> &'static [Knob] {
        match self {
            Self::Odin => &[TEMPERATURE, MAGNITUDE],
            Self::Energy => &[Knob {
                default: 1.0,
                ..TEMPERATURE
            }],
            Self::Gen => &[GAMMA, CLASSES],
            Self::Baseline | Self::MaxLogit | Self::Entropy => &[],
        }
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

    /// The score on the scale of the detector's definition, as exports have it: scores here may be a monotone function of it
    /// that loses no digits where the network is all but certain.
    pub fn defined_value(self, score: f64) -> f64 {
        match self {
            _ if self.is_log_odds() => 1.0 / (1.0 + (-score).exp()),
            Self::Entropy => -(-score).exp(),
            _ => score,
        }
    }

    /// Whether its scores are log-odds, which stand for a probability.
    pub fn is_log_odds(self) -> bool {
        matches!(self, Self::Odin | Self::Baseline)
    }
}

const TEMPERATURE: Knob = Knob {
    key: "temperature",
    label: "T",
    default: 1000.0,
    least: f64::MIN_POSITIVE,
    most: f64::MAX,
    span: (1.0, 1e4),
    scale: Scale::Logarithmic,
    meaning: "temperature of the softmax",
};

const MAGNITUDE: Knob = Knob {
    key: "magnitude",
    label: "ε",
    default: 0.0014,
    least: 0.0,
    most: 1.0,
    span: (0.0, 0.004),
    scale: Scale::Linear { step: 0.0001 },
    meaning: "size of the perturbation, in units of the [0, 1] image",
};

const GAMMA: Knob = Knob {
    key: "gamma",
    label: "γ",
    default: 0.1,
    least: 0.001,
    most: 1.0,
    span: (0.01, 1.0),
    scale: Scale::Logarithmic,
    meaning: "exponent of the generalised entropy",
};

const CLASSES: Knob = Knob {
    key: "classes",
    label: "M",
    default: 100.0,
    least: 1.0,
    most: 1e6,
    span: (1.0, 1000.0),
    scale: Scale::Count,
    meaning: "most probable classes that count",
};

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
