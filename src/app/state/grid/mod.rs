//! The T × ε grid of a job: metrics at each (T, ε), on validation images that are kept apart from those reported on.
//!
//! Each cell is a job of its own for the engine, served while no other job waits. Its metrics and their bootstrap
//! replicates are kept; its scores are not.
mod background;
mod cell;
mod axes;
mod place;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use background::{GridReport, GridRequest};
pub use cell::{CellScores, Replicates};
pub use place::{Place, Subset};

use axes::Axes;

use super::jobs::Job;
use super::parameters::Parameters;
use odin_core::protocol::{Generation, JobId, JobSpec};
use odin_core::session::{Detector, Metric};
use odin_core::setting::{Setting, Settings};
use odin_core::sweep::Split;
use odin_core::units::{Magnitude, Temperature};
use odin_metrics::{Conventions, EachIntervals, Intervals, Summaries};

/// Cells that the engine is asked for at a time: one to work on, and the next, so that it need not wait.
pub(in crate::app) const IN_FLIGHT: usize = 2;
/// Cells that are computed on the rest of the images have this bit in their number for the engine.
const REST: u16 = 0x8000;
/// Bootstrap replicates of a cell, on the validation images and on the rest.
const REPLICATES: usize = 400;
/// A place is one of this grid's cells unless it came from outside.
const ON_THE_GRID: &str = "the place is on the grid";

/// A cell's metrics on the images that it was not chosen on.
#[derive(Debug, Clone, PartialEq)]
pub struct OnRest {
    pub odin: Summaries,
    pub baseline: Summaries,
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
    axes: Axes,
    /// How many images of each set choose the best cell.
    split: Split,
    /// ID and OOD images that do so, once the engine has told; groups of images that stay together may make them fewer.
    pub(in crate::app) chosen_on: Option<(usize, usize)>,
    pub cursor: Place,
    /// Whether a person wants the cells filled.
    pub filling: bool,
    /// How long the remaining cells will take, judged by those computed since filling began.
    pub seconds_left: Option<f64>,
    cells: Vec<Option<Summaries>>,
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
    /// sets, where a set has too few images to be split, or where there are too many cells.
    pub(in crate::app) fn new(job: &Job) -> Option<Self> {
        let sweep = job.source.sweep.clone().unwrap_or_default();
        let smaller = job.totals.map(|totals| totals.ins.min(totals.outs))?;
        let split = Split::of(sweep.validation, smaller)?;
        let axes = Axes::new(&sweep.temperatures.0, &sweep.magnitudes.0)?;
        Some(Self {
            base: base(&job.spec),
            split,
            chosen_on: None,
            cursor: axes.nearest(job.parameters()),
            filling: false,
            seconds_left: None,
            cells: vec![None; axes.cells()],
            rest: BTreeMap::new(),
            uncertainties: BTreeMap::new(),
            candidates: None,
            without_intervals: VecDeque::new(),
            in_flight: Vec::new(),
            generation: Generation::default(),
            began: None,
            axes,
        })
    }

    /// Whether the cells are those of this job.
    pub(in crate::app) fn is_of(&self, job: &Job) -> bool {
        self.base == base(&job.spec)
    }

    pub fn temperatures(&self) -> &[Temperature] {
        self.axes.temperatures()
    }

    pub fn magnitudes(&self) -> &[Magnitude] {
        self.axes.magnitudes()
    }

    /// How many ID and OOD images choose the best cell.
    pub fn validation(&self) -> (usize, usize) {
        let asked = self.split.validation();
        self.chosen_on.unwrap_or((asked, asked))
    }

    /// `None` for a place that the grid does not have.
    pub fn parameters(&self, place: Place) -> Option<Parameters> {
        self.axes.parameters(place)
    }

    /// The cell whose T and ε are nearest.
    pub fn nearest(&self, to: Parameters) -> Place {
        self.axes.nearest(to)
    }

    /// The cell at exactly these parameters; `None` where the grid has none.
    pub fn place_of(&self, parameters: Parameters) -> Option<Place> {
        let place = self.nearest(parameters);
        (self.parameters(place) == Some(parameters)).then_some(place)
    }

    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        self.axes.places()
    }

    pub fn cell(&self, place: Place) -> Option<&Summaries> {
        self.cells.get(usize::from(self.axes.number(place)?))?.as_ref()
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
        let odin = scores.comparison(Detector::Odin).summaries();
        match subset {
            Subset::Validation => {
                let number = usize::from(self.axes.number(place).expect(ON_THE_GRID));
                *self.cells.get_mut(number).expect(ON_THE_GRID) = Some(odin);
            }
            Subset::Rest => {
                let on_rest = OnRest {
                    odin,
                    baseline: scores.comparison(Detector::Baseline).summaries(),
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
                summaries,
                intervals,
                replicates,
                ..
            } => {
                if self.cell(place) == Some(&summaries) {
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

    /// Whether cells are being computed, or will be.
    pub(in crate::app) fn is_at_work(&self) -> bool {
        !self.in_flight.is_empty() || self.filling && !self.is_full()
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
            .map(|summaries| metric.of(&summaries.by(conventions)))
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
        let odin = self.parameters(place).expect(ON_THE_GRID).odin();
        let images = match subset {
            Subset::Validation => self.split.chosen_on(&self.base),
            Subset::Rest => self.split.rest(&self.base),
        };
        JobSpec {
            settings: [odin, Setting::new(Detector::Baseline)].into_iter().collect(),
            ..images
        }
    }

    /// The cell's id for the engine.
    pub(in crate::app) fn id(&self, job: JobId, place: Place, subset: Subset) -> JobId {
        let number = self.axes.number(place).expect(ON_THE_GRID);
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

/// There are no scores to compute metrics from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no image of one of the sets has a score")]
pub(in crate::app) struct NoScores;

fn base(spec: &JobSpec) -> JobSpec {
    JobSpec {
        settings: Settings::default(),
        ..spec.clone()
    }
}
