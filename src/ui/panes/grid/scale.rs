//! Which values the colours of the map stand for, and which cells are the best.
use std::collections::BTreeSet;

use crate::app::{Grid, Model, Place};
use odin_core::session::Metric;
use odin_metrics::Conventions;

/// What the colours stand for.
pub(super) struct Scale<'a> {
    metric: Metric,
    conventions: Conventions,
    /// The worst and the best value so far.
    pub ends: Option<(f64, f64)>,
    pub best: Option<Place>,
    /// The cells of which one is the best with 95 % confidence.
    pub candidates: Option<&'a BTreeSet<Place>>,
}

impl<'a> Scale<'a> {
    pub(super) fn new(model: &Model, grid: &'a Grid) -> Self {
        let (metric, conventions) = (model.view.metric, model.view.conventions);
        let ends = grid.range(metric, &conventions);
        Self {
            metric,
            conventions,
            ends: ends.map(|(low, high)| {
                if metric.higher_is_better() {
                    (low, high)
                } else {
                    (high, low)
                }
            }),
            best: grid.best(metric, &conventions).map(|(place, _)| place),
            candidates: grid.candidates(metric, &conventions),
        }
    }

    pub(super) fn value(&self, grid: &Grid, place: Place) -> Option<f64> {
        grid.value(place, self.metric, &self.conventions)
    }

    /// Where a value is on the scale, from 0 (worst) to 1 (best).
    pub(super) fn fraction(&self, value: f64) -> f64 {
        match self.ends {
            Some((worst, best)) if worst != best => (value - worst) / (best - worst),
            _ => 1.0,
        }
    }
}
