//! What is computed of a grid in the background: how certain a cell's metrics are, and which cells may be the best.
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cell::{By, CellLists, CellScores, Replicates};
use super::place::{GridId, Place, Subset};
use super::transfer::{TransferReport, TransferRequest};
use odin_core::session::Metric;
use odin_metrics::{Conventions, EachIntervals, Paired, Summaries, may_be_best};

/// The same for every cell: each replicate draws the same images in all of them.
const SEED: u64 = 0;

/// Something to be computed of a grid.
#[derive(Debug, Clone, PartialEq)]
pub enum GridRequest {
    /// Intervals of a cell's metrics, whose scores are complete.
    Cell {
        grid: GridId,
        place: Place,
        subset: Subset,
        scores: Arc<CellScores>,
        replicates: usize,
    },
    /// Which cells may be the best, by each one's value and replicates.
    Best {
        grid: GridId,
        metric: Metric,
        conventions: Conventions,
        cells: Vec<(Place, f64, Arc<Replicates>)>,
    },
    /// What each set's choice comes to on every set.
    Transfer(TransferRequest),
}

/// The answer to a [`GridRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum GridReport {
    Cell {
        grid: GridId,
        place: Place,
        summaries: Summaries,
        intervals: EachIntervals,
        replicates: Replicates,
    },
    /// A cell's metrics on the images that it was not chosen on.
    OnRest {
        grid: GridId,
        place: Place,
        tuned: (Summaries, EachIntervals),
        baseline: (Summaries, EachIntervals),
    },
    Best {
        grid: GridId,
        metric: Metric,
        conventions: Conventions,
        /// How many cells were compared.
        of: usize,
        /// `None` where the cells cannot be compared, because they are not of the same images.
        places: Option<Vec<Place>>,
    },
    Transfer(TransferReport),
}

impl GridReport {
    /// The grid that it is about; `None` where it is about several.
    pub(in crate::app) fn grid(&self) -> Option<GridId> {
        match self {
            Self::Cell { grid, .. } | Self::OnRest { grid, .. } | Self::Best { grid, .. } => Some(*grid),
            Self::Transfer(_) => None,
        }
    }
}

impl GridRequest {
    /// Takes up to some seconds: not for the thread that draws.
    pub fn compute(&self) -> GridReport {
        match self {
            Self::Cell {
                grid,
                place,
                subset: Subset::Validation,
                scores,
                replicates,
            } => of_cell(*grid, *place, scores, *replicates),
            Self::Cell {
                grid,
                place,
                subset: Subset::Rest,
                scores,
                replicates,
            } => on_rest(*grid, *place, scores, *replicates),
            Self::Best {
                grid,
                metric,
                conventions,
                cells,
            } => GridReport::Best {
                grid: *grid,
                metric: *metric,
                conventions: *conventions,
                of: cells.len(),
                places: best(*metric, conventions, cells),
            },
            Self::Transfer(request) => GridReport::Transfer(request.compute()),
        }
    }
}

fn of_cell(grid: GridId, place: Place, scores: &CellScores, replicates: usize) -> GridReport {
    let paired = paired(scores, By::Tuned, replicates);
    GridReport::Cell {
        grid,
        place,
        summaries: paired.summaries,
        intervals: paired.intervals(),
        replicates: Replicates::new(scores.fingerprint(), &paired.replicates),
    }
}

/// Replicates of whole groups, where images come in groups.
fn paired(scores: &CellScores, by: By, replicates: usize) -> Paired {
    let CellLists {
        groups,
        ins,
        correct,
        outs,
    } = scores.lists(by);
    Paired::resampled(
        &ins,
        correct.as_deref(),
        &outs,
        &groups.resampling(replicates, SEED),
    )
    .expect("a cell that is complete has scores of both sets, none is NaN, and each has its group or none")
}

fn on_rest(grid: GridId, place: Place, scores: &CellScores, replicates: usize) -> GridReport {
    let measured = |by| {
        if scores.has_groups() {
            let paired = paired(scores, by, replicates);
            return (paired.summaries, paired.intervals());
        }
        let comparison = scores.comparison(by);
        (
            comparison.summaries(),
            comparison.intervals_by_each(replicates, SEED),
        )
    };
    GridReport::OnRest {
        grid,
        place,
        tuned: measured(By::Tuned),
        baseline: measured(By::Baseline),
    }
}

/// The cells that the best one cannot be told from, and the best one itself; `None` where there are no cells, or not all
/// are of the same images.
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
    // Rounded as the replicates are, so that equal values stay equal.
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
    use odin_metrics::Comparison;

    #[test]
    fn cells_of_other_images_do_not_compare() {
        let summaries = [Comparison::new(&[1.0], &[0.0]).unwrap().summaries()];
        let cell = |n, images| {
            let place = Place { row: 0, column: n };
            (place, 1.0, Arc::new(Replicates::new(images, &summaries)))
        };
        let marked = |cells: &[_]| best(Metric::Auroc, &Conventions::default(), cells);
        assert_eq!(marked(&[cell(0, 7), cell(1, 7)]).map(|best| best.len()), Some(2));
        assert_eq!(marked(&[cell(0, 7), cell(1, 8)]), None);
        assert_eq!(marked(&[]), None);
    }
}
