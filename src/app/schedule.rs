//! When something is due. Nothing runs by itself: the program asks for the next time, and sends a tick then.
use std::time::Duration;

use super::model::Model;
use super::state::analysis::Analysis;
use super::state::compare::present;
use super::state::detectors::Detectors;
use super::state::images::Basis;
use super::state::jobs::{Job, JobState};
use super::state::pin::Pin;
use odin_core::session::{Detector, Screen};
use odin_core::setting::Setting;

/// Plots and metrics are updated this often while scores arrive for the selected job.
const BETWEEN_ANALYSES: Duration = Duration::from_millis(100);
/// The same while a person waits for the result of a change.
const BETWEEN_ANALYSES_AWAITED: Duration = Duration::from_millis(33);
/// The same for jobs that are not selected.
const BETWEEN_ANALYSES_OF_OTHERS: Duration = Duration::from_secs(1);
/// Intervals are computed this often while scores arrive.
const BETWEEN_INTERVALS: Duration = Duration::from_secs(2);
/// The same while the number of images has doubled since the last ones, which happens only at first.
const BETWEEN_FIRST_INTERVALS: Duration = Duration::from_millis(300);
/// Changes of more images than this wait for the end of scoring: images are paired one by one.
const MOST_PAIRED_LIVE: usize = 50_000;
/// Bootstrap replicates while scores arrive, and of a finished job.
const REPLICATES: usize = 200;
const REPLICATES_DONE: usize = 1000;

impl Model {
    /// When the next [`Action::Tick`](super::Action::Tick) is wanted; `None` while nothing is due.
    pub fn next_tick(&self) -> Option<Duration> {
        let requests = (!self.requests.pending.is_empty()).then(|| self.requests.due());
        let analyses = (0..self.jobs.len())
            .filter_map(|job| self.analysis_due(job))
            .min();
        [
            requests,
            analyses,
            self.intervals_due(),
            self.list_due(),
            self.detectors_due(),
            self.saving.autosave_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether a person has just changed T or ε and waits for the result.
    pub(super) fn is_awaited(&self) -> bool {
        self.is_dragging() || self.requests.is_awaited(self.now)
    }

    /// When a job's scores are to be analysed; `None` where none are new.
    pub(super) fn analysis_due(&self, place: usize) -> Option<Duration> {
        let wait = match (place == self.view.job, self.is_awaited()) {
            (true, true) => BETWEEN_ANALYSES_AWAITED,
            (true, false) => BETWEEN_ANALYSES,
            (false, _) => BETWEEN_ANALYSES_OF_OTHERS,
        };
        let job = self.jobs.get(place).filter(|job| job.needs_analysis)?;
        Some(job.analysed_at.map_or(Duration::ZERO, |at| at + wait))
    }

    /// When intervals are to be computed; `None` where none are missing, or some are being computed.
    pub(super) fn intervals_due(&self) -> Option<Duration> {
        let job = self.wants_intervals().filter(|_| !self.intervals.is_in_flight)?;
        if !self.lacks_intervals(job) {
            return None;
        }
        let has_outgrown = job.odin.as_ref().is_some_and(Analysis::has_outgrown_intervals);
        let wait = if has_outgrown {
            BETWEEN_FIRST_INTERVALS
        } else {
            BETWEEN_INTERVALS
        };
        match (self.intervals.requested_at, &job.state) {
            (Some(at), JobState::Running) => Some(at + wait),
            _ => Some(Duration::ZERO),
        }
    }

    /// The job whose intervals come next: the selected one; while all jobs are compared, then the others that are not
    /// being scored.
    pub(super) fn wants_intervals(&self) -> Option<&Job> {
        let selected = self.selected();
        if self.view.screen != Screen::Compare || selected.is_some_and(|job| self.lacks_intervals(job)) {
            return selected;
        }
        let mut others = self.jobs.iter().filter(|job| !job.is_active());
        others.find(|job| self.lacks_intervals(job)).or(selected)
    }

    fn lacks_intervals(&self, job: &Job) -> bool {
        !job.needs_analysis
            && (self.without_intervals(job).next().is_some() || self.lacking_change(job).is_some())
    }

    /// The change of a job that is shown and lacks its interval: what it is to, and the pin that it is from, if it is from one.
    pub(super) fn lacking_change<'a>(&'a self, job: &'a Job) -> Option<(&'a Analysis, Option<u64>)> {
        if job.is_active() && job.scored() > MOST_PAIRED_LIVE {
            return None;
        }
        let replicates = replicates(job);
        let is_selected = self.selected().is_some_and(|selected| selected.id == job.id);
        let pin = self.pin.as_ref();
        let of_pin = pin
            .filter(|pin| is_selected && pin.is_paired_with(job))
            .and_then(|pin| {
                let shown = present(job, self.view.detector)?;
                (!pin.has_changes_to(job, shown, replicates)).then_some((shown, Some(pin.number)))
            });
        of_pin.or_else(|| {
            let beside = present(job, self.beside()).filter(|_| job.baseline.is_some())?;
            (!beside.has_changes(replicates)).then_some((beside, None))
        })
    }

    /// The analyses of a job that are shown and have no intervals yet.
    pub(super) fn without_intervals<'a>(&'a self, job: &'a Job) -> impl Iterator<Item = &'a Analysis> {
        let shown = self.view.detector;
        let third = (!matches!(shown, Detector::Odin | Detector::Baseline)).then_some(shown);
        let replicates = replicates(job);
        [Detector::Odin, Detector::Baseline]
            .into_iter()
            .chain(third)
            .filter(|&detector| !job.is_stale_by(detector))
            .filter_map(|detector| job.analysis(detector))
            // What was pinned when the dashboard was left comes back without them.
            .chain(self.pin_of(job).map(|pin| &pin.analysis))
            .filter(move |analysis| !analysis.has_intervals(replicates))
    }

    /// The job whose detectors are to be measured next, and which of them: the selected one first. `None` where none lacks
    /// anything, or the Detectors screen is not open.
    pub(super) fn wants_cells(&self) -> Option<(usize, Vec<Setting>)> {
        let due = self.cells_due().into_iter().filter(|(due, ..)| *due <= self.now);
        let (_, place, settings) = due.min_by_key(|(due, place, _)| (*due, *place != self.view.job))?;
        Some((place, settings))
    }

    /// When the detectors of the table's jobs are to be measured; `None` where none lacks anything.
    pub(super) fn detectors_due(&self) -> Option<Duration> {
        self.cells_due().into_iter().map(|(due, ..)| due).min()
    }

    /// The jobs of the Detectors screen's table.
    pub(super) fn table(&self) -> Vec<&Job> {
        self.table_of(&Detectors::jobs(&self.jobs, self.view.job))
    }

    fn table_of(&self, places: &[usize]) -> Vec<&Job> {
        places.iter().filter_map(|place| self.jobs.get(*place)).collect()
    }

    /// Of each job of the table that lacks some: when they are due, its place, and what it lacks. None while the Detectors
    /// screen is not open or a job is being measured.
    fn cells_due(&self) -> Vec<(Duration, usize, Vec<Setting>)> {
        if self.view.screen != Screen::Detectors || self.detectors.is_measuring {
            return Vec::new();
        }
        let places = Detectors::jobs(&self.jobs, self.view.job);
        let table = self.table_of(&places);
        let due = |place: usize| {
            let job = self.jobs.get(place)?;
            let lacking = self.detectors.lacking(job, &table)?;
            let at = self.detectors.measured_at(job.id).filter(|_| job.is_active());
            Some((
                at.map_or(Duration::ZERO, |at| at + BETWEEN_INTERVALS),
                place,
                lacking,
            ))
        };
        places.into_iter().filter_map(due).collect()
    }

    /// What is pinned, where it is of this job and these images.
    pub(super) fn pin_of(&self, job: &Job) -> Option<&Pin> {
        let pin = self.pin.as_ref();
        pin.filter(|pin| pin.job == job.id && pin.is_paired_with(job))
    }

    /// What the Images screen would list now; `None` where there is no job.
    pub(super) fn list_basis(&self) -> Option<Basis> {
        let job = self.selected()?;
        Some(self.gallery.basis_for(job, self.view.detector, self.cursor))
    }

    /// When the list of the Images screen is to be made anew; `None` where it is valid, or not on the screen.
    pub(super) fn list_due(&self) -> Option<Duration> {
        if self.view.screen != Screen::Images {
            return None;
        }
        self.gallery.list_due(self.list_basis().as_ref())
    }
}

/// How many bootstrap replicates each cell of the Detectors screen is measured with: as many for all, so that sets can be
/// averaged replicate by replicate.
pub(super) const DETECTOR_REPLICATES: usize = REPLICATES;

/// How many bootstrap replicates the intervals of a job are computed from.
pub(super) fn replicates(job: &Job) -> usize {
    if job.is_active() {
        REPLICATES
    } else {
        REPLICATES_DONE
    }
}
