//! The conventions on which papers differ and which change the numbers; they belong beside every number that is shown.
use std::fmt;

use serde::{Deserialize, Serialize};

/// Which class is the positive one; FPR@95TPR and the detection error depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Positive {
    /// The ODIN paper: 95 % of the ID images are accepted.
    #[default]
    InDistribution,
    /// OpenOOD: 95 % of the OOD images are caught, the score being negated.
    OutOfDistribution,
}

/// Where on the ROC the detection error ½(1 − TPR) + ½ FPR is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ErrorConvention {
    /// The least over all thresholds (ODIN, arXiv 1706.02690, evaluation metrics).
    #[default]
    Minimum,
    /// At the threshold of FPR@95TPR, with the TPR reached there.
    AtTpr95,
}

/// How precision weighs the two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AuprConvention {
    /// Both sets weigh the same, whatever their sizes.
    #[default]
    Balanced,
    /// Every image weighs the same: the larger set looks better.
    Counts,
}

/// One choice of each; the default is the ODIN paper's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Conventions {
    /// Which class is positive.
    pub positive: Positive,
    /// Where the detection error is taken.
    pub error: ErrorConvention,
    /// How precision weighs the two sets.
    pub aupr: AuprConvention,
}

impl Conventions {
    /// Every choice there is.
    pub const ALL: [Self; 8] = {
        use AuprConvention::{Balanced, Counts};
        use ErrorConvention::{AtTpr95, Minimum};
        use Positive::{InDistribution, OutOfDistribution};
        [
            Self::new(InDistribution, Minimum, Balanced),
            Self::new(OutOfDistribution, Minimum, Balanced),
            Self::new(InDistribution, AtTpr95, Balanced),
            Self::new(OutOfDistribution, AtTpr95, Balanced),
            Self::new(InDistribution, Minimum, Counts),
            Self::new(OutOfDistribution, Minimum, Counts),
            Self::new(InDistribution, AtTpr95, Counts),
            Self::new(OutOfDistribution, AtTpr95, Counts),
        ]
    };

    const fn new(positive: Positive, error: ErrorConvention, aupr: AuprConvention) -> Self {
        Self {
            positive,
            error,
            aupr,
        }
    }

    /// Its place among [`Conventions::ALL`].
    pub(crate) fn number(&self) -> usize {
        usize::from(self.positive == Positive::OutOfDistribution)
            | usize::from(self.error == ErrorConvention::AtTpr95) << 1
            | usize::from(self.aupr == AuprConvention::Counts) << 2
    }
}

impl fmt::Display for Positive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::InDistribution => "ID positive",
            Self::OutOfDistribution => "OOD positive",
        })
    }
}

impl fmt::Display for ErrorConvention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Minimum => "least error",
            Self::AtTpr95 => "error at TPR 95",
        })
    }
}

impl fmt::Display for AuprConvention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Balanced => "AUPR balanced",
            Self::Counts => "AUPR by counts",
        })
    }
}

impl fmt::Display for Conventions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}, {}, {}", self.positive, self.error, self.aupr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conventions_read_back_and_refuse_what_they_do_not_know() {
        let chosen = Conventions {
            positive: Positive::OutOfDistribution,
            error: ErrorConvention::AtTpr95,
            aupr: AuprConvention::Counts,
        };
        let text = serde_json::to_string(&chosen).unwrap();
        assert_eq!(
            text,
            r#"{"positive":"out-of-distribution","error":"at-tpr95","aupr":"counts"}"#
        );
        assert_eq!(serde_json::from_str::<Conventions>(&text).unwrap(), chosen);
        assert_eq!(
            serde_json::from_str::<Conventions>("{}").unwrap(),
            Conventions::default()
        );
        assert!(serde_json::from_str::<Conventions>(r#"{"aupr":"macro"}"#).is_err());
        assert_eq!(
            Conventions::default().to_string(),
            "ID positive, least error, AUPR balanced"
        );
    }
}
