//! The Compare screen: every job of the session as a row of the paper's table, and how the rows are sorted.
use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::analysis::Analysis;
use super::job::{Job, JobState};
use super::model::Model;
use crate::report::{ComparisonRow, Estimate};
use crate::session::{Detector, Metric};

/// A column that rows can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum CompareColumn {
    /// As in the session.
    #[default]
    Session,
    Network,
    Set,
    Temperature,
    Magnitude,
    Images,
    Metric(Metric),
}

/// Which number of a metric's column rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Number {
    #[default]
    Odin,
    Baseline,
    Change,
}

impl CompareColumn {
    pub const ALL: [Self; 11] = [
        Self::Session,
        Self::Network,
        Self::Set,
        Self::Temperature,
        Self::Magnitude,
        Self::Images,
        Self::Metric(Metric::Fpr95),
        Self::Metric(Metric::DetectionError),
        Self::Metric(Metric::Auroc),
        Self::Metric(Metric::AuprIn),
        Self::Metric(Metric::AuprOut),
    ];
}

impl Number {
    pub const ALL: [Self; 3] = [Self::Odin, Self::Baseline, Self::Change];

    pub fn title(self) -> &'static str {
        match self {
            Self::Odin => "ODIN",
            Self::Baseline => "baseline",
            Self::Change => "change",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compare {
    pub column: CompareColumn,
    pub number: Number,
    pub is_descending: bool,
    /// Whether rows say more than their numbers: change, intervals, what was published.
    pub details: bool,
}

impl Default for Compare {
    fn default() -> Self {
        Self {
            column: CompareColumn::default(),
            number: Number::default(),
            is_descending: false,
            details: true,
        }
    }
}

/// ODIN's analysis, unless it is of other parameters than the present ones.
pub fn odin(job: &Job) -> Option<&Analysis> {
    job.odin.as_ref().filter(|_| !job.is_stale())
}

/// ODIN's metric minus the baseline's.
pub fn change(job: &Job, metric: Metric) -> Option<f64> {
    Some(odin(job)?.metric(metric) - job.baseline.as_ref()?.metric(metric))
}

impl Model {
    /// The jobs in the order of the table, by their numbers.
    pub fn compared(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.jobs.len()).collect();
        let Compare {
            column,
            number,
            is_descending,
            ..
        } = self.compare;
        let value = |job: &Job| -> Option<f64> {
            match column {
                CompareColumn::Temperature => Some(job.spec.temperature.get()),
                CompareColumn::Magnitude => Some(job.spec.magnitude.get()),
                CompareColumn::Images => Some(job.scored() as f64),
                CompareColumn::Metric(metric) => match number {
                    Number::Odin => odin(job).map(|analysis| analysis.metric(metric)),
                    Number::Baseline => job.baseline.as_ref().map(|analysis| analysis.metric(metric)),
                    Number::Change => change(job, metric),
                },
                CompareColumn::Session | CompareColumn::Network | CompareColumn::Set => None,
            }
        };
        let turned = |ordering: Ordering| {
            if is_descending {
                ordering.reverse()
            } else {
                ordering
            }
        };
        // A sort that is stable: what is equal stays as in the session. What has no value comes last either way.
        order.sort_by(|&a, &b| {
            let (Some(x), Some(y)) = (self.jobs.get(a), self.jobs.get(b)) else {
                return Ordering::Equal;
            };
            match column {
                CompareColumn::Session => turned(a.cmp(&b)),
                CompareColumn::Network => turned(x.spec.network.cmp(&y.spec.network)),
                CompareColumn::Set => turned(x.spec.dataset.cmp(&y.spec.dataset)),
                _ => match (value(x), value(y)) {
                    (Some(x), Some(y)) => turned(x.total_cmp(&y)),
                    (x, y) => y.is_some().cmp(&x.is_some()),
                },
            }
        });
        order
    }

    /// The table as it stands, for others.
    pub(super) fn comparison_rows(&self) -> Vec<ComparisonRow> {
        let jobs = self
            .compared()
            .into_iter()
            .filter_map(|number| self.jobs.get(number));
        jobs.map(|job| {
            let spec = &job.spec;
            let side = |analysis: Option<&Analysis>| {
                let analysis = analysis?;
                Some(Metric::ALL.map(|metric| Estimate {
                    value: analysis.metric(metric),
                    interval: analysis.interval(metric),
                }))
            };
            let counts = odin(job)
                .or(job.baseline.as_ref())
                .map(|analysis| &analysis.summary);
            ComparisonRow {
                network: spec.network.clone(),
                in_dataset: spec.in_dataset.clone(),
                dataset: spec.dataset.clone(),
                temperature: spec.temperature,
                magnitude: spec.magnitude,
                n_in: counts.map_or(0, |summary| summary.n_in),
                n_out: counts.map_or(0, |summary| summary.n_out),
                complete: matches!(job.state, JobState::Done { .. }) && odin(job).is_some(),
                baseline: side(job.analysis(Detector::Baseline)),
                odin: side(odin(job)),
                published: self.catalogue.published(&spec.network, &spec.dataset).cloned(),
            }
        })
        .collect()
    }
}
