//! What the scores of one detector on one job amount to at one moment: everything that plots and tables show.
mod band;
mod exact;
mod intervals;

use std::sync::Arc;

pub use band::BandPoint;
pub use exact::{ExactReport, ExactRequest};
pub(in crate::app) use intervals::IntervalWork;
pub use intervals::{IntervalReport, IntervalRequest, Intervals95};

use super::scores::ScoreSet;
use super::threshold::Cursor;
use crate::metrics::{Comparison, Conventions, Histogram, Intervals, OperatingPoint, Summary};
use crate::session::{Axis, Detector, Metric};
use odin_core::setting::Setting;

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
    /// The band around the ROC, while there are few images.
    pub band: Vec<BandPoint>,
    /// 95 % intervals, once they are computed; of somewhat fewer images while scores arrive.
    pub(in crate::app) intervals: Option<Intervals95>,
}

impl Analysis {
    /// Of the scores so far; `None` while either set has none, or where the setting is not watched. Intervals are kept
    /// from `before` where they still fit.
    pub(in crate::app) fn new(
        scores: &ScoreSet,
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
            band: band::band(&snapshot.comparison),
            summary: snapshot.summary,
            comparison: Arc::new(snapshot.comparison),
            resolution: snapshot.resolution,
            log_odds: live.log_odds.clone(),
            probability: live.probability.clone(),
            intervals: same.and_then(|old| old.intervals),
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

    /// The rates at the cursor's threshold.
    pub fn at(&self, cursor: Cursor) -> OperatingPoint {
        let threshold = match cursor {
            Cursor::Tpr(tpr) => self.comparison.threshold_at_tpr(tpr),
            Cursor::Score(score) => score,
        };
        self.comparison.at(threshold)
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
}
