//! What the scores of one detector on one job amount to at one moment: everything that plots and tables show.
mod band;
mod exact;
mod intervals;
mod changes;
mod rates;

use std::sync::Arc;

pub use band::BandPoint;
pub use changes::{ChangeRequest, Changes95, ImageScores};
pub use exact::{ExactReport, ExactRequest};
pub(in crate::app) use intervals::IntervalWork;
pub use intervals::{ChangeReport, IntervalReport, IntervalRequest, Intervals95, IntervalsOf};
pub use rates::Rate;

use super::groups::ImageGroups;
use super::scores::ScoreSet;
use super::threshold::Cursor;
use odin_core::session::{Axis, Detector, Metric};
use odin_core::setting::Setting;
use odin_metrics::{
    Changes, Comparison, Conventions, Histogram, Intervals, OperatingPoint, Positive, Summary,
};

#[derive(Debug, Clone)]
pub struct Analysis {
    /// What the scores were computed by.
    pub setting: Setting,
    pub comparison: Arc<Comparison>,
    pub conventions: Conventions,
    pub summary: Summary,
    /// How far rates may be off at most; 0 where they are exact. Above 0 only for very many images while scores arrive.
    pub resolution: f64,
    pub log_odds: Histogram,
    pub probability: Histogram,
    /// The band around the ROC, while there are few images, all independent of each other.
    pub band: Vec<BandPoint>,
    /// 95 % intervals, once they are computed; of somewhat fewer images while scores arrive.
    pub(in crate::app) intervals: Option<Intervals95>,
    /// The change from the baseline, with paired intervals, once that is computed.
    pub(in crate::app) changes: Option<Changes95>,
}

impl Analysis {
    /// Of the scores so far; `None` while either set has none, or where the setting is not watched. Intervals are kept
    /// from `before` where they still fit.
    pub(in crate::app) fn new(
        scores: &ScoreSet,
        groups: &ImageGroups,
        setting: &Setting,
        conventions: &Conventions,
        before: Option<&Self>,
    ) -> Option<Self> {
        let live = scores.live(setting)?;
        let snapshot = live.stream.snapshot(conventions)?;
        let same = before.filter(|old| old.setting == *setting && old.conventions == *conventions);
        Some(Self {
            setting: *setting,
            conventions: *conventions,
            // Its rates are of independent images.
            band: match groups.are_any() {
                true => Vec::new(),
                false => band::band(&snapshot.comparison),
            },
            summary: snapshot.summary,
            comparison: Arc::new(snapshot.comparison),
            resolution: snapshot.resolution,
            log_odds: live.log_odds.clone(),
            probability: live.probability.clone(),
            intervals: same.and_then(|old| old.intervals),
            changes: same.and_then(|old| old.changes),
        })
    }

    pub fn detector(&self) -> Detector {
        self.setting.detector()
    }

    /// Replaces the approximate comparison by the exact one.
    pub(in crate::app) fn refine(&mut self, comparison: Arc<Comparison>) {
        self.summary = comparison.summary(&self.conventions);
        self.comparison = comparison;
        self.resolution = 0.0;
    }

    /// Reads the same scores by other conventions.
    pub(in crate::app) fn set_conventions(&mut self, conventions: &Conventions) {
        if self.conventions != *conventions {
            self.conventions = *conventions;
            self.summary = self.comparison.summary(conventions);
            self.intervals = None;
            self.changes = None;
        }
    }

    pub fn histogram(&self, axis: Axis) -> &Histogram {
        match self.axis(axis) {
            Axis::LogOdds => &self.log_odds,
            Axis::Probability => &self.probability,
        }
    }

    /// The axis wanted, if this detector's scores can be shown on it: not all stand for a probability.
    pub fn axis(&self, wanted: Axis) -> Axis {
        if self.detector().is_log_odds() {
            wanted
        } else {
            Axis::LogOdds
        }
    }

    /// What lies at the cursor's threshold.
    pub fn at(&self, cursor: Cursor) -> OperatingPoint {
        let threshold = match cursor {
            Cursor::Tpr(tpr) => rates::threshold_at_tpr(&self.comparison, self.conventions.positive, tpr),
            Cursor::Score(score) => score,
        };
        self.comparison.at(threshold)
    }

    /// The threshold at which the FPR is at most this; `None` where even the strictest one exceeds it.
    pub fn threshold_at_fpr(&self, fpr: f64) -> Option<f64> {
        rates::threshold_at_fpr(&self.comparison, self.conventions.positive, fpr)
    }

    /// TPR and FPR at a point.
    pub fn rates(&self, point: &OperatingPoint) -> [Rate; 2] {
        rates::rates(point, self.conventions.positive)
    }

    /// The TPR at the cursor.
    pub fn tpr(&self, cursor: Cursor) -> f64 {
        let [tpr, _] = self.rates(&self.at(cursor));
        tpr.value()
    }

    /// A point (FPR, TPR) of the ROC, from one that counts ID as positive.
    pub fn on_roc(&self, point: (f64, f64)) -> (f64, f64) {
        rates::on_roc(point, self.conventions.positive)
    }

    /// The least FPR above 0 that so many images can show.
    pub fn least_fpr(&self) -> f64 {
        let n = match self.conventions.positive {
            Positive::InDistribution => self.summary.n_out,
            Positive::OutOfDistribution => self.summary.n_in,
        };
        1.0 / n.max(1) as f64
    }

    pub fn metric(&self, metric: Metric) -> f64 {
        metric.of(&self.summary)
    }

    /// (low, high) of a metric's 95 % interval.
    pub fn interval(&self, metric: Metric) -> Option<(f64, f64)> {
        let interval = metric.interval_of(&self.intervals()?);
        Some((interval.low, interval.high))
    }

    /// The 95 % intervals, unless they are of less than half of the images that there are now.
    pub fn intervals(&self) -> Option<Intervals> {
        self.intervals
            .filter(|_| !self.has_outgrown_intervals())
            .map(|intervals| intervals.values)
    }

    pub(in crate::app) fn has_outgrown_intervals(&self) -> bool {
        let n = self.summary.n_in.min(self.summary.n_out);
        self.intervals
            .is_none_or(|intervals| intervals.n_in.min(intervals.n_out) < n / 2)
    }

    /// Whether the intervals are of all images here, from at least so many replicates.
    pub(in crate::app) fn has_intervals(&self, replicates: usize) -> bool {
        self.intervals.is_some_and(|intervals| {
            (intervals.n_in, intervals.n_out) == (self.summary.n_in, self.summary.n_out)
                && intervals.replicates >= replicates
        })
    }

    /// The change from the baseline with its paired intervals, unless it is of less than half of the images that there
    /// are now.
    pub fn changes(&self) -> Option<Changes> {
        fitting(self.changes.as_ref(), &self.summary)
    }

    /// Whether the change from the baseline is of all images here, from at least so many replicates.
    pub(in crate::app) fn has_changes(&self, replicates: usize) -> bool {
        is_complete(self.changes.as_ref(), &self.summary, replicates)
    }
}

/// The changes, unless they are of less than half of the images of a summary.
pub(in crate::app) fn fitting(changes: Option<&Changes95>, summary: &Summary) -> Option<Changes> {
    let n = summary.n_in.min(summary.n_out);
    changes
        .filter(|known| known.n_in.min(known.n_out) >= n / 2)?
        .values
}

/// Whether the changes are of all images of a summary, from at least so many replicates.
pub(in crate::app) fn is_complete(changes: Option<&Changes95>, summary: &Summary, replicates: usize) -> bool {
    changes.is_some_and(|known| {
        (known.n_in, known.n_out) == (summary.n_in, summary.n_out) && known.replicates >= replicates
    })
}
