//! Everything that the dashboard knows: the states of all features together.
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::keymap::Keymap;
use super::state::analysis::{Analysis, ImageScores, IntervalWork};
use super::state::catalogue::Catalogue;
use super::state::compare::{self, Compare};
use super::state::detectors::{self, Detectors};
use super::state::engine::{EngineState, Requests};
use super::state::grid::{Grid, GridId, Transfer};
use super::state::images::Gallery;
use super::state::jobs::{History, Job, JobFilter, JobState};
use super::state::log::{Level, Log, Status};
use super::state::overlay::{Overlay, Restore};
use super::state::parameters::{Slider, Typing};
use super::state::pin::{Pin, Pinning};
use super::state::saving::Saving;
use super::state::theme::ThemeName;
use super::state::threshold::Cursor;
use odin_core::protocol::JobId;
use odin_core::report::Table;
use odin_core::session::{self, Detector, Pinned, Queue, Screen, Session, View};
use odin_core::setting::Settings;
use odin_core::units::{Device, Memory};
use odin_metrics::Changes;

/// Why there is a job at a place.
const IN_THE_LIST: &str = "places of jobs are taken from the list, and are used before it changes";

#[derive(Debug, Clone)]
pub struct Model {
    /// The session as it was loaded or restored. The jobs in its queues are not kept up to date: see `jobs`.
    pub session: Session,
    pub path: PathBuf,
    /// Queue by queue, in the order in which they are scored. `view.job` is the place of the selected one.
    pub jobs: Vec<Job>,
    pub view: View,
    /// Which jobs the list shows.
    pub job_filter: JobFilter,
    pub focus: Slider,
    pub cursor: Cursor,
    pub typing: Option<Typing>,
    /// The setting that the one shown is compared with.
    pub pin: Option<Pin>,
    /// A setting that is scored to be pinned again, as it was when the dashboard was left.
    pub(super) pinning: Option<Pinning>,
    /// What lies on top of the screen.
    pub overlay: Option<Overlay>,
    /// What jobs can be made from; empty until it has been read.
    pub catalogue: Catalogue,
    pub log: Log,
    pub status: Option<Status>,
    pub engine: EngineState,
    /// Workers that are up, with their own descriptions.
    pub devices: Vec<(Device, String)>,
    /// How much of their memory is in use, for those that report it.
    pub memory: HashMap<Device, Memory>,
    pub keymap: Keymap,
    pub theme: ThemeName,
    /// Whether the terminal's window has the focus, as far as the terminal reports it.
    pub has_focus: bool,
    /// Whether the terminal shows pictures.
    pub shows_pictures: bool,
    /// What the Images screen lists and knows.
    pub gallery: Gallery,
    /// How the rows of the Compare screen are sorted.
    pub compare: Compare,
    /// What the Detectors screen shows.
    pub detectors: Detectors,
    /// Grids of knobs, each made when it is first looked at.
    pub(super) grids: BTreeMap<GridId, Grid>,
    /// The table of what is chosen on one set and reported on others.
    pub transfer: Transfer,
    /// Whether something of a grid is being computed in the background.
    pub(super) is_computing_grid: bool,
    pub(super) now: Duration,
    pub(super) history: History,
    /// The slider that the mouse drags.
    pub(super) drag: Option<Slider>,
    pub(super) requests: Requests,
    pub(super) intervals: IntervalWork,
    pub(super) saving: Saving,
    /// How many settings were pinned so far.
    pub(super) pins: u64,
    next_id: u32,
}

impl Model {
    pub fn new(session: Session, path: PathBuf) -> Self {
        let mut model = Self {
            saving: Saving {
                saved: session.queues.clone(),
                saved_view: session.view.clone(),
                ..Saving::default()
            },
            view: session.view.clone(),
            session: session.clone(),
            path,
            jobs: Vec::new(),
            job_filter: JobFilter::default(),
            focus: Slider::default(),
            cursor: Cursor::default(),
            typing: None,
            pin: None,
            pinning: None,
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
            gallery: Gallery::default(),
            compare: Compare::default(),
            detectors: Detectors::default(),
            grids: BTreeMap::new(),
            transfer: Transfer::default(),
            is_computing_grid: false,
            now: Duration::ZERO,
            history: History::default(),
            drag: None,
            requests: Requests::default(),
            intervals: IntervalWork::default(),
            pins: 0,
            next_id: 0,
        };
        model.take_session(session);
        model
    }

    /// Replaces the session and its jobs. Earlier changes cannot be undone then, for they were to other jobs.
    pub(super) fn take_session(&mut self, session: Session) {
        self.jobs.clear();
        self.history = History::default();
        self.requests = Requests::default();
        self.typing = None;
        self.drag = None;
        self.session = session;
        for (number, queue) in self.session.queues.clone().into_iter().enumerate() {
            for source in queue.jobs {
                let job = self.new_job(number, source);
                self.jobs.push(job);
            }
        }
        self.take_view(self.session.view.clone());
    }

    /// Shows what a view says: how the dashboard was left.
    pub fn take_view(&mut self, view: View) {
        self.cursor = view.threshold.into();
        self.compare = view.compare;
        self.gallery.take(view.images);
        self.pin = None;
        self.pinning = None;
        self.view = view;
        self.view.job = self.view.job.min(self.jobs.len().saturating_sub(1));
    }

    /// The view as it is now, to be saved or kept aside.
    pub fn left_view(&self) -> View {
        let pinned = self.pin.as_ref().map(|pin| {
            let job = self.jobs.iter().position(|job| job.id == pin.job)?;
            Some(Pinned {
                job,
                setting: pin.setting,
            })
        });
        View {
            threshold: self.cursor.into(),
            compare: self.compare,
            images: self.gallery.left(),
            // Until it is pinned again, what was pinned is still wanted.
            pin: pinned.unwrap_or(self.view.pin),
            ..self.view.clone()
        }
    }

    /// The view in the session's file.
    pub fn saved_view(&self) -> &View {
        &self.saving.saved_view
    }

    /// Asks, before any job is scored, whether to restore what was not saved.
    pub fn offer(&mut self, restore: Restore) {
        self.saving.has_autosave = true;
        self.overlay = Some(Overlay::Restore(restore));
    }

    /// A job for the session's n-th queue. A session without queues gets its first.
    pub(super) fn new_job(&mut self, queue: usize, source: session::Job) -> Job {
        if self.session.queues.is_empty() {
            self.session.queues.push(Queue {
                name: "jobs".to_owned(),
                device: None,
                jobs: Vec::new(),
            });
        }
        let spec = self.session.spec(&source);
        let mut job = Job::new(JobId::Job(self.next_id), source, spec);
        self.next_id += 1;
        self.put_in_queue(&mut job, queue);
        job
    }

    pub(super) fn put_in_queue(&self, job: &mut Job, number: usize) {
        let queue = self.session.queues.get(number);
        let queue = queue.expect("jobs are only put in queues of the session, and no queue is ever removed");
        job.queue_number = number;
        job.queue = queue.name.clone();
        job.devices = self.session.devices(queue).clone();
    }

    /// The jobs that the list shows, by their places.
    pub fn listed_jobs(&self) -> Vec<usize> {
        let jobs = self.jobs.iter().enumerate();
        let listed = jobs.filter(|(_, job)| self.job_filter.passes(job));
        listed.map(|(place, _)| place).collect()
    }

    /// How many jobs have failed.
    pub fn failed_jobs(&self) -> usize {
        let failed = |job: &&Job| matches!(job.state, JobState::Failed { .. });
        self.jobs.iter().filter(failed).count()
    }

    pub fn selected(&self) -> Option<&Job> {
        self.jobs.get(self.view.job)
    }

    /// The job at a place of the list.
    pub(super) fn job(&self, place: usize) -> &Job {
        self.jobs.get(place).expect(IN_THE_LIST)
    }

    /// The job at a place of the list.
    pub(super) fn job_mut(&mut self, place: usize) -> &mut Job {
        self.jobs.get_mut(place).expect(IN_THE_LIST)
    }

    /// `None` for a job that has been removed.
    pub(super) fn job_by_id(&self, id: JobId) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id == id)
    }

    /// `None` for a job that has been removed.
    pub(super) fn job_by_id_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    /// The analysis that the histogram and the threshold show.
    pub fn shown(&self) -> Option<&Analysis> {
        self.selected()?.analysis(self.view.detector)
    }

    /// The grid of the selected job and the detector that is shown, once the job's sets are open.
    pub fn grid(&self) -> Option<&Grid> {
        let job = self.selected()?;
        let grid = self.grids.get(&self.grid_id(job));
        grid.filter(|grid| grid.is_of(job))
    }

    /// The grid of a job and the detector that is shown.
    pub(super) fn grid_id(&self, job: &Job) -> GridId {
        GridId {
            job: job.id,
            detector: self.view.detector,
        }
    }

    /// The detector beside the baseline: the one that is shown, and ODIN where that is the baseline itself.
    pub fn beside(&self) -> Detector {
        compare::beside(self.view.detector)
    }

    /// The jobs in the order of the Compare screen, by their places in the list.
    pub fn compared(&self) -> Vec<usize> {
        compare::order(&self.jobs, self.compare, self.beside())
    }

    /// The table of the Compare screen as it is exported.
    pub(super) fn comparison_table(&self) -> Table {
        let row = |place: usize| compare::row(self.job(place), self.beside(), &self.catalogue);
        Table {
            detector: self.beside(),
            conventions: self.view.conventions,
            rows: self.compared().into_iter().map(row).collect(),
        }
    }

    /// What is shown, to be pinned. `None` while there is nothing, or it is at parameters other than the present ones.
    pub(super) fn pin_of_shown(&self) -> Option<Pin> {
        let job = self.selected()?;
        let detector = self.view.detector;
        let analysis = compare::present(job, detector)?;
        Some(Pin {
            number: self.pins,
            job: job.id,
            network: job.spec.network.clone(),
            dataset: job.spec.dataset.clone(),
            setting: analysis.setting,
            analysis: analysis.clone(),
            scores: Arc::new(ImageScores::of(&job.scores, &analysis.setting, &job.groups)),
            spec: job.spec.clone(),
            change: None,
        })
    }

    /// The detector whose knobs the sliders are: the one that is shown, and ODIN where that one has none.
    pub fn slider_detector(&self) -> Detector {
        match self.view.detector {
            shown if shown.knobs().is_empty() => Detector::Odin,
            shown => shown,
        }
    }

    /// What a job's scores are asked for by: the detectors on the logits and the one that is shown; on the Detectors screen
    /// all; while a slider is dragged no more than what the screen shows.
    pub(super) fn wanted(&self, job: &Job) -> Settings {
        let shown = [Detector::Odin, Detector::Baseline, self.view.detector];
        let usual = Detector::ON_LOGITS.into_iter().filter(|_| !self.is_dragging());
        let usual = shown.into_iter().chain(usual);
        let mut wanted: Settings = usual.map(|detector| job.setting(detector)).collect();
        if self.view.screen == Screen::Detectors {
            let all = detectors::scored(job, self.detectors.with_passes);
            all.into_iter().for_each(|setting| wanted.set(setting));
        }
        wanted
    }

    /// The changes that Explore shows, with paired 95 % intervals, once they are computed: from the pinned setting to the
    /// one that is shown, else from the baseline to the detector beside it.
    pub fn changes(&self) -> Option<Changes> {
        let job = self.selected()?;
        match &self.pin {
            Some(pin) => pin.changes_to(job, compare::present(job, self.view.detector)?),
            None => compare::present(job, self.beside())?.changes(),
        }
    }

    pub fn is_dragging(&self) -> bool {
        self.drag.is_some()
    }

    /// Whether jobs or parameters differ from those in the file.
    pub fn is_unsaved(&self) -> bool {
        self.queues() != self.saving.saved
    }

    /// The queues with the jobs as they are now.
    pub(super) fn queues(&self) -> Vec<Queue> {
        let mut queues = self.session.queues.clone();
        for (number, queue) in queues.iter_mut().enumerate() {
            let jobs = self.jobs.iter().filter(|job| job.queue_number == number);
            queue.jobs = jobs
                .map(|job| session::Job {
                    tuned: job.tuned(Detector::Odin),
                    ..self.session.with_settings(&job.source, &job.spec.settings)
                })
                .collect();
        }
        // A session without queues got one for a job that has been removed again.
        if self.saving.saved.is_empty() {
            queues.retain(|queue| !queue.jobs.is_empty());
        }
        queues
    }

    /// The session as it is now, to be saved.
    pub fn to_session(&self) -> Session {
        Session {
            queues: self.queues(),
            view: self.left_view(),
            ..self.session.clone()
        }
    }

    /// Something that would be saved has changed.
    pub(super) fn touch(&mut self) {
        self.saving.changed_at = Some(self.now);
    }

    /// Says something on the status line, and in the log.
    pub(super) fn say(&mut self, level: Level, text: &str) {
        self.log.push(self.now, level, text);
        self.say_quietly(level, text);
    }

    /// Says before the dashboard starts that something is wrong.
    pub fn warn(&mut self, text: &str) {
        self.say(Level::Warning, text);
    }

    /// Says something on the status line alone.
    pub(super) fn say_quietly(&mut self, level: Level, text: &str) {
        let text = one_line(text);
        self.status = Some(Status { level, text });
    }
}

/// The first line of a text, without control characters.
pub(super) fn one_line(text: &str) -> String {
    let first = text.lines().next().unwrap_or("");
    first.chars().filter(|c| !c.is_control()).collect()
}
