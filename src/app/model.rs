//! Everything that the dashboard knows.
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use super::analysis::Analysis;
use super::appearance::ThemeName;
use super::catalogue::Catalogue;
use super::compare::Compare;
use super::grid::Grid;
use super::history::History;
use super::images::Gallery;
use super::job::{Job, JobState};
use super::keymap::Keymap;
use super::log::{Level, Log};
use super::overlay::Overlay;
use super::pin::Pin;
use super::restore::Restore;
use super::slider::{Cursor, Slider};
use super::typing::Typing;
use crate::engine::protocol::JobId;
use crate::session::{self, Detector, Queue, Screen, Session, View};
use crate::units::{Device, Memory};

/// Scoring is asked for at most so often while a slider moves.
pub(super) const BETWEEN_REQUESTS: Duration = Duration::from_millis(80);
/// Plots and metrics follow the scores at most so often; faster while a slider moves, slower where nobody looks.
const BETWEEN_ANALYSES: Duration = Duration::from_millis(100);
const BETWEEN_ANALYSES_AWAITED: Duration = Duration::from_millis(33);
/// For so long after T or ε has moved.
const AWAITED: Duration = Duration::from_millis(500);
const BETWEEN_ANALYSES_ASIDE: Duration = Duration::from_secs(1);
/// While scores come, intervals follow at most so often.
const BETWEEN_INTERVALS: Duration = Duration::from_secs(2);
/// Sooner where there are twice as many images by now; that is seldom, and at first only.
const BETWEEN_FIRST_INTERVALS: Duration = Duration::from_millis(300);
/// Changes that are not saved are kept aside once nothing has changed for so long.
const BEFORE_AUTOSAVE: Duration = Duration::from_secs(2);
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
    /// As it was loaded, or taken over. Of its queues only names and devices hold; the jobs are in `jobs`.
    pub session: Session,
    pub path: PathBuf,
    /// Queue by queue, in the order in which they are served.
    pub jobs: Vec<Job>,
    pub view: View,
    pub focus: Slider,
    pub cursor: Cursor,
    pub typing: Option<Typing>,
    /// What the person compares with.
    pub pin: Option<Pin>,
    /// What lies on top.
    pub overlay: Option<Overlay>,
    /// What jobs can be made of; empty until it is read.
    pub catalogue: Catalogue,
    pub log: Log,
    pub status: Option<Status>,
    pub engine: EngineState,
    /// Workers that are up, as they call themselves.
    pub devices: Vec<(Device, String)>,
    /// How much of their memory is in use, as far as they tell.
    pub memory: HashMap<Device, Memory>,
    pub keymap: Keymap,
    pub theme: ThemeName,
    /// Whether the terminal's window has the focus, as far as it says.
    pub has_focus: bool,
    /// Whether the terminal shows pictures.
    pub shows_pictures: bool,
    /// T × ε grids, each made when it is first looked at.
    pub(super) grids: BTreeMap<JobId, Grid>,
    /// Something of them is being computed aside.
    pub(super) grid_work_in_flight: bool,
    /// What the Images screen lists and knows.
    pub gallery: Gallery,
    /// How the rows of the Compare screen are sorted.
    pub compare: Compare,
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
    /// Queues and jobs in the file, and those on their way there.
    pub(super) saved: Vec<Queue>,
    pub(super) saving: Option<Vec<Queue>>,
    /// When jobs or parameters last changed, until that is kept aside.
    pub(super) touched_at: Option<Duration>,
    /// Something is kept aside.
    pub(super) is_kept_aside: bool,
    next_id: u64,
}

impl Model {
    pub fn new(session: Session, path: PathBuf) -> Self {
        let mut model = Self {
            saved: session.queues.clone(),
            view: session.view.clone(),
            session: session.clone(),
            path,
            jobs: Vec::new(),
            focus: Slider::default(),
            cursor: Cursor::default(),
            typing: None,
            pin: None,
            overlay: None,
            catalogue: Catalogue::default(),
            log: Log::default(),
            status: None,
            engine: EngineState::Starting,
            devices: Vec::new(),
            memory: HashMap::new(),
            keymap: Keymap::default(),
            theme: ThemeName::default(),
            has_focus: true,
            shows_pictures: false,
            grids: BTreeMap::new(),
            grid_work_in_flight: false,
            gallery: Gallery::default(),
            compare: Compare::default(),
            now: Duration::ZERO,
            history: History::default(),
            drag: None,
            pending: BTreeSet::new(),
            requested_at: None,
            intervals_wanted_at: None,
            intervals_in_flight: false,
            quit_asked: false,
            saving: None,
            touched_at: None,
            is_kept_aside: false,
            next_id: 0,
        };
        model.take_session(session);
        model
    }

    /// Takes over a session in place of the one that is there.
    pub(super) fn take_session(&mut self, session: Session) {
        self.jobs.clear();
        self.session = session;
        for (queue, jobs) in self
            .session
            .queues
            .clone()
            .into_iter()
            .map(|queue| queue.jobs)
            .enumerate()
        {
            for source in jobs {
                let job = self.new_job(queue, source);
                self.jobs.push(job);
            }
        }
        self.view = self.session.view.clone();
        self.view.job = self.view.job.min(self.jobs.len().saturating_sub(1));
    }

    /// Asks, before any job begins, whether to go on with what was not saved.
    pub fn offer(&mut self, restore: Restore) {
        self.is_kept_aside = true;
        self.overlay = Some(Overlay::Restore(restore));
    }

    /// A job of the session's n-th queue, which is made where there is none yet.
    pub(super) fn new_job(&mut self, queue: usize, source: session::Job) -> Job {
        if self.session.queues.is_empty() {
            self.session.queues.push(Queue {
                name: "jobs".to_owned(),
                device: None,
                jobs: Vec::new(),
            });
        }
        let spec = self.session.spec(&source);
        let mut job = Job::new(JobId(self.next_id), source, spec);
        self.next_id += 1;
        self.put_in_queue(&mut job, queue);
        job
    }

    pub(super) fn put_in_queue(&self, job: &mut Job, number: usize) {
        if let Some(queue) = self.session.queues.get(number) {
            job.queue_number = number;
            job.queue = queue.name.clone();
            job.devices = self.session.devices(queue).clone();
        }
    }

    pub fn selected(&self) -> Option<&Job> {
        self.jobs.get(self.view.job)
    }

    /// What the histogram and the threshold are about.
    pub fn shown(&self) -> Option<&Analysis> {
        self.selected()?.analysis(self.view.detector)
    }

    /// The grid of the selected job, once its sets are open.
    pub fn grid(&self) -> Option<&Grid> {
        let job = self.selected()?;
        self.grids.get(&job.id).filter(|grid| grid.is_of(job))
    }

    /// What is shown, to be pinned; nothing while it is of other parameters than the present ones.
    pub(super) fn pin_of_shown(&self) -> Option<Pin> {
        let job = self.selected()?;
        let detector = self.view.detector;
        let analysis = job.analysis(detector).filter(|_| !job.is_stale_by(detector))?;
        Some(Pin {
            job: job.id,
            network: job.spec.network.clone(),
            dataset: job.spec.dataset.clone(),
            parameters: job.parameters(),
            detector,
            analysis: analysis.clone(),
        })
    }

    pub fn is_dragging(&self) -> bool {
        self.drag.is_some()
    }

    /// Whether jobs or parameters differ from those in the file.
    pub fn is_unsaved(&self) -> bool {
        self.queues() != self.saved
    }

    /// The queues with the jobs as they are now.
    pub(super) fn queues(&self) -> Vec<Queue> {
        let mut queues = self.session.queues.clone();
        for (number, queue) in queues.iter_mut().enumerate() {
            let jobs = self.jobs.iter().filter(|job| job.queue_number == number);
            queue.jobs = jobs
                .map(|job| {
                    self.session
                        .with_parameters(&job.source, job.spec.temperature, job.spec.magnitude)
                })
                .collect();
        }
        // A queue that was made for jobs that are gone again.
        if self.saved.is_empty() {
            queues.retain(|queue| !queue.jobs.is_empty());
        }
        queues
    }

    /// The session as it is now, to be saved.
    pub fn to_session(&self) -> Session {
        Session {
            queues: self.queues(),
            view: self.view.clone(),
            ..self.session.clone()
        }
    }

    /// When something will be due, if nothing else happens: the next [`Action::Tick`](super::Action::Tick) is wanted then.
    pub fn next_tick(&self) -> Option<Duration> {
        let requests = (!self.pending.is_empty()).then(|| self.request_due());
        let analyses = (0..self.jobs.len())
            .filter_map(|job| self.analysis_due(job))
            .min();
        let images = super::update::images_due(self);
        [
            requests,
            analyses,
            self.intervals_due(),
            images,
            self.autosave_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When what changed is to be kept aside.
    pub(super) fn autosave_due(&self) -> Option<Duration> {
        self.touched_at.map(|at| at + BEFORE_AUTOSAVE)
    }

    /// Something that a save would keep has changed.
    pub(super) fn touch(&mut self) {
        self.touched_at = Some(self.now);
    }

    pub(super) fn request_due(&self) -> Duration {
        self.requested_at
            .map_or(Duration::ZERO, |at| at + BETWEEN_REQUESTS)
    }

    /// Whether a person has just moved T or ε and waits for what comes of it.
    pub(super) fn is_awaited(&self) -> bool {
        let asked = self.requested_at.map(|at| at + AWAITED);
        self.is_dragging() || asked.is_some_and(|until| self.now < until)
    }

    /// When a job's scores are to be analysed; `None` where nothing is new.
    pub(super) fn analysis_due(&self, job: usize) -> Option<Duration> {
        let wait = match (job == self.view.job, self.is_awaited()) {
            (true, true) => BETWEEN_ANALYSES_AWAITED,
            (true, false) => BETWEEN_ANALYSES,
            (false, _) => BETWEEN_ANALYSES_ASIDE,
        };
        let job = self.jobs.get(job).filter(|job| job.dirty)?;
        Some(job.analysed_at.map_or(Duration::ZERO, |at| at + wait))
    }

    /// When the selected job's intervals are to be computed; `None` where they are, or are being.
    pub(super) fn intervals_due(&self) -> Option<Duration> {
        let job = self.wants_intervals().filter(|_| !self.intervals_in_flight)?;
        if !self.lacks_intervals(job) {
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

    /// What is looked at of a job and has no intervals yet.
    pub(super) fn lacking_intervals<'a>(
        &'a self,
        job: &'a Job,
        replicates: usize,
    ) -> impl Iterator<Item = &'a Analysis> {
        let shown = self.view.detector;
        let third = (!matches!(shown, Detector::Odin | Detector::Baseline)).then_some(shown);
        [Detector::Odin, Detector::Baseline]
            .into_iter()
            .chain(third)
            .filter(|&detector| !job.is_stale_by(detector))
            .filter_map(|detector| job.analysis(detector))
            .filter(move |analysis| !analysis.has_intervals(replicates))
    }

    /// Whose intervals are looked at: the selected job's; in the table of all jobs then those of the others at rest.
    pub(super) fn wants_intervals(&self) -> Option<&Job> {
        let selected = self.selected();
        if self.view.screen != Screen::Compare || selected.is_some_and(|job| self.lacks_intervals(job)) {
            return selected;
        }
        let mut others = self.jobs.iter().filter(|job| !job.is_active());
        others.find(|job| self.lacks_intervals(job)).or(selected)
    }

    fn lacks_intervals(&self, job: &Job) -> bool {
        !job.dirty && self.lacking_intervals(job, self.replicates(job)).next().is_some()
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
        self.say_quietly(level, text);
    }

    /// Says, before the dashboard begins, what is not as it should be.
    pub fn warn(&mut self, text: &str) {
        self.say(Level::Warning, text);
    }

    /// Says something on the status line alone.
    pub(super) fn say_quietly(&mut self, level: Level, text: &str) {
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
