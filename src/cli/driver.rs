//! Driving an engine from the command line: one comparison after another, and what each comes to.
use std::sync::mpsc::{self, Receiver};

use anyhow::bail;

use super::What;
use crate::engine::protocol::{Command, Event, Generation, ImageScore, JobId, JobSpec, Order, Placement};
use crate::engine::{Budget, Engine};
use crate::home::Home;
use crate::metrics::{Comparison, Conventions, Side};
use crate::networks::NetworkCard;
use crate::runs::{self, Detector, Record};
use crate::units::{Devices, LogOdds};

/// Bootstrap replicates behind each interval.
const REPLICATES: usize = 1000;

/// Scores of both sides in file order, and how long they took.
pub struct Scored {
    pub ins: Vec<ImageScore>,
    pub outs: Vec<ImageScore>,
    /// How many of them were known from earlier runs.
    pub from_evidence: usize,
    pub devices: Devices,
    pub seconds: f64,
}

impl Scored {
    /// Whether each in-distribution image was classified rightly; `None` where one of them has no label, since a CCR
    /// over the labelled part would be that of another set.
    fn correct(&self) -> Option<Vec<bool>> {
        self.ins
            .iter()
            .map(|s| s.label.map(|label| label == s.prediction))
            .collect()
    }

    /// Compares the two sides by the score given.
    pub fn comparison(&self, score: impl Fn(&ImageScore) -> LogOdds) -> anyhow::Result<Comparison> {
        let values = |all: &[ImageScore]| all.iter().map(|s| score(s).0).collect::<Vec<f64>>();
        Ok(Comparison::with_correct(
            &values(&self.ins),
            self.correct().as_deref(),
            &values(&self.outs),
        )?)
    }
}

/// What there is of a job under way, in the order in which it came.
pub struct SoFar<'a> {
    pub ins: &'a [ImageScore],
    pub outs: &'a [ImageScore],
    pub total_in: usize,
    pub total_out: usize,
}

/// An engine and what it says. What one comparison has shown serves the next.
pub struct Driver {
    engine: Engine,
    events: Receiver<Event>,
    devices: Devices,
    generation: Generation,
}

impl Driver {
    /// Evidence is kept in memory and, unless it is all to be computed afresh, on disk.
    pub fn start(home: &Home, devices: impl Into<Devices>, fresh: bool) -> anyhow::Result<Self> {
        let budget = Budget::from_env()?;
        let budget = if fresh { budget.in_memory() } else { budget };
        let (sender, events) = mpsc::channel();
        let engine = Engine::start(home, budget, move |event| {
            // The receiver goes when scoring is over or has failed; what comes later is of no interest.
            let _ = sender.send(event);
        })?;
        Ok(Self {
            engine,
            events,
            devices: devices.into(),
            generation: Generation::default(),
        })
    }

    /// Scores the job to its end, in file order.
    pub fn score(&mut self, spec: JobSpec, bar: &indicatif::ProgressBar) -> anyhow::Result<Scored> {
        self.score_watched(spec, bar, &mut |_| Ok(()))
    }

    /// As [`Driver::score`]; `watch` sees what there is after each batch, and ends it by an error.
    pub fn score_watched(
        &mut self,
        spec: JobSpec,
        bar: &indicatif::ProgressBar,
        watch: &mut dyn FnMut(&SoFar) -> anyhow::Result<()>,
    ) -> anyhow::Result<Scored> {
        self.generation.0 += 1;
        let ours = self.generation;
        self.engine.send(Command::Score {
            job: JobId(0),
            generation: ours,
            placement: Placement {
                devices: self.devices.clone(),
                ..Placement::default()
            },
            spec,
        });
        let (mut ins, mut outs, mut on) = (Vec::new(), Vec::new(), Devices::default());
        let mut from_evidence = 0;
        let mut totals = (0, 0);
        for event in &self.events {
            match event {
                Event::Started {
                    generation,
                    devices,
                    total_in,
                    total_out,
                    ..
                } if generation == ours => {
                    on = devices;
                    totals = (total_in, total_out);
                    bar.set_position(0);
                    bar.set_length((total_in + total_out) as u64);
                }
                Event::Scored(batch) if batch.generation == ours => {
                    bar.inc(batch.scores.len() as u64);
                    from_evidence += if batch.from_cache { batch.scores.len() } else { 0 };
                    match batch.side {
                        Side::In => ins.extend(batch.scores),
                        Side::Out => outs.extend(batch.scores),
                    }
                    let so_far = SoFar {
                        ins: &ins,
                        outs: &outs,
                        total_in: totals.0,
                        total_out: totals.1,
                    };
                    watch(&so_far)?;
                }
                Event::Finished {
                    generation, seconds, ..
                } if generation == ours => {
                    // Batches come back as they are done.
                    ins.sort_unstable_by_key(|score: &ImageScore| score.index);
                    outs.sort_unstable_by_key(|score: &ImageScore| score.index);
                    return Ok(Scored {
                        ins,
                        outs,
                        from_evidence,
                        devices: on,
                        seconds,
                    });
                }
                Event::Failed {
                    generation, reason, ..
                } if generation == ours => {
                    bar.finish_and_clear();
                    bail!(reason);
                }
                // Nothing was asked that they would answer.
                Event::Classes { .. } | Event::Thumbnails { .. } | Event::Inspected { .. } => {}
                Event::Warning { text } => bar.suspend(|| eprintln!("warning: {text}")),
                // What is left of a job that was given up is stale.
                Event::Ready { .. }
                | Event::Memory { .. }
                | Event::Started { .. }
                | Event::Scored(_)
                | Event::Finished { .. }
                | Event::Failed { .. } => {}
            }
        }
        bail!("the scoring thread ended without a word")
    }
}

/// The job that the arguments describe.
pub fn job(what: &What) -> JobSpec {
    JobSpec {
        network: what.network.clone(),
        weights: what.weights.clone(),
        in_dataset: what.in_dataset.clone(),
        dataset: what.dataset.clone(),
        temperature: what.temperature,
        magnitude: what.magnitude,
        skip: what.skip,
        limit: what.limit,
        batch: what.batch.map(|n| n as usize),
        seed: what.seed,
        order: Order::File,
    }
}

/// What a finished comparison comes to, with intervals.
pub fn record(card: &NetworkCard, spec: &JobSpec, scored: &Scored) -> anyhow::Result<Record> {
    let conventions = Conventions::default();
    let measure = |score: fn(&ImageScore) -> LogOdds| -> anyhow::Result<Detector> {
        Ok(runs::detector(
            &scored.comparison(score)?,
            &conventions,
            REPLICATES,
            spec.seed,
        ))
    };
    let Scored {
        ins,
        outs,
        from_evidence,
        devices,
        seconds,
    } = scored;
    let computed = ins.len() + outs.len() - from_evidence;
    let weights = spec.weights.clone().unwrap_or_else(|| card.weights_path());
    let share = |all: Vec<bool>| all.iter().filter(|&&one| one).count() as f64 / all.len().max(1) as f64;
    Ok(Record {
        network: card.name.clone(),
        weights: weights.display().to_string(),
        in_dataset: spec.in_dataset.clone().unwrap_or_else(|| card.in_dataset.clone()),
        dataset: spec.dataset.clone(),
        temperature: spec.temperature,
        magnitude: spec.magnitude,
        n_in: ins.len(),
        n_out: outs.len(),
        n_from_evidence: *from_evidence,
        device: devices.to_string(),
        seconds: *seconds,
        images_per_second: (computed > 0).then(|| computed as f64 / seconds.max(f64::MIN_POSITIVE)),
        accuracy: scored.correct().map(share),
        conventions,
        baseline: measure(|s| s.baseline)?,
        odin: measure(|s| s.odin)?,
    })
}
