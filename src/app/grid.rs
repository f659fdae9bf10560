//! The T × ε grid of a job: a metric at each (T, ε), on validation images that are kept apart from those reported on.
//!
//! Every cell is a job of its own for the engine, served when nothing else is to do. Of its scores only the metrics stay,
//! and what these came to when the images were drawn again.
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cell::{CellScores, GridReport, GridRequest, REPLICATES, Replicates};
use super::job::{Job, Parameters};
use crate::engine::protocol::{Generation, JobId, JobSpec};
use crate::metrics::{Conventions, EachIntervals, Intervals, Summaries};
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

/// A cell's metrics on the images that did not choose it.
#[derive(Debug, Clone, PartialEq)]
pub struct OnRest {
    pub odin: Summaries,
    pub baseline: Summaries,
    /// Of ODIN and of the baseline, once they are computed.
    pub(super) intervals: Option<(EachIntervals, EachIntervals)>,
}

impl OnRest {
    pub fn odin_intervals(&self) -> Option<&EachIntervals> {
        self.intervals.as_ref().map(|(odin, _)| odin)
    }

    pub fn baseline_intervals(&self) -> Option<&EachIntervals> {
        self.intervals.as_ref().map(|(_, baseline)| baseline)
    }
}

/// Which images a cell is computed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subset {
    Validation,
    Rest,
}

/// How sure a cell's metrics are.
#[derive(Debug, Clone)]
struct Measured {
    intervals: EachIntervals,
    replicates: Arc<Replicates>,
}

/// The cells that may be the best, by one metric.
#[derive(Debug, Clone)]
struct Candidates {
    metric: Metric,
    conventions: Conventions,
    /// How many cells were looked at.
    of: usize,
    places: Option<BTreeSet<Place>>,
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
    cells: Vec<Option<Summaries>>,
    rest: BTreeMap<Place, OnRest>,
    measured: BTreeMap<Place, Measured>,
    candidates: Option<Candidates>,
    /// Scores of which it is still to be computed how sure they are.
    unmeasured: VecDeque<(Place, Subset, Arc<CellScores>)>,
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
            measured: BTreeMap::new(),
            candidates: None,
            unmeasured: VecDeque::new(),
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

    pub fn cell(&self, place: Place) -> Option<&Summaries> {
        self.cells.get(self.index(place)?)?.as_ref()
    }

    pub fn value(&self, place: Place, metric: Metric, conventions: &Conventions) -> Option<f64> {
        Some(metric.of(&self.cell(place)?.by(conventions)))
    }

    pub fn on_rest(&self, place: Place) -> Option<&OnRest> {
        self.rest.get(&place)
    }

    /// Takes a cell whose scores are complete. `None` where a set has no score.
    pub(super) fn complete(&mut self, place: Place, subset: Subset, scores: CellScores) -> Option<()> {
        let odin = scores.summaries(false)?;
        match subset {
            Subset::Validation => {
                let index = self.index(place)?;
                *self.cells.get_mut(index)? = Some(odin);
            }
            Subset::Rest => {
                let on_rest = OnRest {
                    odin,
                    baseline: scores.summaries(true)?,
                    intervals: None,
                };
                self.rest.insert(place, on_rest);
            }
        }
        self.unmeasured.push_back((place, subset, Arc::new(scores)));
        Some(())
    }

    /// What is to be computed next, aside: first how sure each cell is; then, where the grid is on the screen, which
    /// cells may be the best.
    pub(super) fn next_request(
        &mut self,
        job: JobId,
        shown: Option<(Metric, Conventions)>,
    ) -> Option<GridRequest> {
        if let Some((place, subset, scores)) = self.unmeasured.pop_front() {
            return Some(GridRequest::Cell {
                job,
                place,
                subset,
                scores,
                replicates: REPLICATES,
            });
        }
        let (metric, conventions) = shown?;
        let of = self.measured.len();
        let is_known = self
            .candidates
            .as_ref()
            .is_some_and(|known| (known.metric, known.conventions, known.of) == (metric, conventions, of));
        if of == 0 || of != self.done() || is_known {
            return None;
        }
        let cell = |(place, measured): (&Place, &Measured)| {
            let value = self.value(*place, metric, &conventions)?;
            Some((*place, value, measured.replicates.clone()))
        };
        Some(GridRequest::Best {
            job,
            metric,
            conventions,
            cells: self.measured.iter().filter_map(cell).collect(),
        })
    }

    /// Takes what was computed, unless the cell has other scores by now.
    pub(super) fn take(&mut self, report: GridReport) {
        match report {
            GridReport::Cell {
                place,
                summaries,
                intervals,
                replicates,
                ..
            } => {
                if self.cell(place) == Some(&summaries) {
                    let replicates = Arc::new(replicates);
                    let measured = Measured {
                        intervals,
                        replicates,
                    };
                    self.measured.insert(place, measured);
                }
            }
            GridReport::OnRest {
                place,
                odin,
                baseline,
                ..
            } => {
                if let Some(known) = self.rest.get_mut(&place)
                    && (known.odin, known.baseline) == (odin.0, baseline.0)
                {
                    known.intervals = Some((odin.1, baseline.1));
                }
            }
            GridReport::Best {
                metric,
                conventions,
                of,
                places,
                ..
            } => {
                self.candidates = Some(Candidates {
                    metric,
                    conventions,
                    of,
                    places: places.map(BTreeSet::from_iter),
                });
            }
            GridReport::Nothing => {}
        }
    }

    /// 95 % intervals of a cell, once they are computed.
    pub fn intervals(&self, place: Place, conventions: &Conventions) -> Option<&Intervals> {
        Some(self.measured.get(&place)?.intervals.by(conventions))
    }

    /// The cells of which one is truly the best, with 95 % confidence; the one that is best so far is among them. `None`
    /// until that is computed of all cells there are.
    pub fn candidates(&self, metric: Metric, conventions: &Conventions) -> Option<&BTreeSet<Place>> {
        let known = self.candidates.as_ref()?;
        let is_now = (known.metric, &known.conventions, known.of) == (metric, conventions, self.done());
        known.places.as_ref().filter(|_| is_now)
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
            .map(|summaries| metric.of(&summaries.by(conventions)))
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
