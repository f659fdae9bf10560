//! The grid of a job and a detector: metrics at each value of a knob, or of two knobs together, on validation images that are
//! kept apart from those reported on.
//!
//! Each cell is a job of its own for the engine, served while no other job waits. Its metrics and their bootstrap
//! replicates are kept; of its scores those on the rest, for they are compared with those of other choices.
mod background;
mod known;
mod transfer;
mod cell;
mod axes;
mod place;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use background::{GridReport, GridRequest};
pub use cell::{CellScores, Missing, Replicates};
pub(in crate::app) use known::CellInFlight;
pub use known::OnRest;
pub use place::{GridId, Place, Subset};
pub use transfer::{Basis as TransferBasis, Transfer, TransferReport, TransferRequest};

use axes::Axes;
use cell::By;
use known::{Candidates, Cell, Uncertainty};

use super::jobs::Job;
use odin_core::protocol::{Generation, JobId, JobSpec};
use odin_core::session::{Detector, Metric};
use odin_core::setting::{Setting, Settings};
use odin_core::sweep::Split;
use odin_core::tuning::Axis;
use odin_metrics::{Conventions, Intervals, Summaries};

/// Cells that the engine is asked for at a time: one to work on, and the next, so that it need not wait.
pub(in crate::app) const IN_FLIGHT: usize = 2;
/// Bootstrap replicates of a cell, on the validation images and on the rest.
const REPLICATES: usize = 400;
/// A place is one of this grid's cells unless it came from outside.
const ON_THE_GRID: &str = "the place is on the grid";

#[derive(Debug, Clone)]
pub struct Grid {
    /// The job without settings: cells belong to whatever job has this in common.
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
    cells: Vec<Cell>,
    /// What is known on the rest of the images, or why it cannot be had.
    rest: BTreeMap<Place, Result<OnRest, Missing>>,
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
    /// The grid of a job's detector; ODIN's has the axes of the session or the paper's. `None` while the engine has not opened
    /// the job's sets, where a set has too few images to be split, where there are too many cells, or no knobs.
    pub(in crate::app) fn new(job: &Job, detector: Detector) -> Option<Self> {
        Self::with_split(job, detector, split(job)?)
    }

    /// The same with another number of validation images.
    pub(in crate::app) fn with_split(job: &Job, detector: Detector, split: Split) -> Option<Self> {
        let axes = axes(job, detector)?;
        Some(Self {
            base: base(&job.spec),
            split,
            chosen_on: None,
            cursor: axes.nearest(&job.setting(detector)),
            filling: false,
            seconds_left: None,
            cells: vec![Cell::Empty; axes.cells()],
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
        let (base, axes) = (base(&job.spec), axes(job, self.detector()));
        self.base == base && axes.as_ref() == Some(&self.axes)
    }

    pub(in crate::app) fn split(&self) -> Split {
        self.split
    }

    pub fn detector(&self) -> Detector {
        self.axes.base().detector()
    }

    /// The first of two knobs, and its values; `None` where one knob is tuned.
    pub fn rows(&self) -> Option<&Axis> {
        self.axes.rows()
    }

    /// The last knob, and its values.
    pub fn columns(&self) -> &Axis {
        self.axes.columns()
    }

    /// The knobs that are tuned, with their values.
    pub fn axes(&self) -> impl Iterator<Item = &Axis> {
        self.axes.rows().into_iter().chain([self.axes.columns()])
    }

    /// How many ID and OOD images choose the best cell.
    pub fn validation(&self) -> (usize, usize) {
        let asked = self.split.validation();
        self.chosen_on.unwrap_or((asked, asked))
    }

    /// `None` for a place that the grid does not have.
    pub fn setting(&self, place: Place) -> Option<Setting> {
        self.axes.setting(place)
    }

    /// The cell of exactly this setting; `None` where the grid has none.
    pub fn place_of(&self, setting: &Setting) -> Option<Place> {
        let place = self.axes.nearest(setting);
        (self.setting(place) == Some(*setting)).then_some(place)
    }

    /// Moves the cursor by so many rows and columns.
    pub(in crate::app) fn step(&mut self, rows: i32, columns: i32) {
        self.cursor = self.axes.moved(self.cursor, rows, columns);
    }

    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        self.axes.places()
    }

    fn at(&self, place: Place) -> Option<&Cell> {
        self.cells.get(usize::from(self.axes.number(place)?))
    }

    pub fn cell(&self, place: Place) -> Option<&Summaries> {
        match self.at(place)? {
            Cell::Measured(summaries) => Some(summaries),
            Cell::Empty | Cell::Missing(_) => None,
        }
    }

    /// Why a cell has no scores; `None` where it has, or it is not known yet.
    pub fn missing(&self, place: Place) -> Option<&Missing> {
        match self.at(place)? {
            Cell::Missing(why) => Some(why),
            Cell::Empty | Cell::Measured(_) => None,
        }
    }

    pub fn value(&self, place: Place, metric: Metric, conventions: &Conventions) -> Option<f64> {
        Some(metric.of(&self.cell(place)?.by(conventions)))
    }

    pub fn on_rest(&self, place: Place) -> Option<&OnRest> {
        self.rest.get(&place)?.as_ref().ok()
    }

    /// Why there are no scores of a cell on the rest; `None` where there are, or it is not known yet.
    pub fn missing_on_rest(&self, place: Place) -> Option<&Missing> {
        self.rest.get(&place)?.as_ref().err()
    }

    /// Whether it is known what a cell comes to on the rest, or why it cannot.
    pub fn is_known_on_rest(&self, place: Place) -> bool {
        self.rest.contains_key(&place)
    }

    /// A cell's scores on the rest.
    pub(in crate::app) fn scores_on_rest(&self, place: Place) -> Option<Arc<CellScores>> {
        self.on_rest(place).map(|rest| rest.scores.clone())
    }

    /// Takes the scores of a cell that are complete, or why it has none.
    pub(in crate::app) fn complete(&mut self, cell: CellInFlight) {
        let CellInFlight {
            place,
            subset,
            scores,
            missing,
            ..
        } = cell;
        let scores = match missing {
            Some(why) => Err(why),
            None if scores.lacks_a_set() => {
                Err(Missing("no image of one of the sets has a score".to_owned()))
            }
            None => Ok(Arc::new(scores)),
        };
        let tuned = |scores: &CellScores| scores.comparison(By::Tuned).summaries();
        match subset {
            Subset::Validation => {
                let number = usize::from(self.axes.number(place).expect(ON_THE_GRID));
                *self.cells.get_mut(number).expect(ON_THE_GRID) = match &scores {
                    Ok(scores) => Cell::Measured(tuned(scores)),
                    Err(why) => Cell::Missing(why.clone()),
                };
            }
            Subset::Rest => {
                let on_rest = |scores: &Arc<CellScores>| OnRest {
                    tuned: tuned(scores),
                    baseline: scores.comparison(By::Baseline).summaries(),
                    intervals: None,
                    scores: scores.clone(),
                };
                let rest = scores.as_ref().map(on_rest).map_err(Missing::clone);
                self.rest.insert(place, rest);
            }
        }
        if let Ok(scores) = scores {
            self.without_intervals.push_back((place, subset, scores));
        }
    }

    /// Forgets why cells have no scores, so that they are asked for again.
    pub(in crate::app) fn retry_missing(&mut self) {
        for cell in &mut self.cells {
            if matches!(cell, Cell::Missing(_)) {
                *cell = Cell::Empty;
            }
        }
        self.rest.retain(|_, rest| rest.is_ok());
    }

    /// What to compute next in the background: first the intervals of each cell; then, where the grid is on the screen
    /// (`shown`), which cells may be the best.
    pub(in crate::app) fn next_request(
        &mut self,
        grid: GridId,
        shown: Option<(Metric, Conventions)>,
    ) -> Option<GridRequest> {
        if let Some((place, subset, scores)) = self.without_intervals.pop_front() {
            return Some(GridRequest::Cell {
                grid,
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
        if of == 0 || of != self.measured() || is_known {
            return None;
        }
        let cell = |(place, uncertainty): (&Place, &Uncertainty)| {
            let value = self
                .value(*place, metric, &conventions)
                .expect("a cell with intervals has metrics");
            (*place, value, uncertainty.replicates.clone())
        };
        Some(GridRequest::Best {
            grid,
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
                tuned,
                baseline,
                ..
            } => {
                if let Some(Ok(known)) = self.rest.get_mut(&place)
                    && (known.tuned, known.baseline) == (tuned.0, baseline.0)
                {
                    known.intervals = Some((tuned.1, baseline.1));
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
            // It is about several grids.
            GridReport::Transfer(_) => {}
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
        let is_now = (known.metric, &known.conventions, known.of) == (metric, conventions, self.measured());
        known.places.as_ref().filter(|_| is_now)
    }

    /// Cells of which it is known what they come to, or why they cannot.
    pub fn done(&self) -> usize {
        self.cells.iter().filter(|cell| **cell != Cell::Empty).count()
    }

    /// Cells with metrics.
    pub fn measured(&self) -> usize {
        let measured = |cell: &&Cell| matches!(cell, Cell::Measured(_));
        self.cells.iter().filter(measured).count()
    }

    pub fn total(&self) -> usize {
        self.cells.len()
    }

    /// Whether cells are being computed, or will be.
    pub(in crate::app) fn is_at_work(&self) -> bool {
        !self.in_flight.is_empty() || self.filling && !self.is_full()
    }

    pub fn is_full(&self) -> bool {
        self.done() == self.total()
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

    /// The best cell so far and its value. Of equal cells the one with the smallest value of the first knob, then of
    /// the last.
    pub fn best(&self, metric: Metric, conventions: &Conventions) -> Option<(Place, f64)> {
        let better = |a: f64, b: f64| metric.is_better(a, b);
        self.places()
            .filter_map(|place| Some((place, self.value(place, metric, conventions)?)))
            .reduce(|best, next| if better(next.1, best.1) { next } else { best })
    }

    /// (least, greatest) value so far.
    pub fn range(&self, metric: Metric, conventions: &Conventions) -> Option<(f64, f64)> {
        self.places()
            .filter_map(|place| self.value(place, metric, conventions))
            .fold(None, |range, value| {
                let (low, high) = range.unwrap_or((value, value));
                Some((value.min(low), value.max(high)))
            })
    }

    /// The cell to ask for next: the one nearest to the cursor. Another row counts double, for at another T ODIN needs another
    /// gradient.
    pub(in crate::app) fn next(&self) -> Option<Place> {
        let away = |place: &Place| {
            let rows = 2 * place.row.abs_diff(self.cursor.row);
            let columns = place.column.abs_diff(self.cursor.column);
            rows * rows + columns * columns
        };
        self.places()
            .filter(|&place| {
                self.at(place) == Some(&Cell::Empty) && !self.is_in_flight(place, Subset::Validation)
            })
            .min_by_key(away)
    }

    /// What the engine is to score for a cell.
    pub(in crate::app) fn spec(&self, place: Place, subset: Subset) -> JobSpec {
        let setting = self.setting(place).expect(ON_THE_GRID);
        let images = match subset {
            Subset::Validation => self.split.chosen_on(&self.base),
            Subset::Rest => self.split.rest(&self.base),
        };
        JobSpec {
            settings: [setting, Setting::new(Detector::Baseline)].into_iter().collect(),
            ..images
        }
    }

    /// The cell's id for the engine.
    pub(in crate::app) fn id(&self, job: JobId, place: Place, subset: Subset) -> JobId {
        let number = self.axes.number(place).expect(ON_THE_GRID);
        let detector = self.detector();
        GridId { job, detector }.cell(number, subset)
    }

    /// The cell with this number; `None` where the grid has none (it may be an earlier grid's).
    pub(in crate::app) fn by_number(&self, number: u16) -> Option<Place> {
        self.places().nth(usize::from(number))
    }
}

/// How many images of each of the job's sets choose; `None` while they are not open, and where they have too few images.
pub(in crate::app) fn split(job: &Job) -> Option<Split> {
    let asked = job.source.sweep.clone().unwrap_or_default().validation;
    let smaller = job.totals.map(|totals| totals.ins.min(totals.outs))?;
    Split::of(asked, smaller)
}

fn axes(job: &Job, detector: Detector) -> Option<Axes> {
    let sweep = job.source.sweep.clone().unwrap_or_default();
    Axes::of(&job.setting(detector), &sweep)
}

/// Whether two jobs' grids of a detector have the same cells.
pub(in crate::app) fn have_same_cells(a: &Job, b: &Job, detector: Detector) -> bool {
    axes(a, detector).is_some_and(|of_a| Some(of_a) == axes(b, detector))
}

fn base(spec: &JobSpec) -> JobSpec {
    JobSpec {
        settings: Settings::default(),
        ..spec.clone()
    }
}
