//! What the table of choices is of: the jobs whose sets choose and report, and how far they have come.
use super::model::Model;
use super::state::detectors::Detectors;
use super::state::grid::{Grid, GridId, Missing, Place, Subset, TransferBasis, have_same_cells, split};
use super::state::jobs::{Job, JobState};
use odin_core::sweep::Split;
use odin_core::tuning;

impl Model {
    /// Whether the Grid screen shows the table in place of the grid. It may have been opened for a job that stood beside others.
    pub fn is_transfer_shown(&self) -> bool {
        self.transfer.is_shown && self.transfer_jobs().len() > 1
    }

    /// Whether a person wants this table filled.
    pub fn is_transfer_filling(&self) -> bool {
        let own = self.selected().map(|job| self.grid_id(job));
        own.is_some_and(|own| self.transfer.filling.contains(&own))
    }

    /// The grids that the table is made from.
    pub(super) fn transfer_ids(&self) -> Vec<GridId> {
        let jobs = self.transfer_jobs().into_iter();
        jobs.filter_map(|place| Some(self.grid_id(self.jobs.get(place)?)))
            .collect()
    }

    /// The jobs whose sets choose and report, by their places: those of one network and the same in-distribution images as the
    /// selected one, whose grids have the same cells.
    pub fn transfer_jobs(&self) -> Vec<usize> {
        self.of_one_network(|job, own| self.belongs(job, own))
    }

    /// The jobs that would stand in the table if their sets could be opened, or if their grids had the same cells.
    pub fn left_out_of_transfer(&self) -> Vec<usize> {
        self.of_one_network(|job, own| !self.belongs(job, own))
    }

    fn of_one_network(&self, is_wanted: impl Fn(&Job, &Job) -> bool) -> Vec<usize> {
        let mut places = Detectors::jobs(&self.jobs, self.view.job);
        let own = self.selected();
        places.retain(|place| {
            let job = self.jobs.get(*place);
            job.zip(own).is_some_and(|(job, own)| is_wanted(job, own))
        });
        places
    }

    fn belongs(&self, job: &Job, own: &Job) -> bool {
        let stays_closed = matches!(job.state, JobState::Failed { .. } | JobState::Cancelled);
        (job.totals.is_some() || !stays_closed)
            && job.spec.fit == own.spec.fit
            && have_same_cells(job, own, self.view.detector)
    }

    /// The same number of validation images of every set: the smallest says how many there can be. `None` until all are open.
    pub(super) fn transfer_split(&self) -> Option<Split> {
        self.split_of(&self.transfer_jobs())
    }

    fn split_of(&self, places: &[usize]) -> Option<Split> {
        let splits: Option<Vec<Split>> = places.iter().map(|place| split(self.jobs.get(*place)?)).collect();
        splits?.into_iter().min_by_key(|split| split.validation())
    }

    /// The sets of the table: its rows and columns alike.
    pub fn transfer_sets(&self) -> Vec<TransferSet<'_>> {
        let places = self.transfer_jobs();
        let split = self.split_of(&places);
        let set = |place: usize| {
            let job = self.jobs.get(place)?;
            let grid = self.grids.get(&self.grid_id(job));
            let grid = grid.filter(|grid| grid.is_of(job) && Some(grid.split()) == split);
            let best = grid.and_then(|grid| grid.best(self.view.metric, &self.view.conventions));
            Some(TransferSet {
                place,
                job,
                grid,
                choice: best.map(|(choice, _)| choice),
            })
        };
        places.into_iter().filter_map(set).collect()
    }

    /// The choices that are not yet scored on the rest of a set: which grid, and the cell.
    pub(super) fn transfer_lacking(&self) -> Vec<(GridId, Place)> {
        let sets = self.transfer_sets();
        let choices = choices(&sets).unwrap_or_default();
        let mut lacking = Vec::new();
        for set in &sets {
            let Some(grid) = set.grid else { continue };
            for choice in &choices {
                let cell = (self.grid_id(set.job), *choice);
                if !grid.is_known_on_rest(*choice)
                    && !grid.is_in_flight(*choice, Subset::Rest)
                    && !lacking.contains(&cell)
                {
                    lacking.push(cell);
                }
            }
        }
        lacking
    }

    /// What the table is computed from; `None` until every choice is scored on every set.
    pub(super) fn transfer_basis(&self) -> Option<TransferBasis> {
        let sets = self.transfer_sets();
        let choices = choices(&sets).filter(|choices| choices.len() > 1)?;
        let row = |choice: &Place| {
            let scores = sets.iter().map(|set| set.grid?.scores_on_rest(*choice));
            scores.collect::<Option<Vec<_>>>()
        };
        Some(TransferBasis {
            grids: sets.iter().map(|set| self.grid_id(set.job)).collect(),
            metric: self.view.metric,
            conventions: self.view.conventions,
            scores: choices.iter().map(row).collect::<Option<_>>()?,
            seed: self.selected()?.spec.seed,
            choices,
        })
    }

    /// The table, or why there is none; `None` until it is computed.
    pub fn transfer_table(&self) -> Option<Result<&tuning::Transfer, &Missing>> {
        self.transfer.table(&self.transfer_basis()?)
    }

    /// How many cells are known that the table needs, of how many: those of the grids, then each choice on each set.
    pub fn transfer_progress(&self) -> (usize, usize) {
        let sets = self.transfer_sets();
        let grids = || sets.iter().filter_map(|set| set.grid);
        let a_grid = self.grid().map_or(0, Grid::total);
        let done: usize = grids().map(Grid::done).sum();
        let Some(choices) = choices(&sets) else {
            return (done, a_grid * sets.len());
        };
        let known = grids().flat_map(|grid| choices.iter().filter(|choice| grid.is_known_on_rest(**choice)));
        (done + known.count(), (a_grid + choices.len()) * sets.len())
    }
}

/// A set that chooses and reports.
#[derive(Debug, Clone, Copy)]
pub struct TransferSet<'a> {
    /// The place of its job.
    pub place: usize,
    pub job: &'a Job,
    /// Its grid on the table's images, where it has one.
    pub grid: Option<&'a Grid>,
    /// What is best so far on its validation images.
    pub choice: Option<Place>,
}

/// What each set chose; `None` until every grid is full, or where one has no scores at all.
fn choices(sets: &[TransferSet]) -> Option<Vec<Place>> {
    let choice = |set: &TransferSet| {
        set.grid.filter(|grid| grid.is_full())?;
        set.choice
    };
    sets.iter().map(choice).collect()
}
