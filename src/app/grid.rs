//! The T × ε grid of a job: a metric at each (T, ε), on validation images that are kept apart from those reported on.
//!
//! Every cell is a job of its own for the engine, served when nothing else is to do. Of its scores only the metrics stay.
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::job::{Job, Parameters};
use crate::engine::protocol::{Generation, JobId, JobSpec, ScoreBatch, Side};
use crate::metrics::{AuprConvention, Comparison, Conventions, ErrorConvention, Positive, Summary};
use crate::session::Metric;
use crate::units::{Magnitude, Temperature};

/// Cells that the engine has at a time: one that it works on, and one for the moment that it is done.
pub(super) const IN_FLIGHT: usize = 2;
/// More than this are not looked at one by one; `odin sweep` takes them.
pub(super) const MOST_CELLS: usize = 4096;
/// Cells that are computed on the rest of the images have this bit in their number.
const REST: u16 = 0x8000;

/// A cell, by the places of its T and its ε on the axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Place {
    pub temperature: usize,
    pub magnitude: usize,
}

/// The metrics of one comparison, by every convention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Readings([Summary; 8]);

impl Readings {
    fn of(comparison: &Comparison) -> Self {
        Self(std::array::from_fn(|n| comparison.summary(&conventions(n))))
    }

    pub fn by(&self, conventions: &Conventions) -> &Summary {
        let [first, ..] = &self.0;
        self.0.get(number(conventions)).unwrap_or(first)
    }
}

fn conventions(n: usize) -> Conventions {
    Conventions {
        positive: if n & 1 == 0 {
            Positive::InDistribution
        } else {
            Positive::OutOfDistribution
        },
        error: if n & 2 == 0 {
            ErrorConvention::Minimum
        } else {
            ErrorConvention::AtTpr95
        },
        aupr: if n & 4 == 0 {
            AuprConvention::Balanced
        } else {
            AuprConvention::Counts
        },
    }
}

fn number(conventions: &Conventions) -> usize {
    usize::from(conventions.positive == Positive::OutOfDistribution)
        | usize::from(conventions.error == ErrorConvention::AtTpr95) << 1
        | usize::from(conventions.aupr == AuprConvention::Counts) << 2
}

/// A cell's metrics on the images that did not choose it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnRest {
    pub odin: Readings,
    pub baseline: Readings,
}

/// Which images a cell is computed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subset {
    Validation,
    Rest,
}

/// A cell's scores until there are all of them: of each image whether the network is right, the baseline's and ODIN's.
#[derive(Debug, Clone, Default)]
pub(super) struct CellScores {
    ins: BTreeMap<u32, (Option<bool>, f64, f64)>,
    outs: BTreeMap<u32, (Option<bool>, f64, f64)>,
}

impl CellScores {
    /// What is not a number counts for nothing.
    pub fn absorb(&mut self, batch: &ScoreBatch) {
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

    /// `None` while a set is empty.
    pub fn readings(&self, of_baseline: bool) -> Option<Readings> {
        let score =
            |&(_, baseline, odin): &(Option<bool>, f64, f64)| if of_baseline { baseline } else { odin };
        let ins: Vec<f64> = self.ins.values().map(score).collect();
        let outs: Vec<f64> = self.outs.values().map(score).collect();
        let right: Option<Vec<bool>> = self.ins.values().map(|image| image.0).collect();
        let comparison = Comparison::with_correct(&ins, right.as_deref(), &outs).ok()?;
        Some(Readings::of(&comparison))
    }
}

/// A cell that the engine was asked for.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub place: Place,
    pub subset: Subset,
    pub scores: CellScores,
    pub total: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Grid {
    /// The job without its T and ε: what the cells hold for.
    base: JobSpec,
    temperatures: Vec<Temperature>,
    magnitudes: Vec<Magnitude>,
    /// Images of each set that the cells are computed on.
    validation: usize,
    pub cursor: Place,
    /// Whether a person wants the cells filled.
    pub filling: bool,
    /// How long the rest will take, by how long the cells took since filling began.
    pub seconds_left: Option<f64>,
    cells: Vec<Option<Readings>>,
    rest: BTreeMap<Place, OnRest>,
    pub(super) flights: Vec<Flight>,
    /// Of the requests: what those before a pause still send is stale.
    pub(super) generation: Generation,
    /// When filling began, and how many cells there were.
    pub(super) began: Option<(Duration, usize)>,
}

impl Grid {
    /// The grid of a job whose sets are open, as its session says or as the paper has it; `None` where they leave no image to choose on and none to report on, or
    /// there are more than [`MOST_CELLS`].
    pub(super) fn new(job: &Job) -> Option<Self> {
        let sweep = job.source.sweep.clone().unwrap_or_default();
        let smaller = job.totals.map(|totals| totals.ins.min(totals.outs))?;
        let validation = sweep.validation.min(smaller / 2);
        let temperatures = ascending(&sweep.temperatures.0);
        let magnitudes = ascending(&sweep.magnitudes.0);
        let cells = temperatures.len().saturating_mul(magnitudes.len());
        if validation == 0 || !(1..=MOST_CELLS).contains(&cells) {
            return None;
        }
        let mut grid = Self {
            base: base(&job.spec),
            temperatures,
            magnitudes,
            validation,
            cursor: Place::default(),
            filling: false,
            seconds_left: None,
            cells: vec![None; cells],
            rest: BTreeMap::new(),
            flights: Vec::new(),
            generation: Generation::default(),
            began: None,
        };
        grid.cursor = grid.nearest(job.parameters());
        Some(grid)
    }

    /// Whether the cells hold for this job.
    pub(super) fn is_of(&self, job: &Job) -> bool {
        self.base == base(&job.spec)
    }

    pub fn temperatures(&self) -> &[Temperature] {
        &self.temperatures
    }

    pub fn magnitudes(&self) -> &[Magnitude] {
        &self.magnitudes
    }

    /// Images of each set that the cells are computed on.
    pub fn validation(&self) -> usize {
        self.validation
    }

    pub fn parameters(&self, place: Place) -> Option<Parameters> {
        Some(Parameters {
            temperature: *self.temperatures.get(place.temperature)?,
            magnitude: *self.magnitudes.get(place.magnitude)?,
        })
    }

    /// The cell whose T and ε are nearest.
    pub fn nearest(&self, to: Parameters) -> Place {
        let nearest = |count: usize, off: &dyn Fn(usize) -> Option<f64>| {
            let off = |n: &usize| off(*n).map_or(f64::INFINITY, f64::abs);
            (0..count)
                .min_by(|a, b| off(a).total_cmp(&off(b)))
                .unwrap_or_default()
        };
        let (t, e) = (to.temperature.get().ln(), to.magnitude.get());
        let (ts, es) = (self.temperatures(), self.magnitudes());
        Place {
            temperature: nearest(ts.len(), &|n| Some(ts.get(n)?.get().ln() - t)),
            magnitude: nearest(es.len(), &|n| Some(es.get(n)?.get() - e)),
        }
    }

    /// The cell that stands for exactly these; `None` where the grid has none.
    pub fn place_of(&self, parameters: Parameters) -> Option<Place> {
        let place = self.nearest(parameters);
        (self.parameters(place) == Some(parameters)).then_some(place)
    }

    fn index(&self, place: Place) -> Option<usize> {
        let columns = self.magnitudes.len();
        (place.temperature < self.temperatures.len() && place.magnitude < columns)
            .then_some(place.temperature * columns + place.magnitude)
    }

    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let columns = self.magnitudes.len();
        (0..self.cells.len()).map(move |n| Place {
            temperature: n / columns.max(1),
            magnitude: n % columns.max(1),
        })
    }

    pub fn cell(&self, place: Place) -> Option<&Readings> {
        self.cells.get(self.index(place)?)?.as_ref()
    }

    pub fn value(&self, place: Place, metric: Metric, conventions: &Conventions) -> Option<f64> {
        Some(metric.of(self.cell(place)?.by(conventions)))
    }

    pub fn on_rest(&self, place: Place) -> Option<&OnRest> {
        self.rest.get(&place)
    }

    pub(super) fn set(&mut self, place: Place, readings: Readings) {
        if let Some(cell) = self.index(place).and_then(|index| self.cells.get_mut(index)) {
            *cell = Some(readings);
        }
    }

    pub(super) fn set_on_rest(&mut self, place: Place, readings: OnRest) {
        self.rest.insert(place, readings);
    }

    pub fn done(&self) -> usize {
        self.cells.iter().flatten().count()
    }

    pub fn total(&self) -> usize {
        self.cells.len()
    }

    pub fn is_full(&self) -> bool {
        self.cells.iter().all(Option::is_some)
    }

    /// Share of a cell's images that are scored, where the engine works on it.
    pub fn progress(&self, place: Place, subset: Subset) -> Option<f64> {
        let flight = self.flight(place, subset)?;
        let total = flight.total.filter(|total| *total > 0)?;
        Some((flight.scores.images() as f64 / total as f64).min(1.0))
    }

    /// Whether the engine was asked for the cell and has not answered.
    pub fn is_in_flight(&self, place: Place, subset: Subset) -> bool {
        self.flight(place, subset).is_some()
    }

    fn flight(&self, place: Place, subset: Subset) -> Option<&Flight> {
        let mut flights = self.flights.iter();
        flights.find(|flight| flight.place == place && flight.subset == subset)
    }

    /// The best cell so far and its value. Of equal ones that with the least T, and of those that with the least ε.
    pub fn best(&self, metric: Metric, conventions: &Conventions) -> Option<(Place, f64)> {
        let better = |a: f64, b: f64| metric.is_better(a, b);
        self.places()
            .filter_map(|place| Some((place, self.value(place, metric, conventions)?)))
            .reduce(|best, next| if better(next.1, best.1) { next } else { best })
    }

    /// (least, greatest) value so far.
    pub fn range(&self, metric: Metric, conventions: &Conventions) -> Option<(f64, f64)> {
        self.cells
            .iter()
            .flatten()
            .map(|readings| metric.of(readings.by(conventions)))
            .fold(None, |range, value| {
                let (low, high) = range.unwrap_or((value, value));
                Some((value.min(low), value.max(high)))
            })
    }

    /// The cell to ask for next: the nearest to the cursor. The gradient is taken once a T, so rows count double.
    pub(super) fn next(&self) -> Option<Place> {
        let away = |place: &Place| {
            let rows = 2 * place.temperature.abs_diff(self.cursor.temperature);
            let columns = place.magnitude.abs_diff(self.cursor.magnitude);
            rows * rows + columns * columns
        };
        self.places()
            .filter(|&place| self.cell(place).is_none() && !self.is_in_flight(place, Subset::Validation))
            .min_by_key(away)
    }

    /// What the engine is to score for a cell.
    pub(super) fn spec(&self, place: Place, subset: Subset) -> Option<JobSpec> {
        let Parameters {
            temperature,
            magnitude,
        } = self.parameters(place)?;
        let base = self.base.clone();
        let (skip, limit) = match subset {
            Subset::Validation => (base.skip, Some(self.validation)),
            Subset::Rest => (
                base.skip.saturating_add(self.validation),
                base.limit.map(|limit| limit.saturating_sub(self.validation)),
            ),
        };
        Some(JobSpec {
            temperature,
            magnitude,
            skip,
            limit,
            ..base
        })
    }

    /// How the engine calls the cell.
    pub(super) fn id(&self, job: JobId, place: Place, subset: Subset) -> Option<JobId> {
        let number = u16::try_from(self.index(place)?).ok().filter(|n| *n < REST)?;
        Some(job.cell(match subset {
            Subset::Validation => number,
            Subset::Rest => number | REST,
        }))
    }

    /// The cell that the engine calls so.
    pub(super) fn by_number(&self, number: u16) -> Option<(Place, Subset)> {
        let index = usize::from(number & !REST);
        let subset = if number & REST == 0 {
            Subset::Validation
        } else {
            Subset::Rest
        };
        self.places().nth(index).map(|place| (place, subset))
    }
}

/// Each value once.
fn ascending<T: Copy + PartialOrd>(values: &[T]) -> Vec<T> {
    let mut values = values.to_vec();
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    values.dedup_by(|a, b| a == b);
    values
}

fn base(spec: &JobSpec) -> JobSpec {
    JobSpec {
        temperature: Temperature::ONE,
        magnitude: Magnitude::ZERO,
        ..spec.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_answer_by_each_convention() {
        let comparison = Comparison::new(&[1.0, 3.0, 5.0, 7.0], &[0.0, 2.0, 4.0, 4.5, 6.0]).unwrap();
        let readings = Readings::of(&comparison);
        for n in 0..8 {
            let conventions = conventions(n);
            assert_eq!(number(&conventions), n);
            assert_eq!(readings.by(&conventions), &comparison.summary(&conventions));
        }
    }
}
