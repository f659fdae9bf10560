//! How the T and ε of a job were chosen, so that a tuned number is told as one wherever it goes.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values;
use crate::runs::{self, TunedOn};
use odin_metrics::Metric;

/// How the T and ε of a job were chosen, and on which images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tuned {
    /// Which images chose them.
    pub on: TunedOn,
    /// How many images of each set.
    #[serde(
        default,
        deserialize_with = "values::some_at_least_one",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "usize", range(min = 1))]
    pub images: Option<usize>,
    /// What was best on them.
    #[serde(
        default,
        deserialize_with = "values::present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Metric")]
    pub metric: Option<Metric>,
    /// The out-of-distribution set that they are of, where it is not the job's own.
    #[serde(
        default,
        deserialize_with = "values::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub dataset: Option<String>,
}

impl Tuned {
    /// What does not fit together, and the key that is wrong; `own` is the job's own set.
    pub(super) fn misfit(&self, own: &str) -> Option<(&'static str, String)> {
        match (self.on, self.dataset.as_deref()) {
            (TunedOn::Set, None) => Some((
                "on",
                "`on: set` needs `dataset`, the set that it was tuned on".to_owned(),
            )),
            (TunedOn::Set, Some(set)) if set == own => Some((
                "dataset",
                format!(
                    "`{set}` is the job's own set: say `on: validation` or `on: reported`, without `dataset`"
                ),
            )),
            (TunedOn::Id | TunedOn::Reported, Some(_)) => Some((
                "dataset",
                "`dataset` goes with `on: set` and `on: validation` only".to_owned(),
            )),
            _ => None,
        }
    }
}

impl From<&Tuned> for runs::Tuned {
    fn from(tuned: &Tuned) -> Self {
        Self {
            on: tuned.on,
            images: tuned.images,
            metric: tuned.metric,
            dataset: tuned.dataset.clone(),
        }
    }
}
