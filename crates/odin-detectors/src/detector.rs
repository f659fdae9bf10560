//! The detectors by name.
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::description::Description;
use crate::knob::Knob;
use crate::need::Need;
use crate::rules;

/// One row a detector: its name here, and its description, which lies beside its arithmetic.
macro_rules! table {
    ($($(#[$attribute:meta])* $name:ident: $($description:ident)::+,)*) => {
        /// Who says how in-distribution an image is.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum Detector {
            $($(#[$attribute])* $name,)*
        }

        impl Detector {
            /// All there are.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$name),*];

            /// Its row in the table.
            pub fn description(self) -> &'static Description {
                match self {
                    $(Self::$name => &rules::$($description)::+,)*
                }
            }
        }
    };
}

table! {
    /// Max softmax at T after the perturbation (arXiv 1706.02690).
    #[default]
    Odin: odin::ODIN,
    /// Max softmax at T = 1, unperturbed (arXiv 1610.02136).
    Baseline: baseline::BASELINE,
    /// The greatest logit (arXiv 1911.11132).
    MaxLogit: max_logit::MAX_LOGIT,
    /// T log Σ exp(z/T), the negative free energy (arXiv 2010.03759).
    Energy: energy::ENERGY,
    /// −log of the entropy of the softmax at T = 1.
    Entropy: entropy::ENTROPY,
    /// Generalised entropy over the most probable classes (Liu et al., CVPR 2023).
    Gen: gen_entropy::GEN,
    /// ODIN, with the one input value of the greatest gradient moved.
    IOdin: odin::I_ODIN,
    /// Max softmax at the temperature that calibrates the network (arXiv 1706.04599).
    TempScaling: temp_scaling::TEMP_SCALING,
    /// Divergence of the softmax from the mean softmax of the nearest class (arXiv 1911.11132).
    KlMatching: kl_matching::KL_MATCHING,
    /// The odds against an unknown class by extreme values of distances to class means (arXiv 1511.06233).
    Openmax: openmax::OPENMAX,
    /// The norm of the last layer's gradient (arXiv 2110.00218).
    Gradnorm: gradnorm::GRADNORM,
    /// Energy of features cut off above (arXiv 2111.12797).
    React: react::REACT,
    /// Energy of features cut off above and below (arXiv 2302.11716).
    Vra: react::VRA,
    /// Energy of an image's greatest features (arXiv 2209.09858).
    AshP: ash::ASH_P,
    /// Energy of an image's greatest features, all made equal (arXiv 2209.09858).
    AshB: ash::ASH_B,
    /// Energy of an image's greatest features, scaled (arXiv 2209.09858).
    AshS: ash::ASH_S,
    /// Energy of scaled features (arXiv 2310.00227).
    Scale: scale::SCALE,
    /// Energy of logits scaled by features (arXiv 2409.01175).
    Lts: lts::LTS,
    /// SCALE with a percentile of the image's own (arXiv 2503.08023).
    AdascaleA: adascale::ADASCALE_A,
    /// LTS with a percentile of the image's own (arXiv 2503.08023).
    AdascaleL: adascale::ADASCALE_L,
    /// Energy by the weights that contribute most (arXiv 2111.09805).
    Dice: dice::DICE,
    /// Distance to the decision boundaries (arXiv 2312.11536).
    Fdbd: fdbd::FDBD,
    /// Nearness of the centred features to the guess's weights (arXiv 2311.01479).
    Nci: nci::NCI,
    /// Similarity to the mean features of the guessed class (ICLR 2023).
    She: she::SHE,
    /// Distance to the k-th nearest training image (arXiv 2204.06507).
    Knn: knn::KNN,
    /// Energy times the mean similarity to the k nearest training images (arXiv 2309.14888).
    Nnguide: knn::NNGUIDE,
    /// Mahalanobis distance to the nearest class (arXiv 1807.03888).
    Mahalanobis: mahalanobis::MAHALANOBIS,
    /// Mahalanobis distance relative to that of one Gaussian over all (arXiv 2106.09022).
    Rmd: mahalanobis::RMD,
    /// Mahalanobis distance of features of norm 1 (ICML 2025).
    MahalanobisPp: mahalanobis::MAHALANOBIS_PP,
    /// Relative Mahalanobis distance of features of norm 1 (ICML 2025).
    RmdPp: mahalanobis::RMD_PP,
    /// Norm of the features beyond the principal subspace (arXiv 2203.10807).
    Residual: vim::RESIDUAL,
    /// Energy less the scaled residual (arXiv 2203.10807).
    Vim: vim::VIM,
    /// Regret of the predictive normalised maximum likelihood learner (arXiv 2110.09246).
    Pnml: pnml::PNML,
}

impl Detector {
    /// Those that need nothing but the logits, and ODIN.
    pub const ON_LOGITS: [Self; 6] = [
        Self::Odin,
        Self::Baseline,
        Self::MaxLogit,
        Self::Energy,
        Self::Entropy,
        Self::Gen,
    ];

    /// What a person may move.
    pub fn knobs(self) -> &'static [Knob] {
        self.description().knobs
    }

    /// What it needs beyond the logits of the images.
    pub fn needs(self) -> &'static [Need] {
        self.description().needs
    }

    /// As sessions write it.
    pub fn key(self) -> &'static str {
        self.description().key
    }

    /// Whether its scores are log-odds, which stand for a probability.
    pub fn is_log_odds(self) -> bool {
        self.description().is_log_odds
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

    /// The detector of a key; `None` for a key that no detector has.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|detector| detector.key() == key)
    }
}

impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.description().label)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_are_what_files_say_and_each_is_there_once() {
        for detector in Detector::ALL {
            let written = serde_json::to_value(detector).unwrap();
            assert_eq!(written, detector.key());
            assert_eq!(Detector::from_key(detector.key()), Some(detector));
        }
        let labels: BTreeSet<_> = Detector::ALL.iter().map(|d| d.description().label).collect();
        assert_eq!(labels.len(), Detector::ALL.len());
        assert_eq!(Detector::from_key("msp"), None);
    }

    #[test]
    fn those_on_logits_come_first_and_need_no_more() {
        assert_eq!(Detector::ALL[..6], Detector::ON_LOGITS);
        for detector in Detector::ON_LOGITS {
            let more = match detector {
                Detector::Odin => &[Need::Gradient][..],
                _ => &[],
            };
            assert_eq!(detector.needs(), more, "{detector}");
        }
    }

    #[test]
    fn the_readme_has_every_row() {
        let readme = include_str!("../README.md");
        for detector in Detector::ALL {
            let row = detector.description();
            let formula = row.formula.replace('|', "\\|");
            let start = format!("| {} | {formula} |", row.key);
            assert!(
                readme
                    .lines()
                    .any(|line| line.starts_with(&start) && line.ends_with(&format!("| {} |", row.cost))),
                "README.md lacks {start}; `cargo run -p odin-detectors --example score -- --table` prints the table"
            );
        }
    }
}
