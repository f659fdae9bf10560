//! A job as the dashboard sees it: what was asked for, how far it is, and what came out so far.
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::analysis::Analysis;
use super::rate::Rate;
use super::scores::ScoreSet;
use super::slider::Span;
use crate::engine::protocol::{Generation, JobId, JobSpec, Placement};
use crate::session::{self, Detector};
use crate::units::{Devices, Magnitude, Temperature};

/// What a person moves: T and ε.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    pub temperature: Temperature,
    pub magnitude: Magnitude,
}

impl Parameters {
    pub const BASELINE: Self = Self {
        temperature: Temperature::ONE,
        magnitude: Magnitude::ZERO,
    };
}

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
        reason: String,
    },
    Cancelled,
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
    /// As the session's file has it, but for T and ε.
    pub(super) source: session::Job,
    /// T and ε as they were given: by the file, or by a choice on validation images.
    pub(super) given: Parameters,
    /// The devices that its queue asks for.
    pub devices: Devices,
    /// Those that it is computed on, once the engine has said so.
    pub found_devices: Option<Devices>,
    pub spec: JobSpec,
    pub temperature_span: Span,
    pub magnitude_span: Span,
    pub state: JobState,
    /// Known once the engine has begun.
    pub totals: Option<Totals>,
    /// Of the present parameters, or of those before until the first scores come; see [`Job::is_stale`].
    pub odin: Option<Analysis>,
    pub baseline: Option<Analysis>,
    /// Of another detector, while a person looks at it.
    pub other: Option<Analysis>,
    pub(super) generation: Generation,
    pub(super) scores: ScoreSet,
    pub(super) rate: Rate,
    /// Scores came that the analyses do not hold yet.
    pub(super) dirty: bool,
    pub(super) analysed_at: Option<Duration>,
    /// What was asked to be made exact: of which detector, of how many images, of which request.
    pub(super) exact_asked: Vec<(Detector, u64, Generation)>,
}

impl Job {
    pub(super) fn new(id: JobId, source: session::Job, spec: JobSpec) -> Self {
        let mut job = Self {
            id,
            queue: String::new(),
            queue_number: 0,
            source,
            given: Parameters {
                temperature: spec.temperature,
                magnitude: spec.magnitude,
            },
            devices: Devices::default(),
            found_devices: None,
            temperature_span: Span::TEMPERATURE,
            magnitude_span: Span::MAGNITUDE,
            state: JobState::Waiting,
            totals: None,
            odin: None,
            baseline: None,
            other: None,
            generation: Generation::default(),
            scores: ScoreSet::default(),
            rate: Rate::default(),
            dirty: false,
            analysed_at: None,
            exact_asked: Vec::new(),
            spec,
        };
        job.reach();
        job
    }

    pub fn parameters(&self) -> Parameters {
        Parameters {
            temperature: self.spec.temperature,
            magnitude: self.spec.magnitude,
        }
    }

    /// Whether a person moved T or ε while looking at the very images that the metrics are of.
    pub fn is_tuned_here(&self) -> bool {
        self.parameters() != self.given
    }

    /// Where it is computed, in its queue's turn or in the background.
    pub(super) fn placement(&self, background: bool) -> Placement {
        Placement {
            devices: self.devices.clone(),
            lane: self.queue_number as u32,
            background,
        }
    }

    /// Takes other parameters: ODIN's scores so far are of no use then, the baseline's are.
    pub(super) fn set_parameters(&mut self, parameters: Parameters) {
        self.spec.temperature = parameters.temperature;
        self.spec.magnitude = parameters.magnitude;
        self.reach();
        self.scores.forget_odin();
        self.next_generation();
    }

    /// What the engine still sends of the work before is stale from now on.
    pub(super) fn next_generation(&mut self) {
        self.generation.0 += 1;
        self.exact_asked.clear();
        self.rate.stop();
    }

    fn reach(&mut self) {
        self.temperature_span.reach_temperature(self.spec.temperature);
        self.magnitude_span.reach_magnitude(self.spec.magnitude);
    }

    pub fn analysis(&self, detector: Detector) -> Option<&Analysis> {
        match detector {
            Detector::Odin => self.odin.as_ref(),
            Detector::Baseline => self.baseline.as_ref(),
            other => self.other.as_ref().filter(|analysis| analysis.detector == other),
        }
    }

    /// Every analysis that there is.
    pub(super) fn analyses(&mut self) -> impl Iterator<Item = &mut Analysis> {
        [&mut self.odin, &mut self.baseline, &mut self.other]
            .into_iter()
            .flatten()
    }

    /// Whether what [`Job::odin`] holds is of other parameters than the present ones.
    pub fn is_stale(&self) -> bool {
        self.is_stale_by(Detector::Odin)
    }

    /// Whether the analysis of a detector is of other parameters than the present ones, and that matters to it.
    pub fn is_stale_by(&self, detector: Detector) -> bool {
        let analysis = self.analysis(detector).filter(|_| detector.has_parameters());
        analysis.is_some_and(|analysis| analysis.parameters != self.parameters())
    }

    /// Images with a score at the present parameters.
    pub fn scored(&self) -> usize {
        self.scores.scored()
    }

    /// Share of the images that are scored.
    pub fn progress(&self) -> Option<f64> {
        let total = self.total()?;
        Some(if total == 0 {
            1.0
        } else {
            (self.scored() as f64 / total as f64).min(1.0)
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
