//! What is known of the cells of a grid.
use std::collections::BTreeSet;
use std::sync::Arc;

use super::cell::{CellScores, Missing, Replicates};
use super::place::{Place, Subset};
use odin_core::session::Metric;
use odin_metrics::{Conventions, EachIntervals, Summaries};

/// A cell's metrics on the images that it was not chosen on.
#[derive(Debug, Clone, PartialEq)]
pub struct OnRest {
    pub tuned: Summaries,
    pub baseline: Summaries,
    /// Of the tuned detector and of the baseline, once they are computed.
    pub(super) intervals: Option<(EachIntervals, EachIntervals)>,
    pub(super) scores: Arc<CellScores>,
}

impl OnRest {
    pub fn tuned_intervals(&self) -> Option<&EachIntervals> {
        self.intervals.as_ref().map(|(tuned, _)| tuned)
    }

    pub fn baseline_intervals(&self) -> Option<&EachIntervals> {
        self.intervals.as_ref().map(|(_, baseline)| baseline)
    }
}

/// How certain a cell's metrics are.
#[derive(Debug, Clone)]
pub(super) struct Uncertainty {
    pub(super) intervals: EachIntervals,
    pub(super) replicates: Arc<Replicates>,
}

/// The cells that may be the best, by one metric.
#[derive(Debug, Clone)]
pub(super) struct Candidates {
    pub(super) metric: Metric,
    pub(super) conventions: Conventions,
    /// How many cells were compared.
    pub(super) of: usize,
    pub(super) places: Option<BTreeSet<Place>>,
}

/// A cell on the validation images.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Empty,
    Measured(Summaries),
    /// Why it has no scores.
    Missing(Missing),
}

/// A cell that the engine was asked for and has not finished.
#[derive(Debug, Clone)]
pub(in crate::app) struct CellInFlight {
    pub(in crate::app) place: Place,
    pub(in crate::app) subset: Subset,
    pub(in crate::app) scores: CellScores,
    /// Why it will have no scores.
    pub(in crate::app) missing: Option<Missing>,
    /// Images to be scored, once the engine has opened the sets.
    pub(in crate::app) total: Option<usize>,
}
