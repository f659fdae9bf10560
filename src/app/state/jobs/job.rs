//! A job as the dashboard sees it: what was asked for, its progress, and its results so far.
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::rate::Rate;
use crate::app::state::analysis::Analysis;
use crate::app::state::groups::ImageGroups;
use crate::app::state::parameters::{Parameters, Span};
use crate::app::state::scores::ScoreSet;
use odin_core::protocol::{Failure, FittedOn, Generation, JobId, JobSpec, Placement, ScoreTable};
use odin_core::session::{self, Detector, Tuned, TunedOn};
use odin_core::setting::{Setting, Settings};
use odin_core::units::Devices;

#[derive(Debug, Clone, PartialEq)]
pub enum JobState {
    /// Queued, or about to be.
    Waiting,
    Running,
    Paused,
    Done {
        seconds: f64,
    },
    Failed {
        reason: JobFailure,
    },
    Cancelled,
}

impl JobState {
    /// In a word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobFailure {
    /// There is no engine to score it; it waits again once there is one.
    NoEngine,
    /// What the engine said, in one line.
    Scoring(Failure),
}

impl fmt::Display for JobFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoEngine => "no engine",
            Self::Scoring(failure) => &failure.text,
        })
    }
}

/// What a job's detectors are fitted on, and which of them cannot score.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fit {
    pub on: Option<FittedOn>,
    /// Images passed through the network, of all; while the job waits for them.
    pub progress: Option<(usize, usize)>,
    /// Why each has no scores.
    pub missing: BTreeMap<Detector, String>,
    /// The request that was told so last.
    told: Option<Generation>,
}

/// How many images there are on each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub ins: usize,
    pub outs: usize,
}

#[derive(Debug, Clone)]
pub struct Job {
    pub id: JobId,
    pub queue: String,
    /// The place of its queue in the session.
    pub queue_number: usize,
    /// As the session's file has it, except for the detectors' knobs.
    pub(in crate::app) source: session::Job,
    /// The detectors' knobs when the job was loaded or added.
    pub(in crate::app) given: Settings,
    /// The settings that were chosen by a rule, and how.
    chosen: Vec<(Setting, Tuned)>,
    /// The devices that its queue requests.
    pub devices: Devices,
    /// The devices that score it, once the engine has resolved them.
    pub found_devices: Option<Devices>,
    pub spec: JobSpec,
    /// The ends of the sliders that have moved outwards.
    spans: BTreeMap<(Detector, u8), Span>,
    pub state: JobState,
    /// What its scores were last asked for by.
    pub(in crate::app) asked: Settings,
    /// What its detectors are fitted on.
    pub fit: Fit,
    /// Known once the engine has opened the sets.
    pub totals: Option<Totals>,
    /// Which images belong together, told by the engine too.
    pub(in crate::app) groups: ImageGroups,
    /// At the present parameters, or at the previous ones until new scores arrive; see [`Job::is_stale`].
    pub odin: Option<Analysis>,
    pub baseline: Option<Analysis>,
    /// Of another detector, while it is the one shown.
    pub other: Option<Analysis>,
    pub(in crate::app) generation: Generation,
    pub(in crate::app) scores: ScoreSet,
    /// Images of [`Job::scored`] whose scores were known before.
    pub(in crate::app) from_evidence: usize,
    pub(in crate::app) rate: Rate,
    /// Whether its scores are to be analysed again: some have arrived, or another detector is shown.
    pub(in crate::app) needs_analysis: bool,
    pub(in crate::app) analysed_at: Option<Duration>,
    /// Which analyses an exact comparison was requested for: the setting and the number of images.
    pub(in crate::app) exact_requested: Vec<(Setting, u64)>,
}

impl Job {
    pub(in crate::app) fn new(id: JobId, source: session::Job, spec: JobSpec) -> Self {
        // A session says how T and ε were chosen.
        let odin = setting_of(&spec.settings, Detector::Odin);
        let mut job = Self {
            id,
            queue: String::new(),
            queue_number: 0,
            chosen: source.tuned.iter().map(|tuned| (odin, tuned.clone())).collect(),
            source,
            given: spec.settings.clone(),
            devices: Devices::default(),
            found_devices: None,
            spans: BTreeMap::new(),
            state: JobState::Waiting,
            asked: Settings::default(),
            fit: Fit::default(),
            totals: None,
            groups: ImageGroups::default(),
            odin: None,
            baseline: None,
            other: None,
            generation: Generation::default(),
            scores: ScoreSet::default(),
            from_evidence: 0,
            rate: Rate::default(),
            needs_analysis: false,
            analysed_at: None,
            exact_requested: Vec::new(),
            spec,
        };
        job.reach();
        job
    }

    /// These detectors have no scores, as a request is told; those that it asked for too have by now.
    pub(in crate::app) fn lack(&mut self, generation: Generation, detectors: Vec<(Detector, String)>) {
        self.fit.progress = None;
        if self.fit.told != Some(generation) {
            self.fit.told = Some(generation);
            let asked = &self.asked;
            self.fit
                .missing
                .retain(|detector, _| asked.get(*detector).is_none());
        }
        self.fit.missing.extend(detectors);
    }

    /// Scores have arrived. What an earlier request lacked and this one has is missing no more.
    pub(in crate::app) fn found(&mut self, generation: Generation, scores: &ScoreTable) {
        if self.fit.told == Some(generation) {
            return;
        }
        for (setting, _) in scores.columns() {
            self.fit.missing.remove(&setting.detector());
        }
    }

    /// The detector that the session names for the job.
    pub fn source_detector(&self) -> Option<Detector> {
        self.source.detector
    }

    /// ODIN's T and ε.
    pub fn parameters(&self) -> Parameters {
        let (temperature, magnitude) = self.spec.settings.perturbation();
        Parameters {
            temperature,
            magnitude,
        }
    }

    /// The detector with its knobs as they are now.
    pub fn setting(&self, detector: Detector) -> Setting {
        setting_of(&self.spec.settings, detector)
    }

    /// Whether the detector's present knobs were chosen on images that are reported, by hand or by a rule.
    pub fn is_tuned_here(&self, detector: Detector) -> bool {
        self.tuned(detector)
            .is_some_and(|tuned| tuned.on == TunedOn::Reported)
    }

    /// How the detector's present knobs were chosen; `None` where they were not tuned. What a person moves while looking at
    /// metrics of the same images counts as tuned on them.
    pub fn tuned(&self, detector: Detector) -> Option<Tuned> {
        let now = self.setting(detector);
        let chosen = self.chosen.iter().rev().find(|(at, _)| *at == now);
        let by_hand = || Tuned {
            on: TunedOn::Reported,
            images: None,
            metric: None,
            dataset: None,
        };
        match chosen {
            Some((_, tuned)) => Some(tuned.clone()),
            None => (now != setting_of(&self.given, detector)).then(by_hand),
        }
    }

    /// The detector's present knobs were chosen like this.
    pub(in crate::app) fn choose(&mut self, detector: Detector, tuned: Tuned) {
        let now = self.setting(detector);
        self.chosen.retain(|(at, _)| *at != now);
        self.chosen.push((now, tuned));
    }

    /// Where and when it is scored: in turn with its queue, or in the background.
    pub(in crate::app) fn placement(&self, background: bool) -> Placement {
        Placement {
            devices: self.devices.clone(),
            lane: u32::try_from(self.queue_number).expect("a session has fewer than 2³² queues"),
            background,
        }
    }

    /// Puts a detector at other knobs, and drops the scores at those that it had.
    pub(in crate::app) fn set(&mut self, setting: Setting) {
        self.spec.settings.set(setting);
        self.reach();
        let settings = self.spec.settings.clone();
        self.scores
            .keep_only(|known| setting_of(&settings, known.detector()) == *known);
        // Where ODIN's are dropped, none is known from before.
        self.from_evidence = self.from_evidence.min(self.scored());
        self.next_generation();
    }

    /// From now on, what the engine still sends for the previous request is stale.
    pub(in crate::app) fn next_generation(&mut self) {
        self.generation.0 += 1;
        self.fit.progress = None;
        self.exact_requested.clear();
        self.rate.stop();
    }

    fn reach(&mut self) {
        for setting in self.spec.settings.iter() {
            for (place, (knob, value)) in (0..).zip(setting.knobs()) {
                let span = self.spans.entry((setting.detector(), place));
                span.or_insert_with(|| Span::of(knob)).reach(value);
            }
        }
    }

    /// The ends of the slider of a detector's knob; `None` where it has no such knob.
    pub fn span(&self, detector: Detector, place: u8) -> Option<Span> {
        let known = self.spans.get(&(detector, place)).copied();
        known.or_else(|| detector.knobs().get(usize::from(place)).map(Span::of))
    }

    pub fn analysis(&self, detector: Detector) -> Option<&Analysis> {
        match detector {
            Detector::Odin => self.odin.as_ref(),
            Detector::Baseline => self.baseline.as_ref(),
            other => self
                .other
                .as_ref()
                .filter(|analysis| analysis.detector() == other),
        }
    }

    /// Every analysis there is.
    pub(in crate::app) fn analyses(&mut self) -> impl Iterator<Item = &mut Analysis> {
        [&mut self.odin, &mut self.baseline, &mut self.other]
            .into_iter()
            .flatten()
    }

    /// Whether [`Job::odin`] is at a T or ε other than the present ones.
    pub fn is_stale(&self) -> bool {
        self.is_stale_by(Detector::Odin)
    }

    /// Whether a detector's analysis is at knobs other than the present ones.
    pub fn is_stale_by(&self, detector: Detector) -> bool {
        let analysis = self.analysis(detector);
        analysis.is_some_and(|analysis| analysis.setting != self.setting(detector))
    }

    /// Images with a score at the present parameters.
    pub fn scored(&self) -> usize {
        self.scores.scored(&self.setting(Detector::Odin))
    }

    /// Whether any image is known, at whatever T and ε.
    pub fn has_images(&self) -> bool {
        let baseline = self.scores.live(&self.setting(Detector::Baseline));
        baseline.is_some_and(|live| live.images() > 0)
    }

    /// Share of the work that is done: of the images whose scores were not known before.
    pub fn progress(&self) -> Option<f64> {
        let work = self.total()?.saturating_sub(self.from_evidence);
        let done = self.scored().saturating_sub(self.from_evidence);
        Some(if work == 0 {
            1.0
        } else {
            (done as f64 / work as f64).min(1.0)
        })
    }

    pub fn total(&self) -> Option<usize> {
        self.totals.map(|totals| totals.ins.saturating_add(totals.outs))
    }

    pub fn images_per_second(&self) -> Option<f64> {
        (self.state == JobState::Running)
            .then(|| self.rate.per_second())
            .flatten()
    }

    pub fn seconds_left(&self) -> Option<f64> {
        let left = self.total()?.saturating_sub(self.scored());
        Some(left as f64 / self.images_per_second()?)
    }

    pub fn is_active(&self) -> bool {
        matches!(self.state, JobState::Waiting | JobState::Running)
    }
}

/// A detector's setting among these, or with its knobs at their defaults.
fn setting_of(settings: &Settings, detector: Detector) -> Setting {
    let known = settings.get(detector);
    known.copied().unwrap_or_else(|| Setting::new(detector))
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.spec.dataset, self.spec.network)
    }
}
