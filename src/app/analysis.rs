//! What the scores of one detector on one job come to, at one moment: everything that plots and tables show.
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::job::Parameters;
use super::scores::ScoreSet;
use super::slider::Cursor;
use crate::engine::protocol::JobId;
use crate::metrics::{
    Comparison, Conventions, Histogram, Interval, Intervals, OperatingPoint, Stream, Summary,
};
use crate::session::{Axis, Detector, Metric};

#[derive(Debug, Clone)]
pub struct Analysis {
    pub detector: Detector,
    /// What the scores were computed with; the baseline's are T = 1 and ε = 0.
    pub parameters: Parameters,
    pub comparison: Arc<Comparison>,
    pub conventions: Conventions,
    pub summary: Summary,
    /// How far rates may be off at most; 0 where they are exact. Only of very many images, while scores still come.
    pub resolution: f64,
    pub log_odds: Histogram,
    pub probability: Histogram,
    /// Around the curves, while there are few images.
    pub band: Vec<BandPoint>,
    /// 95 % intervals, once they are computed; of somewhat fewer images while scores still come.
    pub(super) intervals: Option<Intervals95>,
}

/// A point of the ROC, with 95 % intervals of both rates together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    pub fpr: Interval,
    pub tpr: Interval,
}

/// Below so many images in either set the curve has a band.
const FEW: u64 = 2000;
/// Points of the band.
const BAND: usize = 48;

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
        let live = scores.live(detector)?;
        let snapshot = live.stream.snapshot(conventions)?;
        let same = before.filter(|old| {
            old.parameters == parameters && old.conventions == *conventions && old.detector == detector
        });
        Some(Self {
            detector,
            parameters,
            conventions: *conventions,
            band: band(&snapshot.comparison),
            summary: snapshot.summary,
            comparison: Arc::new(snapshot.comparison),
            resolution: snapshot.resolution,
            log_odds: live.log_odds.clone(),
            probability: live.probability.clone(),
            intervals: same.and_then(|old| old.intervals),
        })
    }

    /// Takes the exact comparison in place of one that was quicker to make.
    pub(super) fn refine(&mut self, comparison: Arc<Comparison>) {
        self.summary = comparison.summary(&self.conventions);
        self.comparison = comparison;
        self.resolution = 0.0;
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
        match self.axis(axis) {
            Axis::LogOdds => &self.log_odds,
            Axis::Probability => &self.probability,
        }
    }

    /// The axis wanted, if this detector's scores can be shown on it: not all stand for a probability.
    pub fn axis(&self, wanted: Axis) -> Axis {
        if self.detector.is_log_odds() {
            wanted
        } else {
            Axis::LogOdds
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
        let interval = metric.interval_of(&self.intervals()?);
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

/// z of a two-sided √0.95: both rates' intervals then hold together 95 % of the time.
const Z: f64 = 2.236;

/// Points of the ROC with both rates' intervals (Wilson 1927: made in no time, and as near to the exact ones as can be
/// drawn). None where there are so many images that it could not be seen.
fn band(comparison: &Comparison) -> Vec<BandPoint> {
    let (n_in, n_out) = (comparison.n_in(), comparison.n_out());
    if n_in.min(n_out) >= FEW {
        return Vec::new();
    }
    let points = comparison.roc_polyline(BAND).into_iter();
    points
        .map(|(fpr, tpr)| BandPoint {
            fpr: wilson(fpr, n_out),
            tpr: wilson(tpr, n_in),
        })
        .collect()
}

fn wilson(rate: f64, n: u64) -> Interval {
    let n = n.max(1) as f64;
    let (middle, spread) = (rate + Z * Z / (2.0 * n), 1.0 + Z * Z / n);
    let half = Z * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
    Interval {
        low: ((middle - half) / spread).max(0.0),
        high: ((middle + half) / spread).min(1.0),
    }
}

/// An exact comparison, to be made aside of all scores once they are there.
#[derive(Debug, Clone, PartialEq)]
pub struct ExactRequest {
    pub job: JobId,
    pub parameters: Parameters,
    pub detector: Detector,
    pub stream: Arc<Stream>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExactReport {
    pub job: JobId,
    pub parameters: Parameters,
    pub detector: Detector,
    #[serde(with = "shared")]
    pub comparison: Option<Arc<Comparison>>,
}

/// `serde` writes what an [`Arc`] points to.
mod shared {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(
        value: &Option<Arc<Comparison>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_deref().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Arc<Comparison>>, D::Error> {
        Ok(Option::<Comparison>::deserialize(deserializer)?.map(Arc::new))
    }
}

impl ExactRequest {
    /// Sorts every score; not for a thread that draws.
    pub fn compute(&self) -> ExactReport {
        ExactReport {
            job: self.job,
            parameters: self.parameters,
            detector: self.detector,
            comparison: self.stream.finish().ok().map(Arc::new),
        }
    }
}

/// Intervals to be computed aside.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalRequest {
    pub job: JobId,
    pub parameters: Parameters,
    pub conventions: Conventions,
    /// What to compute them of; a detector that needs none is left out.
    pub of: Vec<(Detector, Arc<Comparison>)>,
    pub replicates: usize,
    pub seed: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntervalReport {
    pub job: JobId,
    pub parameters: Parameters,
    pub conventions: Conventions,
    pub of: Vec<(Detector, Intervals95)>,
}

impl IntervalRequest {
    /// Takes up to a second; not for a thread that draws.
    pub fn compute(&self) -> IntervalReport {
        let of = |(detector, comparison): &(Detector, Arc<Comparison>)| {
            let intervals = Intervals95 {
                values: comparison.intervals(&self.conventions, self.replicates, self.seed),
                n_in: comparison.n_in(),
                n_out: comparison.n_out(),
                replicates: self.replicates,
            };
            (*detector, intervals)
        };
        IntervalReport {
            job: self.job,
            parameters: self.parameters,
            conventions: self.conventions,
            of: self.of.iter().map(of).collect(),
        }
    }
}
