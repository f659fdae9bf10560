//! How the T and ε of a run were chosen, as its session says.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use odin_metrics::Metric;

/// How the T and ε of a run were chosen, and on which images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tuned {
    pub on: TunedOn,
    /// How many images of each set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<usize>,
    /// What was best on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// The out-of-distribution set that they are of, where it is not the run's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
}

/// Which images chose T and ε.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TunedOn {
    /// Images that were kept apart, and are not reported.
    Validation,
    /// In-distribution images alone.
    Id,
    /// Images of another out-of-distribution set, which `dataset` names.
    Set,
    /// The images that are reported: the numbers look better than they are.
    Reported,
}
