//! A cell of a grid: its scores while they arrive, and the bootstrap replicates of its metrics.
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::app::state::groups::{GroupLists, ImageGroups};
use odin_core::comparisons::JobBatch;
use odin_core::protocol::Side;
use odin_core::session::{Detector, Metric};
use odin_metrics::{AuprConvention, Comparison, Conventions, ErrorConvention, Positive, Summaries};

/// Why something of a grid has no scores, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct Missing(pub String);

/// A cell's scores, image by image, until all have arrived.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellScores {
    ins: BTreeMap<u32, CellImage>,
    outs: BTreeMap<u32, CellImage>,
    /// Of the job's images.
    groups: ImageGroups,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct CellImage {
    /// Whether the network classifies it correctly, where it has a label.
    is_correct: Option<bool>,
    baseline: f64,
    /// By the detector whose grid it is.
    tuned: f64,
}

/// By what a cell has scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The detector whose grid it is.
    Tuned,
    Baseline,
}

/// One detector's scores of a cell, as metrics take them.
pub(super) struct CellLists {
    /// Which images belong together.
    pub(super) groups: GroupLists,
    pub(super) ins: Vec<f64>,
    /// Of each ID image, if every one has a label.
    pub(super) correct: Option<Vec<bool>>,
    pub(super) outs: Vec<f64>,
}

impl CellScores {
    /// Which of the job's images belong together.
    pub(in crate::app) fn group(&mut self, groups: ImageGroups) {
        self.groups = groups;
    }

    /// Adds a batch of the grid of a detector, except for images with a NaN score.
    pub(in crate::app) fn absorb(&mut self, detector: Detector, batch: &JobBatch) {
        let images = match batch.side {
            Side::In => &mut self.ins,
            Side::Out => &mut self.outs,
        };
        let column = |detector| batch.scores.of(detector).unwrap_or_default();
        let scores = column(Detector::Baseline).iter().zip(column(detector));
        for (image, (&baseline, &tuned)) in batch.scores.images().iter().zip(scores) {
            if !baseline.is_nan() && !tuned.is_nan() {
                let known = CellImage {
                    is_correct: image.label.map(|label| label == image.prediction),
                    baseline,
                    tuned,
                };
                images.insert(image.index, known);
            }
        }
    }

    pub fn images(&self) -> usize {
        self.ins.len() + self.outs.len()
    }

    /// Whether images of a set come in groups.
    pub(super) fn has_groups(&self) -> bool {
        self.groups.are_any()
    }

    /// Whether either set has no score yet: then there are no metrics.
    pub(super) fn lacks_a_set(&self) -> bool {
        self.ins.is_empty() || self.outs.is_empty()
    }

    pub(super) fn lists(&self, by: By) -> CellLists {
        let score = |image: &CellImage| match by {
            By::Tuned => image.tuned,
            By::Baseline => image.baseline,
        };
        CellLists {
            groups: self
                .groups
                .of(self.ins.keys().copied(), self.outs.keys().copied()),
            ins: self.ins.values().map(score).collect(),
            correct: self.ins.values().map(|image| image.is_correct).collect(),
            outs: self.outs.values().map(score).collect(),
        }
    }

    /// # Panics
    /// If a set has no score: see [`CellScores::lacks_a_set`].
    pub(super) fn comparison(&self, by: By) -> Comparison {
        let CellLists {
            ins, correct, outs, ..
        } = self.lists(by);
        Comparison::with_correct(&ins, correct.as_deref(), &outs)
            .expect("both sets have scores, none is NaN, and every ID image or none has a mark")
    }

    /// Equal for the same images.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for side in [&self.ins, &self.outs] {
            side.len().hash(&mut hasher);
            side.keys().for_each(|image| image.hash(&mut hasher));
        }
        hasher.finish()
    }
}

/// Bootstrap replicates of a cell's metrics. The n-th replicate draws the same images in every cell, so that cells of the
/// same images can be compared pair by pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replicates {
    /// The fingerprint of the images: replicates of other images cannot be compared.
    pub(super) images: u64,
    draws: usize,
    /// Column by column, see [`column`]. Half the size of f64, because there may be thousands of cells.
    values: Vec<f32>,
}

const COLUMNS: usize = 10;

/// The column of a metric by a convention. Most conventions change only some metrics, so there are fewer columns than
/// combinations.
fn column(metric: Metric, conventions: &Conventions) -> usize {
    let by_outs = usize::from(conventions.positive == Positive::OutOfDistribution);
    let by_counts = usize::from(conventions.aupr == AuprConvention::Counts);
    match (metric, conventions.error) {
        (Metric::Fpr95, _) => by_outs,
        (Metric::DetectionError, ErrorConvention::Minimum) => 2,
        (Metric::DetectionError, ErrorConvention::AtTpr95) => 3 + by_outs,
        (Metric::Auroc, _) => 5,
        (Metric::AuprIn, _) => 6 + by_counts,
        (Metric::AuprOut, _) => 8 + by_counts,
    }
}

impl Replicates {
    pub(super) fn new(images: u64, replicates: &[Summaries]) -> Self {
        let draws = replicates.len();
        let mut values = vec![0.0; COLUMNS * draws];
        for conventions in Conventions::ALL {
            for (n, summaries) in replicates.iter().enumerate() {
                let summary = summaries.by(&conventions);
                for metric in Metric::ALL {
                    let value = values
                        .get_mut(column(metric, &conventions) * draws + n)
                        .expect("there are COLUMNS columns of `draws` values");
                    *value = metric.of(&summary) as f32;
                }
            }
        }
        Self {
            images,
            draws,
            values,
        }
    }

    /// The values of a metric, replicate by replicate.
    pub(super) fn of(&self, metric: Metric, conventions: &Conventions) -> &[f32] {
        let from = column(metric, conventions) * self.draws;
        self.values
            .get(from..from + self.draws)
            .expect("there are COLUMNS columns of `draws` values")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicates_keep_each_metric_by_each_convention() {
        let comparison = Comparison::new(&[1.0, 3.0, 5.0, 7.0], &[0.0, 2.0, 4.0, 4.5, 6.0]).unwrap();
        let other = Comparison::new(&[1.0, 3.0, 6.5, 7.0], &[0.0, 2.0, 4.0, 4.5, 6.0]).unwrap();
        let summaries = [comparison.summaries(), other.summaries()];
        let kept = Replicates::new(1, &summaries);
        for conventions in Conventions::ALL {
            for metric in Metric::ALL {
                let want = summaries.map(|summaries| metric.of(&summaries.by(&conventions)) as f32);
                assert_eq!(kept.of(metric, &conventions), want, "{metric} {conventions}");
            }
        }
        let used: std::collections::BTreeSet<usize> = Conventions::ALL
            .iter()
            .flat_map(|conventions| Metric::ALL.map(|metric| column(metric, conventions)))
            .collect();
        assert_eq!(used.len(), COLUMNS);
    }
}
