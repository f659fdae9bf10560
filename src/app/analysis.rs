//! What the scores of one detector on one job come to, at one moment: everything that plots and tables show.
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::job::Parameters;
use super::scores::{Live, ScoreSet};
use super::slider::Cursor;
use crate::engine::protocol::JobId;
use crate::metrics::{Comparison, Conventions, Histogram, Intervals, OperatingPoint, Summary};
use crate::session::{Axis, Detector, Metric};

#[derive(Debug, Clone)]
pub struct Analysis {
    /// What the scores were computed with; the baseline's are T = 1 and ε = 0.
    pub parameters: Parameters,
    pub comparison: Arc<Comparison>,
    pub conventions: Conventions,
    pub summary: Summary,
    pub log_odds: Histogram,
    pub probability: Histogram,
    /// 95 % intervals, once they are computed; of somewhat fewer images while scores still come.
    pub(super) intervals: Option<Intervals95>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Intervals95 {
    pub values: Intervals,
    pub n_in: u64,
    pub n_out: u64,
    pub replicates: usize,
}

impl Analysis {
    /// Of the scores so far; `None` while a set is empty. Intervals are kept from `before` where they still fit.
    pub(super) fn new(
        scores: &ScoreSet,
        detector: Detector,
        parameters: Parameters,
        conventions: &Conventions,
        before: Option<&Self>,
    ) -> Option<Self> {
        let comparison = Arc::new(scores.comparison(detector)?);
        let Live {
            log_odds,
            probability,
            ..
        } = scores.live(detector).clone();
        let same = before.filter(|old| old.parameters == parameters && old.conventions == *conventions);
        Some(Self {
            parameters,
            conventions: *conventions,
            summary: comparison.summary(conventions),
            comparison,
            log_odds,
            probability,
            intervals: same.and_then(|old| old.intervals),
        })
    }

    /// Reads the same scores by other conventions.
    pub(super) fn set_conventions(&mut self, conventions: &Conventions) {
        if self.conventions != *conventions {
            self.conventions = *conventions;
            self.summary = self.comparison.summary(conventions);
            self.intervals = None;
        }
    }

    pub fn histogram(&self, axis: Axis) -> &Histogram {
        match axis {
            Axis::LogOdds => &self.log_odds,
            Axis::Probability => &self.probability,
        }
    }

    /// What the threshold at the cursor comes to.
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
        let values = self.intervals()?;
        let interval = match metric {
            Metric::Fpr95 => values.fpr95,
            Metric::DetectionError => values.detection_error,
            Metric::Auroc => values.auroc,
            Metric::AuprIn => values.aupr_in,
            Metric::AuprOut => values.aupr_out,
        };
        Some((interval.low, interval.high))
    }

    /// The 95 % intervals, unless they are of less than half of the images: then they say too little.
    pub fn intervals(&self) -> Option<Intervals> {
        self.intervals
            .filter(|_| !self.has_outgrown_intervals())
            .map(|intervals| intervals.values)
    }

    pub(super) fn has_outgrown_intervals(&self) -> bool {
        let n = self.summary.n_in.min(self.summary.n_out);
        self.intervals
            .is_none_or(|intervals| intervals.n_in.min(intervals.n_out) < n / 2)
    }

    /// Whether the intervals are of all images here, from at least so many replicates.
    pub(super) fn has_intervals(&self, replicates: usize) -> bool {
        self.intervals.is_some_and(|intervals| {
            (intervals.n_in, intervals.n_out) == (self.summary.n_in, self.summary.n_out)
                && intervals.replicates >= replicates
        })
    }
}

/// Intervals to be computed aside.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalRequest {
    pub job: JobId,
    pub parameters: Parameters,
    pub conventions: Conventions,
    /// What to compute them of; a detector that needs none is left out.
    pub odin: Option<Arc<Comparison>>,
    pub baseline: Option<Arc<Comparison>>,
    pub replicates: usize,
    pub seed: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntervalReport {
    pub job: JobId,
    pub parameters: Parameters,
    pub conventions: Conventions,
    pub odin: Option<Intervals95>,
    pub baseline: Option<Intervals95>,
}

impl IntervalRequest {
    /// Takes up to a second; not for a thread that draws.
    pub fn compute(&self) -> IntervalReport {
        let of = |comparison: &Option<Arc<Comparison>>| {
            let comparison = comparison.as_ref()?;
            Some(Intervals95 {
                values: comparison.intervals(&self.conventions, self.replicates, self.seed),
                n_in: comparison.n_in(),
                n_out: comparison.n_out(),
                replicates: self.replicates,
            })
        };
        IntervalReport {
            job: self.job,
            parameters: self.parameters,
            conventions: self.conventions,
            odin: of(&self.odin),
            baseline: of(&self.baseline),
        }
    }
}
