//! 95 % intervals of metrics, computed in the background.
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::changes::{ChangeRequest, Changes95, ImageScores};
use odin_core::protocol::JobId;
use odin_core::setting::Setting;
use odin_metrics::{Comparison, Conventions, Intervals};

/// 95 % intervals, and how many images and bootstrap replicates they are of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Intervals95 {
    pub values: Intervals,
    pub n_in: u64,
    pub n_out: u64,
    pub replicates: usize,
}

/// Intervals to be computed in the background.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalRequest {
    pub job: JobId,
    pub conventions: Conventions,
    /// The comparison by each setting that lacks intervals.
    pub of: Vec<IntervalsOf>,
    /// The change that is shown, where it lacks its interval.
    pub change: Option<ChangeRequest>,
    pub replicates: usize,
    pub seed: u64,
}

/// What intervals are wanted of.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalsOf {
    pub setting: Setting,
    pub comparison: Arc<Comparison>,
    /// The scores image by image, where images come in groups.
    pub grouped: Option<Arc<ImageScores>>,
}

/// The answer to an [`IntervalRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntervalReport {
    pub job: JobId,
    pub conventions: Conventions,
    pub of: Vec<(Setting, Intervals95)>,
    pub change: Option<ChangeReport>,
}

/// A change that was requested.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChangeReport {
    pub setting: Setting,
    pub pin: Option<u64>,
    pub changes: Changes95,
}

impl IntervalRequest {
    /// Takes up to a second: not for the thread that draws.
    pub fn compute(&self) -> IntervalReport {
        let of = |wanted: &IntervalsOf| {
            let comparison = &wanted.comparison;
            let grouped = wanted
                .grouped
                .as_ref()
                .and_then(|images| images.intervals(&self.conventions, self.replicates, self.seed));
            let independent = || comparison.intervals(&self.conventions, self.replicates, self.seed);
            let intervals = Intervals95 {
                values: grouped.unwrap_or_else(independent),
                n_in: comparison.n_in(),
                n_out: comparison.n_out(),
                replicates: self.replicates,
            };
            (wanted.setting, intervals)
        };
        IntervalReport {
            job: self.job,
            conventions: self.conventions,
            of: self.of.iter().map(of).collect(),
            change: self.change.as_ref().map(|change| ChangeReport {
                setting: change.setting,
                pin: change.pin,
                changes: change.compute(&self.conventions, self.replicates, self.seed),
            }),
        }
    }
}

/// Whether intervals are being computed, and when they were last requested.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::app) struct IntervalWork {
    pub(in crate::app) is_in_flight: bool,
    pub(in crate::app) requested_at: Option<Duration>,
}
