//! The T × ε grid of a job: metrics at each (T, ε), on validation images that are kept apart from those reported on.
//!
//! Each cell is a job of its own for the engine, served while no other job waits. Its metrics and their bootstrap
//! replicates are kept; its scores are not.
mod background;
mod cell;
mod place;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use background::{GridReport, GridRequest};
pub use cell::{CellScores, Replicates};
pub use place::{Place, Subset};

use super::jobs::Job;
use super::parameters::Parameters;
use crate::engine::protocol::{Generation, JobId, JobSpec};
use crate::metrics::{Conventions, EachIntervals, Intervals, Readings};
use crate::session::{Detector, Metric};
use crate::units::{Magnitude, Temperature};

/// Cells that the engine is asked for at a time: one to work on, and the next, so that it need not wait.
pub(in crate::app) const IN_FLIGHT: usize = 2;
/// A larger grid is not shown: it is for `odin sweep`.
pub(in crate::app) const MOST_CELLS: usize = 4096;
/// Cells that are computed on the rest of the images have this bit in their number.
const REST: u16 = 0x8000;
const _: () = assert!(
    MOST_CELLS <= REST as usize,
    "every cell needs a number without the bit"
);
/// Bootstrap replicates of a cell, on the validation images and on the rest.
const REPLICATES: usize = 400;
/// A place is one of this grid's cells unless it came from outside.
const ON_THE_GRID: &str = "the place is on the grid";

/// A cell's metrics on the images that it was not chosen on.
#[derive(Debug, Clone, PartialEq)]
pub struct OnRest {
    pub odin: Readings,
    pub baseline: Readings,
    /// ODIN's and the baseline's, once they are computed.
    pub(in crate::app) intervals: Option<(EachIntervals, EachIntervals)>,
}

impl OnRest {
    pub fn odin_intervals(&self) -> Option<&EachIntervals> {
        self.intervals.as_ref().map(|(odin, _)| odin)
    }

    pub fn baseline_intervals(&self) -> Option<&EachIntervals> {
        self.intervals.as_ref().map(|(_, baseline)| baseline)
    }
}

/// How certain a cell's metrics are.
#[derive(Debug, Clone)]
struct Uncertainty {
    intervals: EachIntervals,
    replicates: Arc<Replicates>,
}

/// The cells that may be the best, by one metric.
#[derive(Debug, Clone)]
struct Candidates {
    metric: Metric,
    conventions: Conventions,
    /// How many cells were compared.
    of: usize,
    places: Option<BTreeSet<Place>>,
}

/// A cell that the engine was asked for and has not finished.
#[derive(Debug, Clone)]
pub(in crate::app) struct CellInFlight {
    pub(in crate::app) place: Place,
    pub(in crate::app) subset: Subset,
    pub(in crate::app) scores: CellScores,
    /// Images to be scored, once the engine has opened the sets.
    pub(in crate::app) total: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Grid {
    /// The job at T = 1 and ε = 0: cells belong to whatever job has this in common.
    base: JobSpec,
    temperatures: Vec<Temperature>,
    magnitudes: Vec<Magnitude>,
    /// How many images of each set choose the best cell.
    validation: usize,
    pub cursor: Place,
    /// Whether a person wants the cells filled.
    pub filling: bool,
    /// How long the remaining cells will take, judged by those computed since filling began.
    pub seconds_left: Option<f64>,
    cells: Vec<Option<Readings>>,
    rest: BTreeMap<Place, OnRest>,
    uncertainties: BTreeMap<Place, Uncertainty>,
    candidates: Option<Candidates>,
    /// Complete cells whose intervals are still to be computed.
    without_intervals: VecDeque<(Place, Subset, Arc<CellScores>)>,
    pub(in crate::app) in_flight: Vec<CellInFlight>,
    /// Of the requests: what the engine still sends for those before a pause is stale.
    pub(in crate::app) generation: Generation,
    /// When filling began, and how many cells were computed by then.
    pub(in crate::app) began: Option<(Duration, usize)>,
}

impl Grid {
    /// The grid of a job, with the axes of its session or the paper's. `None` while the engine has not opened the job's
    /// sets, where a set has too few images to be split, or where there are more than [`MOST_CELLS`] cells.
    pub(in crate::app) fn new(job: &Job) -> Option<Self> {
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
            uncertainties: BTreeMap::new(),
            candidates: None,
            without_intervals: VecDeque::new(),
            in_flight: Vec::new(),
            generation: Generation::default(),
            began: None,
        };
        grid.cursor = grid.nearest(job.parameters());
        Some(grid)
    }

    /// Whether the cells are those of this job.
    pub(in crate::app) fn is_of(&self, job: &Job) -> bool {
        self.base == base(&job.spec)
    }

    pub fn temperatures(&self) -> &[Temperature] {
        &self.temperatures
    }

    pub fn magnitudes(&self) -> &[Magnitude] {
        &self.magnitudes
    }

    /// How many images of each set choose the best cell.
    pub fn validation(&self) -> usize {
        self.validation
    }

    /// `None` for a place that the grid does not have.
    pub fn parameters(&self, place: Place) -> Option<Parameters> {
        Some(Parameters {
            temperature: *self.temperatures.get(place.temperature)?,
            magnitude: *self.magnitudes.get(place.magnitude)?,
        })
    }

    /// The cell whose T and ε are nearest.
    pub fn nearest(&self, to: Parameters) -> Place {
        let log = |temperature: &Temperature| temperature.get().ln();
        let temperatures = self.temperatures.iter().map(log);
        let magnitudes = self.magnitudes.iter().map(|magnitude| magnitude.get());
        Place {
            temperature: nearest(temperatures, log(&to.temperature)),
            magnitude: nearest(magnitudes, to.magnitude.get()),
        }
    }

    /// The cell at exactly these parameters; `None` where the grid has none.
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
            temperature: n / columns,
            magnitude: n % columns,
        })
    }

    pub fn cell(&self, place: Place) -> Option<&Readings> {
        self.cells.get(self.index(place)?)?.as_ref()
    }

    pub fn value(&self, place: Place, metric: Metric, conventions: &Conventions) -> Option<f64> {
        Some(metric.of(&self.cell(place)?.by(conventions)))
    }

    pub fn on_rest(&self, place: Place) -> Option<&OnRest> {
        self.rest.get(&place)
    }

    /// Takes the scores of a cell that are complete. Where a set has none, it has no metrics, and nothing changes.
    pub(in crate::app) fn complete(
        &mut self,
        place: Place,
        subset: Subset,
        scores: CellScores,
    ) -> Result<(), NoScores> {
        if scores.lacks_a_set() {
            return Err(NoScores);
        }
        let odin = scores.comparison(Detector::Odin).readings();
        match subset {
            Subset::Validation => {
                let index = self.index(place).expect(ON_THE_GRID);
                *self.cells.get_mut(index).expect(ON_THE_GRID) = Some(odin);
            }
            Subset::Rest => {
                let on_rest = OnRest {
                    odin,
                    baseline: scores.comparison(Detector::Baseline).readings(),
                    intervals: None,
                };
                self.rest.insert(place, on_rest);
            }
        }
        self.without_intervals
            .push_back((place, subset, Arc::new(scores)));
        Ok(())
    }

    /// What to compute next in the background: first the intervals of each cell; then, where the grid is on the screen
    /// (`shown`), which cells may be the best.
    pub(in crate::app) fn next_request(
        &mut self,
        job: JobId,
        shown: Option<(Metric, Conventions)>,
    ) -> Option<GridRequest> {
        if let Some((place, subset, scores)) = self.without_intervals.pop_front() {
            return Some(GridRequest::Cell {
                job,
                place,
                subset,
                scores,
                replicates: REPLICATES,
            });
        }
        let (metric, conventions) = shown?;
        let of = self.uncertainties.len();
        let is_known = self
            .candidates
            .as_ref()
            .is_some_and(|known| (known.metric, known.conventions, known.of) == (metric, conventions, of));
        if of == 0 || of != self.done() || is_known {
            return None;
        }
        let cell = |(place, uncertainty): (&Place, &Uncertainty)| {
            let value = self
                .value(*place, metric, &conventions)
                .expect("a cell with intervals has metrics");
            (*place, value, uncertainty.replicates.clone())
        };
        Some(GridRequest::Best {
            job,
            metric,
            conventions,
            cells: self.uncertainties.iter().map(cell).collect(),
        })
    }

    /// Takes what was computed, unless the cell has other metrics by now.
    pub(in crate::app) fn take(&mut self, report: GridReport) {
        match report {
            GridReport::Cell {
                place,
                readings,
                intervals,
                replicates,
                ..
            } => {
                if self.cell(place) == Some(&readings) {
                    let replicates = Arc::new(replicates);
                    let uncertainty = Uncertainty {
                        intervals,
                        replicates,
                    };
                    self.uncertainties.insert(place, uncertainty);
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
        }
    }

    /// 95 % intervals of a cell, once they are computed.
    pub fn intervals(&self, place: Place, conventions: &Conventions) -> Option<&Intervals> {
        Some(self.uncertainties.get(&place)?.intervals.by(conventions))
    }

    /// The cells that hold the truly best one with 95 % confidence; the one that is best so far is among them. `None`
    /// until that is computed for all cells there are.
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
        let cell = self.cell_in_flight(place, subset)?;
        let total = cell.total.filter(|total| *total > 0)?;
        Some((cell.scores.images() as f64 / total as f64).min(1.0))
    }

    /// Whether the engine was asked for the cell and has not answered.
    pub fn is_in_flight(&self, place: Place, subset: Subset) -> bool {
        self.cell_in_flight(place, subset).is_some()
    }

    fn cell_in_flight(&self, place: Place, subset: Subset) -> Option<&CellInFlight> {
        let mut cells = self.in_flight.iter();
        cells.find(|cell| cell.place == place && cell.subset == subset)
    }

    /// The best cell so far and its value. Of equal cells the one with the smallest T, then the smallest ε.
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
            .map(|readings| metric.of(&readings.by(conventions)))
            .fold(None, |range, value| {
                let (low, high) = range.unwrap_or((value, value));
                Some((value.min(low), value.max(high)))
            })
    }

    /// The cell to ask for next: the one nearest to the cursor. Another row counts double, for it needs another gradient.
    pub(in crate::app) fn next(&self) -> Option<Place> {
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
    pub(in crate::app) fn spec(&self, place: Place, subset: Subset) -> JobSpec {
        let Parameters {
            temperature,
            magnitude,
        } = self.parameters(place).expect(ON_THE_GRID);
        let base = self.base.clone();
        let (skip, limit) = match subset {
            Subset::Validation => (base.skip, Some(self.validation)),
            Subset::Rest => (
                base.skip.saturating_add(self.validation),
                base.limit.map(|limit| limit.saturating_sub(self.validation)),
            ),
        };
        JobSpec {
            temperature,
            magnitude,
            skip,
            limit,
            ..base
        }
    }

    /// The cell's id for the engine.
    pub(in crate::app) fn id(&self, job: JobId, place: Place, subset: Subset) -> JobId {
        let index = self.index(place).expect(ON_THE_GRID);
        let number = u16::try_from(index).expect("a grid has at most MOST_CELLS cells");
        job.cell(match subset {
            Subset::Validation => number,
            Subset::Rest => number | REST,
        })
    }

    /// The cell with this number for the engine; `None` where the grid has none (it may be an earlier grid's).
    pub(in crate::app) fn by_number(&self, number: u16) -> Option<(Place, Subset)> {
        let index = usize::from(number & !REST);
        let subset = if number & REST == 0 {
            Subset::Validation
        } else {
            Subset::Rest
        };
        self.places().nth(index).map(|place| (place, subset))
    }
}

/// No score in one of a cell's sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct NoScores;

/// The place of the value nearest to one.
fn nearest(values: impl Iterator<Item = f64>, to: f64) -> usize {
    let off = |value: f64| (value - to).abs();
    values
        .enumerate()
        .min_by(|a, b| off(a.1).total_cmp(&off(b.1)))
        .expect("a grid has at least one cell, so neither axis is empty")
        .0
}

/// The values in order, each once.
fn ascending<T: Copy + PartialOrd>(values: &[T]) -> Vec<T> {
    let mut values = values.to_vec();
    values.sort_by(|a, b| a.partial_cmp(b).expect("T and ε are never NaN"));
    values.dedup();
    values
}

fn base(spec: &JobSpec) -> JobSpec {
    JobSpec {
        temperature: Temperature::ONE,
        magnitude: Magnitude::ZERO,
        ..spec.clone()
    }
}
