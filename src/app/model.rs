//! Everything that the dashboard knows.
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::analysis::Analysis;
use super::history::History;
use super::job::{Job, JobState, Parameters};
use super::keymap::Keymap;
use super::log::{Level, Log};
use super::slider::{Cursor, Slider};
use super::typing::Typing;
use crate::engine::protocol::JobId;
use crate::session::{Session, View};
use crate::units::Device;

/// Scoring is asked for at most so often while a slider moves.
pub(super) const BETWEEN_REQUESTS: Duration = Duration::from_millis(80);
/// Plots and metrics follow the scores at most so often; faster while a slider moves, slower where nobody looks.
const BETWEEN_ANALYSES: Duration = Duration::from_millis(100);
const BETWEEN_ANALYSES_DRAGGING: Duration = Duration::from_millis(33);
const BETWEEN_ANALYSES_ASIDE: Duration = Duration::from_secs(1);
/// While scores come, intervals follow at most so often.
const BETWEEN_INTERVALS: Duration = Duration::from_secs(2);
/// Sooner where there are twice as many images by now; that is seldom, and at first only.
const BETWEEN_FIRST_INTERVALS: Duration = Duration::from_millis(300);
/// Bootstrap replicates: while scores come, and of the finished job.
pub(super) const REPLICATES: usize = 200;
pub(super) const REPLICATES_DONE: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineState {
    Starting,
    Up,
    Gone(String),
}

/// The last thing worth saying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub level: Level,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct Model {
    /// As it was loaded or last saved.
    pub session: Session,
    pub path: PathBuf,
    /// In the order of [`Session::job_specs`]; `JobId(n)` is the n-th.
    pub jobs: Vec<Job>,
    pub view: View,
    pub focus: Slider,
    pub cursor: Cursor,
    pub typing: Option<Typing>,
    pub help: bool,
    pub log: Log,
    pub status: Option<Status>,
    pub engine: EngineState,
    /// Workers that are up, as they call themselves.
    pub devices: Vec<(Device, String)>,
    pub keymap: Keymap,
    pub(super) now: Duration,
    pub(super) history: History,
    /// The slider under the mouse.
    pub(super) drag: Option<Slider>,
    /// Jobs whose newest parameters the engine does not know yet.
    pub(super) pending: BTreeSet<usize>,
    pub(super) requested_at: Option<Duration>,
    pub(super) intervals_wanted_at: Option<Duration>,
    pub(super) intervals_in_flight: bool,
    pub(super) quit_asked: bool,
    /// Parameters in the file, and those on their way there.
    pub(super) saved: Vec<Parameters>,
    pub(super) saving: Option<Vec<Parameters>>,
}

impl Model {
    pub fn new(session: Session, path: PathBuf) -> Self {
        let jobs: Vec<Job> = (0u64..)
            .zip(session.job_specs())
            .map(|(n, (queue, devices, spec))| Job::new(JobId(n), queue, devices.first(), spec))
            .collect();
        let mut view = session.view.clone();
        view.job = view.job.min(jobs.len().saturating_sub(1));
        Self {
            saved: jobs.iter().map(Job::parameters).collect(),
            session,
            path,
            jobs,
            view,
            focus: Slider::default(),
            cursor: Cursor::default(),
            typing: None,
            help: false,
            log: Log::default(),
            status: None,
            engine: EngineState::Starting,
            devices: Vec::new(),
            keymap: Keymap::default(),
            now: Duration::ZERO,
            history: History::default(),
            drag: None,
            pending: BTreeSet::new(),
            requested_at: None,
            intervals_wanted_at: None,
            intervals_in_flight: false,
            quit_asked: false,
            saving: None,
        }
    }

    pub fn selected(&self) -> Option<&Job> {
        self.jobs.get(self.view.job)
    }

    /// What the histogram and the threshold are about.
    pub fn shown(&self) -> Option<&Analysis> {
        self.selected()?.analysis(self.view.detector)
    }

    pub fn is_dragging(&self) -> bool {
        self.drag.is_some()
    }

    /// Whether parameters differ from those in the file.
    pub fn is_unsaved(&self) -> bool {
        self.jobs
            .iter()
            .map(Job::parameters)
            .ne(self.saved.iter().copied())
    }

    /// The session as it is now, to be saved.
    pub fn to_session(&self) -> Session {
        let mut session = self.session.clone();
        for (n, job) in self.jobs.iter().enumerate() {
            session.set_parameters(n, job.spec.temperature, job.spec.magnitude);
        }
        session.view = self.view.clone();
        session
    }

    /// When something will be due, if nothing else happens: the next [`Action::Tick`](super::Action::Tick) is wanted then.
    pub fn next_tick(&self) -> Option<Duration> {
        let requests = (!self.pending.is_empty()).then(|| self.request_due());
        let analyses = (0..self.jobs.len())
            .filter_map(|job| self.analysis_due(job))
            .min();
        [requests, analyses, self.intervals_due()]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn request_due(&self) -> Duration {
        self.requested_at
            .map_or(Duration::ZERO, |at| at + BETWEEN_REQUESTS)
    }

    /// When a job's scores are to be analysed; `None` where nothing is new.
    pub(super) fn analysis_due(&self, job: usize) -> Option<Duration> {
        let wait = match (job == self.view.job, self.is_dragging()) {
            (true, true) => BETWEEN_ANALYSES_DRAGGING,
            (true, false) => BETWEEN_ANALYSES,
            (false, _) => BETWEEN_ANALYSES_ASIDE,
        };
        let job = self.jobs.get(job).filter(|job| job.dirty)?;
        Some(job.analysed_at.map_or(Duration::ZERO, |at| at + wait))
    }

    /// When the selected job's intervals are to be computed; `None` where they are, or are being.
    pub(super) fn intervals_due(&self) -> Option<Duration> {
        let job = self.selected().filter(|_| !self.intervals_in_flight)?;
        let replicates = self.replicates(job);
        let lacks = |analysis: &Option<Analysis>| {
            analysis
                .as_ref()
                .is_some_and(|analysis| !analysis.has_intervals(replicates))
        };
        if job.dirty || !(lacks(&job.baseline) || (lacks(&job.odin) && !job.is_stale())) {
            return None;
        }
        let outgrown =
            |analysis: &Option<Analysis>| analysis.as_ref().is_some_and(Analysis::has_outgrown_intervals);
        let wait = if outgrown(&job.odin) {
            BETWEEN_FIRST_INTERVALS
        } else {
            BETWEEN_INTERVALS
        };
        match (self.intervals_wanted_at, &job.state) {
            (Some(at), JobState::Running) => Some(at + wait),
            _ => Some(Duration::ZERO),
        }
    }

    pub(super) fn replicates(&self, job: &Job) -> usize {
        if job.is_active() {
            REPLICATES
        } else {
            REPLICATES_DONE
        }
    }

    /// Says something on the status line, and in the log.
    pub(super) fn say(&mut self, level: Level, text: &str) {
        self.log.push(self.now, level, text);
        let line: String = text
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .collect();
        self.status = Some(Status { level, text: line });
    }
}
