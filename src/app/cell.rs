//! A cell of a grid: its scores while they come, and what is computed of them aside — how sure its metrics are, and which
//! cells may be the best.
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::grid::{Place, Subset};
use crate::engine::protocol::{JobId, ScoreBatch, Side};
use crate::metrics::{
    AuprConvention, Comparison, Conventions, EachIntervals, ErrorConvention, Paired, Positive, Summaries,
    may_be_best,
};
use crate::session::Metric;

/// Replicates of a cell; of its value on the rest, where there are more images, no fewer are needed.
pub(super) const REPLICATES: usize = 400;
/// The same for every cell: its images are drawn again as those of all others are.
const SEED: u64 = 0;

/// A cell's scores until there are all of them: of each image whether the network is right, the baseline's and ODIN's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellScores {
    ins: BTreeMap<u32, (Option<bool>, f64, f64)>,
    outs: BTreeMap<u32, (Option<bool>, f64, f64)>,
}

/// As metrics want them.
struct Lists {
    ins: Vec<f64>,
    right: Option<Vec<bool>>,
    outs: Vec<f64>,
}

impl CellScores {
    /// What is not a number counts for nothing.
    pub(super) fn absorb(&mut self, batch: &ScoreBatch) {
        let images = match batch.side {
            Side::In => &mut self.ins,
            Side::Out => &mut self.outs,
        };
        for image in &batch.scores {
            if !image.baseline.0.is_nan() && !image.odin.0.is_nan() {
                let right = image.label.map(|label| label == image.prediction);
                images.insert(image.index, (right, image.baseline.0, image.odin.0));
            }
        }
    }

    pub fn images(&self) -> usize {
        self.ins.len() + self.outs.len()
    }

    fn lists(&self, of_baseline: bool) -> Lists {
        let score =
            |&(_, baseline, odin): &(Option<bool>, f64, f64)| if of_baseline { baseline } else { odin };
        Lists {
            ins: self.ins.values().map(score).collect(),
            right: self.ins.values().map(|image| image.0).collect(),
            outs: self.outs.values().map(score).collect(),
        }
    }

    fn comparison(&self, of_baseline: bool) -> Option<Comparison> {
        let Lists { ins, right, outs } = self.lists(of_baseline);
        Comparison::with_correct(&ins, right.as_deref(), &outs).ok()
    }

    /// `None` while a set is empty.
    pub(super) fn summaries(&self, of_baseline: bool) -> Option<Summaries> {
        Some(self.comparison(of_baseline)?.summaries())
    }

    /// The same for the same images.
    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for side in [&self.ins, &self.outs] {
            side.len().hash(&mut hasher);
            side.keys().for_each(|image| image.hash(&mut hasher));
        }
        hasher.finish()
    }
}

/// What each metric of a cell came to when its images were drawn again, the n-th time as for every other cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replicates {
    /// Which images: replicates of others do not compare.
    images: u64,
    draws: usize,
    /// Column by column, see [`column`]. Half as long as f64, for there may be thousands of cells.
    values: Vec<f32>,
}

const COLUMNS: usize = 10;

/// Where a metric by a convention is kept: many conventions change only some metrics.
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
    fn new(images: u64, replicates: &[Summaries]) -> Self {
        let draws = replicates.len();
        let mut values = vec![0.0; COLUMNS * draws];
        for conventions in Conventions::ALL {
            for (n, summaries) in replicates.iter().enumerate() {
                let summary = summaries.by(&conventions);
                for metric in Metric::ALL {
                    if let Some(value) = values.get_mut(column(metric, &conventions) * draws + n) {
                        *value = metric.of(&summary) as f32;
                    }
                }
            }
        }
        Self {
            images,
            draws,
            values,
        }
    }

    fn of(&self, metric: Metric, conventions: &Conventions) -> &[f32] {
        let from = column(metric, conventions) * self.draws;
        self.values.get(from..from + self.draws).unwrap_or_default()
    }
}

/// What is to be computed of a grid, aside.
#[derive(Debug, Clone, PartialEq)]
pub enum GridRequest {
    /// How sure the metrics of a cell are.
    Cell {
        job: JobId,
        place: Place,
        subset: Subset,
        scores: Arc<CellScores>,
        replicates: usize,
    },
    /// Which cells may be the best: of each its value and replicates.
    Best {
        job: JobId,
        metric: Metric,
        conventions: Conventions,
        cells: Vec<(Place, f64, Arc<Replicates>)>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum GridReport {
    Cell {
        job: JobId,
        place: Place,
        summaries: Summaries,
        intervals: EachIntervals,
        replicates: Replicates,
    },
    /// Of a cell's metrics on the images that did not choose it.
    OnRest {
        job: JobId,
        place: Place,
        odin: (Summaries, EachIntervals),
        baseline: (Summaries, EachIntervals),
    },
    Best {
        job: JobId,
        metric: Metric,
        conventions: Conventions,
        /// How many cells were looked at.
        of: usize,
        /// None where the cells do not compare, as they are not of the same images.
        places: Option<Vec<Place>>,
    },
    /// Nothing came of it.
    Nothing,
}

impl GridRequest {
    /// Takes up to a second of computing; not for a thread that draws.
    pub fn compute(&self) -> GridReport {
        let report = match self {
            Self::Cell {
                job,
                place,
                subset: Subset::Validation,
                scores,
                replicates,
            } => of_cell(*job, *place, scores, *replicates),
            Self::Cell {
                job,
                place,
                subset: Subset::Rest,
                scores,
                replicates,
            } => on_rest(*job, *place, scores, *replicates),
            Self::Best {
                job,
                metric,
                conventions,
                cells,
            } => Some(GridReport::Best {
                job: *job,
                metric: *metric,
                conventions: *conventions,
                of: cells.len(),
                places: best(*metric, conventions, cells),
            }),
        };
        report.unwrap_or(GridReport::Nothing)
    }
}

fn of_cell(job: JobId, place: Place, scores: &CellScores, replicates: usize) -> Option<GridReport> {
    let Lists { ins, right, outs } = scores.lists(false);
    let paired = Paired::new(&ins, right.as_deref(), &outs, replicates, SEED).ok()?;
    Some(GridReport::Cell {
        job,
        place,
        summaries: paired.summaries,
        intervals: paired.intervals(),
        replicates: Replicates::new(scores.fingerprint(), &paired.replicates),
    })
}

fn on_rest(job: JobId, place: Place, scores: &CellScores, replicates: usize) -> Option<GridReport> {
    let side = |of_baseline| {
        let comparison = scores.comparison(of_baseline)?;
        Some((
            comparison.summaries(),
            comparison.intervals_by_each(replicates, SEED),
        ))
    };
    Some(GridReport::OnRest {
        job,
        place,
        odin: side(false)?,
        baseline: side(true)?,
    })
}

fn best(
    metric: Metric,
    conventions: &Conventions,
    cells: &[(Place, f64, Arc<Replicates>)],
) -> Option<Vec<Place>> {
    let images = cells.first().map(|(.., replicates)| replicates.images)?;
    if cells.iter().any(|(.., replicates)| replicates.images != images) {
        return None;
    }
    let upwards = |value: f64| if metric.higher_is_better() { value } else { -value };
    let replicates: Vec<Vec<f64>> = cells
        .iter()
        .map(|(.., replicates)| {
            let values = replicates.of(metric, conventions).iter();
            values.map(|value| upwards(f64::from(*value))).collect()
        })
        .collect();
    // Estimates as exact as the replicates, so that what ties does tie.
    let candidates: Vec<(f64, &[f64])> = cells
        .iter()
        .zip(&replicates)
        .map(|((_, value, _), replicates)| (upwards(f64::from(*value as f32)), &replicates[..]))
        .collect();
    let marked = may_be_best(&candidates).into_iter().zip(cells);
    Some(
        marked
            .filter(|(marked, _)| *marked)
            .map(|(_, cell)| cell.0)
            .collect(),
    )
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

    #[test]
    fn cells_of_other_images_do_not_compare() {
        let summaries = [Comparison::new(&[1.0], &[0.0]).unwrap().summaries()];
        let cell = |n, images| {
            let place = Place {
                temperature: 0,
                magnitude: n,
            };
            (place, 1.0, Arc::new(Replicates::new(images, &summaries)))
        };
        let marked = |cells: &[_]| best(Metric::Auroc, &Conventions::default(), cells);
        assert_eq!(marked(&[cell(0, 7), cell(1, 7)]).map(|best| best.len()), Some(2));
        assert_eq!(marked(&[cell(0, 7), cell(1, 8)]), None);
        assert_eq!(marked(&[]), None);
    }
}
