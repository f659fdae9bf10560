//! An engine as the command line uses it: comparisons, and single score sets, are asked for and waited for, from any number of
//! threads.
mod score_set;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use indicatif::{MultiProgress, ProgressBar};
use odin_core::comparisons::{Comparisons, JobCommand, JobEvent};
use odin_core::protocol::{
    Command, EngineEnded, EngineProcess, Event, Failure, FailureKind, FittedOn, Generation, JobId, JobSpec,
    Placement, ScoreBatch, ScoreTable, SetId,
};

pub(super) use score_set::{PendingSet, ScoredSet, no_scores};

use super::engine;
use odin_core::home::Home;
use odin_core::plain::plain;
use odin_core::runs::evidence::Budget;
use odin_core::setting::Detector;
use odin_core::units::Devices;
use odin_metrics::{Comparison, Side};

/// Scores of both sides in file order, and how long they took.
pub(super) struct Scored {
    pub ins: ScoreTable,
    pub outs: ScoreTable,
    /// How many of them were known from earlier runs.
    pub from_evidence: usize,
    pub devices: Devices,
    pub seconds: f64,
    /// Detectors that have no scores, each with why.
    pub missing: BTreeMap<Detector, String>,
    pub fitted_on: Option<FittedOn>,
}

impl Scored {
    /// Scores by a detector, of both sides.
    pub(super) fn by(&self, detector: Detector) -> anyhow::Result<[&[f64]; 2]> {
        match (self.ins.of(detector), self.outs.of(detector)) {
            (Some(ins), Some(outs)) => Ok([ins, outs]),
            _ => bail!("no scores by {detector} were asked for"),
        }
    }

    /// Compares the two sides by a detector's scores. An in-distribution image without a label leaves out what needs labels:
    /// a CCR over the labelled part would be that of another set.
    pub(super) fn comparison(&self, detector: Detector) -> anyhow::Result<Comparison> {
        let [ins, outs] = self.by(detector)?;
        Ok(Comparison::with_correct(
            ins,
            self.ins.correct().as_deref(),
            outs,
        )?)
    }
}

/// What there is of a comparison under way, in the order in which it came.
pub(super) struct SoFar<'a> {
    pub ins: &'a ScoreTable,
    pub outs: &'a ScoreTable,
    pub total_in: usize,
    pub total_out: usize,
}

/// The digest of a network's weights, or why there is none.
type Answer = Result<String, Failure>;

/// Where what the engine says goes.
#[derive(Default)]
struct Routes {
    comparisons: Comparisons,
    jobs: HashMap<JobId, Sender<JobEvent>>,
    sets: HashMap<SetId, Sender<Event>>,
    digests: Vec<(String, Option<PathBuf>, Sender<Answer>)>,
    /// Why the engine says no more.
    ended: Option<Failure>,
}

/// An engine in a process of its own. What one comparison has shown serves the next.
pub(super) struct Client {
    engine: EngineProcess,
    routes: Arc<Mutex<Routes>>,
    next: AtomicU32,
}

impl Client {
    /// Evidence is kept in memory and, unless it is all to be computed afresh, on disk. Warnings are printed above the bars.
    pub(super) fn start(home: &Home, fresh: bool, bars: &MultiProgress) -> anyhow::Result<Self> {
        // The engine reads it too; here a wrong value is an error before anything starts.
        Budget::from_env()?;
        let program = engine::program()?;
        let routes: Arc<Mutex<Routes>> = Arc::default();
        let (ours, bars) = (routes.clone(), bars.clone());
        let hear = move |event: Result<Event, EngineEnded>| match event {
            Ok(Event::Warning { text }) => {
                bars.suspend(|| eprintln!("warning: {}", plain(&text)));
                Vec::new()
            }
            Ok(event) => lock(&ours).pass_on(event),
            Err(reason) => {
                lock(&ours).end(&reason);
                Vec::new()
            }
        };
        let engine = EngineProcess::start(&program, home, fresh, hear)
            .with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self {
            engine,
            routes,
            next: AtomicU32::new(0),
        })
    }

    /// Digest of the weights that a network scores with.
    pub(super) fn weights_digest(&self, network: &str, weights: Option<&Path>) -> Answer {
        let (sender, answer) = channel();
        let weights = weights.map(Path::to_owned);
        lock(&self.routes)
            .digests
            .push((network.to_owned(), weights.clone(), sender));
        self.engine.send(Command::Identify {
            network: network.to_owned(),
            weights,
        });
        self.wait(&answer).unwrap_or_else(|| Err(self.why_silent()))
    }

    /// Scores the comparison to its end, in file order.
    pub(super) fn score(
        &self,
        spec: JobSpec,
        devices: &Devices,
        bar: &ProgressBar,
    ) -> anyhow::Result<Scored> {
        self.score_watched(spec, devices, bar, &mut |_| Ok(()))
    }

    /// As [`Client::score`]; `watch` sees what there is after each batch, and ends it by an error.
    pub(super) fn score_watched(
        &self,
        spec: JobSpec,
        devices: &Devices,
        bar: &ProgressBar,
        watch: &mut dyn FnMut(&SoFar) -> anyhow::Result<()>,
    ) -> anyhow::Result<Scored> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let job = JobId::Job(number);
        let (sender, events) = channel();
        lock(&self.routes).jobs.insert(job, sender);
        self.ask(JobCommand::Score {
            job,
            generation: Generation::default(),
            placement: Placement {
                devices: devices.clone(),
                // Comparisons asked for side by side are served side by side.
                lane: number,
                ..Placement::default()
            },
            spec,
        });
        let scored = self.listen(&events, bar, watch);
        lock(&self.routes).jobs.remove(&job);
        if scored.is_err() {
            self.ask(JobCommand::Cancel { job });
        }
        scored
    }

    fn ask(&self, command: JobCommand) {
        let commands = lock(&self.routes).comparisons.ask(command);
        commands.into_iter().for_each(|command| self.engine.send(command));
    }

    fn listen(
        &self,
        events: &Receiver<JobEvent>,
        bar: &ProgressBar,
        watch: &mut dyn FnMut(&SoFar) -> anyhow::Result<()>,
    ) -> anyhow::Result<Scored> {
        let (mut ins, mut outs, mut on) = (ScoreTable::default(), ScoreTable::default(), Devices::default());
        let (mut from_evidence, mut totals) = (0, (0, 0));
        let (mut missing, mut fitted_on) = (BTreeMap::new(), None);
        let what = bar.message();
        loop {
            let event = self.wait(events).ok_or_else(|| self.why_silent())?;
            match event {
                JobEvent::Started {
                    devices,
                    total_in,
                    total_out,
                    ..
                } => {
                    on = devices;
                    totals = (total_in, total_out);
                    bar.set_message(what.clone());
                    bar.set_position(0);
                    bar.set_length((total_in + total_out) as u64);
                }
                JobEvent::Fitting { done, total, .. } => {
                    bar.set_message(format!("{what}: images to fit detectors on"));
                    bar.set_length(total as u64);
                    bar.set_position(done as u64);
                }
                JobEvent::Fitted { on, .. } => fitted_on = Some(on),
                JobEvent::Missing { detectors, .. } => missing.extend(detectors),
                JobEvent::Scored(batch) => {
                    bar.inc(batch.scores.len() as u64);
                    from_evidence += if batch.from_cache { batch.scores.len() } else { 0 };
                    match batch.side {
                        Side::In => ins.append(batch.scores),
                        Side::Out => outs.append(batch.scores),
                    }
                    watch(&SoFar {
                        ins: &ins,
                        outs: &outs,
                        total_in: totals.0,
                        total_out: totals.1,
                    })?;
                }
                JobEvent::Finished { seconds, .. } => {
                    // Batches come back as they are done.
                    ins.sort();
                    outs.sort();
                    return Ok(Scored {
                        ins,
                        outs,
                        from_evidence,
                        devices: on,
                        seconds,
                        missing,
                        fitted_on,
                    });
                }
                JobEvent::Failed { reason, .. } => {
                    bar.finish_and_clear();
                    return Err(reason.into());
                }
                // Nothing was asked that they would answer.
                JobEvent::Ready { .. }
                | JobEvent::Memory { .. }
                | JobEvent::Groups { .. }
                | JobEvent::Classes { .. }
                | JobEvent::Thumbnails { .. }
                | JobEvent::Inspected { .. }
                | JobEvent::Warning { .. } => {}
            }
        }
    }

    /// The next answer; `None` once the engine has ended.
    fn wait<T>(&self, answers: &Receiver<T>) -> Option<T> {
        if lock(&self.routes).ended.is_some() {
            return answers.try_recv().ok();
        }
        answers.recv().ok()
    }

    fn why_silent(&self) -> Failure {
        let ended = lock(&self.routes).ended.clone();
        ended.unwrap_or_else(|| Failure::new(FailureKind::Engine, "the engine has ended"))
    }
}

impl Routes {
    /// Gives what the engine is told because of it.
    fn pass_on(&mut self, event: Event) -> Vec<Command> {
        if let Event::Identified {
            network,
            weights,
            digest,
        } = event
        {
            let is_asked = |(of, file, _): &(String, Option<PathBuf>, _)| *of == network && *file == weights;
            for (_, _, sender) in self.digests.extract_if(.., |asked| is_asked(asked)) {
                // Whoever asked may have gone.
                let _ = sender.send(digest.clone());
            }
            return Vec::new();
        }
        if let Some(sender) = set_of(&event).and_then(|set| self.sets.get(&set)) {
            // Whoever asked may have gone.
            let _ = sender.send(event);
            return Vec::new();
        }
        let (told, replies) = self.comparisons.hear(event);
        for event in told {
            let job = match &event {
                JobEvent::Started { job, .. }
                | JobEvent::Finished { job, .. }
                | JobEvent::Failed { job, .. }
                | JobEvent::Fitting { job, .. }
                | JobEvent::Fitted { job, .. }
                | JobEvent::Missing { job, .. } => *job,
                JobEvent::Scored(batch) => batch.job,
                _ => continue,
            };
            if let Some(sender) = self.jobs.get(&job) {
                // Whoever asked may have gone.
                let _ = sender.send(event);
            }
        }
        replies
    }

    /// Closes every route: whoever waits hears that nothing comes any more.
    fn end(&mut self, reason: &EngineEnded) {
        self.ended = Some(Failure::new(FailureKind::Engine, reason));
        self.jobs.clear();
        self.sets.clear();
        self.digests.clear();
    }
}

/// The score set that an event is about.
fn set_of(event: &Event) -> Option<SetId> {
    match event {
        Event::Started { set, .. }
        | Event::Groups { set, .. }
        | Event::Scored(ScoreBatch { set, .. })
        | Event::Unreadable { set, .. }
        | Event::Fitting { set, .. }
        | Event::Fitted { set, .. }
        | Event::Missing { set, .. }
        | Event::Finished { set, .. }
        | Event::Failed { set, .. } => Some(*set),
        _ => None,
    }
}

fn lock(routes: &Mutex<Routes>) -> MutexGuard<'_, Routes> {
    routes.lock().unwrap_or_else(PoisonError::into_inner)
}
