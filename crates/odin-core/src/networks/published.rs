//! What others measured with a network, by out-of-distribution set: numbers to hold one's own against.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Magnitude, Temperature};
use odin_metrics::Metric;

/// A table of a paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Where the numbers were read.
    pub source: String,
    /// BLAKE3 of the weights that were measured, as a run's manifest has it; the card's own file where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    pub temperature: Temperature,
    /// Images left out at the start of each set.
    #[serde(default)]
    pub skip: usize,
    pub rows: Vec<PublishedRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedRow {
    /// Out-of-distribution set: a data card's name.
    pub set: String,
    pub magnitude: Magnitude,
    pub baseline: Measures,
    pub odin: Measures,
}

/// In %, as printed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measures {
    pub fpr95: f64,
    pub detection_error: f64,
    pub auroc: f64,
    pub aupr_in: f64,
    pub aupr_out: f64,
}

impl Measures {
    /// The value of a metric, in %, as it was printed.
    pub fn of(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Fpr95 => self.fpr95,
            Metric::DetectionError => self.detection_error,
            Metric::Auroc => self.auroc,
            Metric::AuprIn => self.aupr_in,
            Metric::AuprOut => self.aupr_out,
        }
    }
}

/// A value that cannot have been published.
#[derive(Debug, thiserror::Error)]
#[error("published, {set}, {method}: {value} is no percentage")]
pub(super) struct NoPercentage {
    set: String,
    method: &'static str,
    value: f64,
}

impl Published {
    pub(super) fn check(&self) -> Result<(), NoPercentage> {
        for row in &self.rows {
            for (method, m) in [("baseline", row.baseline), ("odin", row.odin)] {
                let all = [m.fpr95, m.detection_error, m.auroc, m.aupr_in, m.aupr_out];
                if let Some(&value) = all.iter().find(|value| !(0.0..=100.0).contains(*value)) {
                    return Err(NoPercentage {
                        set: row.set.clone(),
                        method,
                        value,
                    });
                }
            }
        }
        Ok(())
    }
}
