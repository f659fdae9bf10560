//! The five headline metrics by name.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::binomial::Interval;
use crate::intervals::Intervals;
use crate::summary::Summary;

/// A headline metric of two score sets; its values are fractions in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Metric {
    /// The false positive rate at 95 % true positive rate.
    #[default]
    Fpr95,
    /// ½ (1 − TPR) + ½ FPR.
    DetectionError,
    /// The area under the ROC.
    Auroc,
    /// Average precision with ID positive.
    AuprIn,
    /// Average precision with OOD positive.
    AuprOut,
}

/// A name that no [`Metric`] has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no metric: choose one of fpr95, detection-error, auroc, aupr-in, aupr-out")]
pub struct UnknownMetric(pub String);

impl Metric {
    /// All of them, in the order of the ODIN paper's table.
    pub const ALL: [Self; 5] = [
        Self::Fpr95,
        Self::DetectionError,
        Self::Auroc,
        Self::AuprIn,
        Self::AuprOut,
    ];

    /// The one after it in [`Metric::ALL`]; the first one after the last.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Fpr95 => Self::DetectionError,
            Self::DetectionError => Self::Auroc,
            Self::Auroc => Self::AuprIn,
            Self::AuprIn => Self::AuprOut,
            Self::AuprOut => Self::Fpr95,
        }
    }

    /// Its value, a fraction.
    pub fn of(self, summary: &Summary) -> f64 {
        match self {
            Self::Fpr95 => summary.fpr95,
            Self::DetectionError => summary.detection_error,
            Self::Auroc => summary.auroc,
            Self::AuprIn => summary.aupr_in,
            Self::AuprOut => summary.aupr_out,
        }
    }

    /// Its 95 % interval, of fractions.
    pub fn interval_of(self, intervals: &Intervals) -> Interval {
        match self {
            Self::Fpr95 => intervals.fpr95,
            Self::DetectionError => intervals.detection_error,
            Self::Auroc => intervals.auroc,
            Self::AuprIn => intervals.aupr_in,
            Self::AuprOut => intervals.aupr_out,
        }
    }

    /// Its name in files and on the command line: what [`Metric::from_str`] reads.
    pub fn key(self) -> &'static str {
        match self {
            Self::Fpr95 => "fpr95",
            Self::DetectionError => "detection-error",
            Self::Auroc => "auroc",
            Self::AuprIn => "aupr-in",
            Self::AuprOut => "aupr-out",
        }
    }

    /// Whether the first of two values is the better one; of equal ones it is not.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        if self.higher_is_better() { a > b } else { a < b }
    }

    /// False for the error rates FPR95 and detection error.
    pub fn higher_is_better(self) -> bool {
        match self {
            Self::Fpr95 | Self::DetectionError => false,
            Self::Auroc | Self::AuprIn | Self::AuprOut => true,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fpr95 => "FPR95",
            Self::DetectionError => "error",
            Self::Auroc => "AUROC",
            Self::AuprIn => "AUPR-in",
            Self::AuprOut => "AUPR-out",
        })
    }
}

/// Reads a [`Metric::key`].
impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        Self::ALL
            .into_iter()
            .find(|metric| metric.key() == text)
            .ok_or_else(|| UnknownMetric(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_read_from_its_key_and_from_nothing_else() {
        for (metric, after) in Metric::ALL
            .into_iter()
            .zip(Metric::ALL.into_iter().cycle().skip(1))
        {
            assert_eq!(metric.key().parse(), Ok(metric));
            assert_eq!(
                serde_json::to_string(&metric).unwrap(),
                format!("{:?}", metric.key())
            );
            assert_eq!(metric.next(), after);
            assert_eq!(metric.is_better(0.9, 0.1), metric.higher_is_better());
            assert!(!metric.is_better(0.5, 0.5));
        }
        let refused = "AUROC".parse::<Metric>().unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("fpr95, detection-error, auroc, aupr-in, aupr-out")
        );
    }
}
