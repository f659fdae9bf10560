//! The Compare screen: every job of the session as a row of the paper's table, and how the rows are sorted.
use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::analysis::Analysis;
use super::job::{Job, JobState};
use super::model::Model;
use crate::metrics::Interval;
use crate::report::{self, Estimate, Measured, Row, Table, Tuned, WeightsUsed};
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
    /// That of the detector beside the baseline.
    #[default]
    Beside,
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
    pub const ALL: [Self; 3] = [Self::Beside, Self::Baseline, Self::Change];

    pub fn title(self, beside: Detector) -> String {
        match self {
            Self::Beside => beside.to_string(),
            Self::Baseline => Detector::Baseline.to_string(),
            Self::Change => "change".to_owned(),
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

/// A detector's analysis, unless it is of other parameters than the present ones.
pub fn present(job: &Job, detector: Detector) -> Option<&Analysis> {
    job.analysis(detector).filter(|_| !job.is_stale_by(detector))
}

/// A detector's metric minus the baseline's.
pub fn change(job: &Job, detector: Detector, metric: Metric) -> Option<f64> {
    Some(present(job, detector)?.metric(metric) - job.baseline.as_ref()?.metric(metric))
}

impl Model {
    /// What stands beside the baseline: the detector that is looked at, and ODIN where that is the baseline itself.
    pub fn beside(&self) -> Detector {
        match self.view.detector {
            Detector::Baseline => Detector::Odin,
            other => other,
        }
    }

    /// The jobs in the order of the table, by their numbers.
    pub fn compared(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.jobs.len()).collect();
        let Compare {
            column,
            number,
            is_descending,
            ..
        } = self.compare;
        let beside = self.beside();
        let value = |job: &Job| -> Option<f64> {
            match column {
                CompareColumn::Temperature => Some(job.spec.temperature.get()),
                CompareColumn::Magnitude => Some(job.spec.magnitude.get()),
                CompareColumn::Images => Some(job.scored() as f64),
                CompareColumn::Metric(metric) => match number {
                    Number::Beside => present(job, beside).map(|analysis| analysis.metric(metric)),
                    Number::Baseline => job.baseline.as_ref().map(|analysis| analysis.metric(metric)),
                    Number::Change => change(job, beside, metric),
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
    pub(super) fn comparison_table(&self) -> Table {
        let beside = self.beside();
        let jobs = self
            .compared()
            .into_iter()
            .filter_map(|number| self.jobs.get(number));
        Table {
            detector: beside,
            conventions: self.view.conventions,
            rows: jobs.map(|job| self.comparison_row(job, beside)).collect(),
        }
    }

    fn comparison_row(&self, job: &Job, beside: Detector) -> Row {
        let spec = &job.spec;
        let side = |analysis: Option<&Analysis>| {
            let analysis = analysis?;
            Some(Metric::ALL.map(|metric| {
                Estimate {
                    value: analysis.metric(metric),
                    interval: analysis
                        .interval(metric)
                        .map(|(low, high)| Interval { low, high }),
                }
            }))
        };
        let shown = present(job, beside);
        let counts = shown.or(job.baseline.as_ref()).map(|analysis| &analysis.summary);
        let is_tuned = beside.has_parameters() && job.is_tuned_here();
        let measured = Measured {
            weights: match spec.weights {
                None => WeightsUsed::OfCard,
                Some(_) => WeightsUsed::Others,
            },
            is_cards_in_dataset: spec.in_dataset.is_none(),
            dataset: &spec.dataset,
            skip: spec.limit.is_none().then_some(spec.skip),
            temperature: spec.temperature,
            magnitude: spec.magnitude,
        };
        let published = self.catalogue.published.get(&spec.network);
        Row {
            network: spec.network.clone(),
            in_dataset: spec.in_dataset.clone(),
            dataset: spec.dataset.clone(),
            temperature: spec.temperature,
            magnitude: spec.magnitude,
            skip: Some(spec.skip),
            n_in: counts.map_or(0, |summary| summary.n_in),
            n_out: counts.map_or(0, |summary| summary.n_out),
            is_complete: matches!(job.state, JobState::Done { .. }) && shown.is_some(),
            baseline: side(job.analysis(Detector::Baseline)),
            beside: side(shown),
            difference: None,
            tuned: is_tuned.then_some(Tuned::OnReported),
            published: published.and_then(|published| report::published_beside(published, &measured)),
            run: None,
        }
    }
}
