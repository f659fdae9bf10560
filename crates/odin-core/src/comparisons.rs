//! Comparisons: what a person asks for, as two score sets of an engine, and what the engine says of these as one.
//!
//! Plain bookkeeping between a client and an engine: no thread, no pipe.
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::protocol::{
    Command, Event, Failure, FittedOn, Generation, ImageId, Inspection, JobId, JobSpec, Pixels, Placement,
    ScoreBatch, ScoreTable, SetId, Side,
};
use crate::setting::Detector;
use crate::units::{Device, Devices, Memory};

const SIDES: [Side; 2] = [Side::In, Side::Out];

/// What is asked about jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum JobCommand {
    /// Score both sets. A newer generation of the same job takes the place of the older.
    Score {
        job: JobId,
        generation: Generation,
        placement: Placement,
        spec: JobSpec,
    },
    /// Forget the job.
    Cancel { job: JobId },
    /// Serve this job before the others.
    Prefer { job: JobId },
    /// Show these images of the job's sets. Only the newest request is served, aside of all scoring.
    Thumbnails {
        job: JobId,
        spec: JobSpec,
        images: Vec<ImageId>,
    },
    /// Show what the network makes of one image. Only the newest request is served, aside of all scoring.
    Inspect {
        job: JobId,
        spec: JobSpec,
        image: ImageId,
    },
    /// End every worker once its present batch is done.
    Shutdown,
}

/// Some images of one side of a job, scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobBatch {
    pub job: JobId,
    pub generation: Generation,
    pub side: Side,
    pub scores: ScoreTable,
    /// Whether they took no pass through the network for this job: known before, or computed for another one.
    pub from_cache: bool,
}

/// What there is to say about jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum JobEvent {
    /// A worker is up: its device and how it calls itself.
    Ready {
        device: Device,
        description: String,
    },
    /// So much of a device's memory is in use; told while scores come.
    Memory {
        device: Device,
        memory: Memory,
    },
    /// Both sets are open: so many images are to be scored on each side.
    Started {
        job: JobId,
        generation: Generation,
        /// As they were resolved.
        devices: Devices,
        total_in: usize,
        total_out: usize,
    },
    /// The images that the job's detectors are fitted on are being passed through the network; the job waits.
    Fitting {
        job: JobId,
        generation: Generation,
        done: usize,
        total: usize,
    },
    /// What the job's detectors are fitted on.
    Fitted {
        job: JobId,
        generation: Generation,
        on: FittedOn,
    },
    /// Detectors that were asked for and have no scores (from now on), each with why.
    Missing {
        job: JobId,
        generation: Generation,
        detectors: Vec<(Detector, String)>,
    },
    /// The group of each image of a side, in the order of their numbers, where its images come in groups. Told before its
    /// first scores.
    Groups {
        job: JobId,
        side: Side,
        groups: Vec<u32>,
    },
    Scored(JobBatch),
    /// All images of both sets are scored.
    Finished {
        job: JobId,
        generation: Generation,
        seconds: f64,
    },
    /// The job cannot go on; the others are not touched.
    Failed {
        job: JobId,
        generation: Generation,
        reason: Failure,
    },
    /// What the classes of a job's network are called; empty where the in-distribution set does not say.
    Classes {
        job: JobId,
        names: Vec<String>,
    },
    /// Some of the images that were asked for, each with why it cannot be shown where it cannot.
    Thumbnails {
        job: JobId,
        images: Vec<(ImageId, Result<Pixels, Failure>)>,
    },
    /// What was asked about an image, or why it cannot be told.
    Inspected {
        job: JobId,
        image: ImageId,
        result: Box<Result<Inspection, Failure>>,
    },
    /// Something that a person should know, and that stops nothing.
    Warning {
        text: String,
    },
}

/// The jobs that an engine was asked to score and has not finished.
#[derive(Debug, Default)]
pub struct Comparisons(HashMap<JobId, Open>);

/// A job under way.
#[derive(Debug)]
struct Open {
    generation: Generation,
    devices: Option<Devices>,
    totals: [Option<usize>; 2],
    seconds: [Option<f64>; 2],
    /// Batches of a set that was open before the other.
    held_back: Vec<JobBatch>,
    /// Detectors that were told to have no scores.
    missing: HashSet<Detector>,
}

impl Comparisons {
    /// What the engine is told.
    pub fn ask(&mut self, command: JobCommand) -> Vec<Command> {
        match command {
            JobCommand::Score {
                job,
                generation,
                placement,
                spec,
            } => {
                self.0.insert(
                    job,
                    Open {
                        generation,
                        devices: None,
                        totals: [None; 2],
                        seconds: [None; 2],
                        held_back: Vec::new(),
                        missing: HashSet::new(),
                    },
                );
                let score = |side| Command::Score {
                    set: SetId { job, side },
                    generation,
                    placement: placement.clone(),
                    request: Box::new(spec.set(side)),
                };
                SIDES.map(score).into()
            }
            JobCommand::Cancel { job } => {
                self.0.remove(&job);
                cancel(job).into()
            }
            JobCommand::Prefer { job } => vec![Command::Prefer { job }],
            JobCommand::Thumbnails { job, spec, images } => vec![Command::Thumbnails { job, spec, images }],
            JobCommand::Inspect { job, spec, image } => vec![Command::Inspect { job, spec, image }],
            JobCommand::Shutdown => vec![Command::Shutdown],
        }
    }

    /// What an event means for the jobs, and what the engine is told because of it. Events of a set that is no longer asked
    /// for mean nothing.
    pub fn hear(&mut self, event: Event) -> (Vec<JobEvent>, Vec<Command>) {
        let told = match event {
            Event::Ready { device, description } => vec![JobEvent::Ready { device, description }],
            Event::Memory { device, memory } => vec![JobEvent::Memory { device, memory }],
            Event::Classes { job, names } => vec![JobEvent::Classes { job, names }],
            Event::Thumbnails { job, images } => vec![JobEvent::Thumbnails { job, images }],
            Event::Inspected { job, image, result } => vec![JobEvent::Inspected { job, image, result }],
            Event::Warning { text } => vec![JobEvent::Warning { text }],
            // A comparison is of named sets.
            Event::Identified { .. } | Event::Unreadable { .. } => Vec::new(),
            Event::Started {
                set,
                generation,
                devices,
                total,
            } => self.started(set, generation, devices, total),
            // Both sides wait for the same images.
            Event::Fitting {
                set: SetId { job, side },
                generation,
                done,
                total,
            } => {
                let is_open = self.open(SetId { job, side }, generation).is_some();
                let told = JobEvent::Fitting {
                    job,
                    generation,
                    done,
                    total,
                };
                (is_open && side == Side::In)
                    .then_some(told)
                    .into_iter()
                    .collect()
            }
            Event::Fitted {
                set: SetId { job, side },
                generation,
                on,
            } => {
                let is_open = self.open(SetId { job, side }, generation).is_some();
                let told = JobEvent::Fitted { job, generation, on };
                (is_open && side == Side::In)
                    .then_some(told)
                    .into_iter()
                    .collect()
            }
            Event::Missing {
                set,
                generation,
                detectors,
            } => self.missing(set, generation, detectors),
            Event::Groups { set, groups } => vec![JobEvent::Groups {
                job: set.job,
                side: set.side,
                groups,
            }],
            Event::Scored(batch) => self.scored(batch),
            Event::Finished {
                set,
                generation,
                seconds,
            } => self.finished(set, generation, seconds),
            Event::Failed {
                set,
                generation,
                reason,
            } => {
                if self.open(set, generation).is_none() {
                    return (Vec::new(), Vec::new());
                }
                self.0.remove(&set.job);
                let failed = JobEvent::Failed {
                    job: set.job,
                    generation,
                    reason,
                };
                // One side alone is no comparison.
                return (vec![failed], cancel(set.job).into());
            }
        };
        (told, Vec::new())
    }

    fn open(&mut self, set: SetId, generation: Generation) -> Option<&mut Open> {
        self.0
            .get_mut(&set.job)
            .filter(|open| open.generation == generation)
    }

    fn started(
        &mut self,
        set: SetId,
        generation: Generation,
        devices: Devices,
        total: usize,
    ) -> Vec<JobEvent> {
        let Some(open) = self.open(set, generation) else {
            return Vec::new();
        };
        open.totals[place(set.side)] = Some(total);
        let devices = open.devices.get_or_insert(devices).clone();
        let [Some(total_in), Some(total_out)] = open.totals else {
            return Vec::new();
        };
        let started = JobEvent::Started {
            job: set.job,
            generation,
            devices,
            total_in,
            total_out,
        };
        let held_back = std::mem::take(&mut open.held_back);
        std::iter::once(started)
            .chain(held_back.into_iter().map(JobEvent::Scored))
            .collect()
    }

    /// What one side lacks, the comparison lacks; it is told once.
    fn missing(
        &mut self,
        set: SetId,
        generation: Generation,
        mut detectors: Vec<(Detector, String)>,
    ) -> Vec<JobEvent> {
        let Some(open) = self.open(set, generation) else {
            return Vec::new();
        };
        detectors.retain(|(detector, _)| open.missing.insert(*detector));
        if detectors.is_empty() {
            return Vec::new();
        }
        vec![JobEvent::Missing {
            job: set.job,
            generation,
            detectors,
        }]
    }

    fn scored(&mut self, batch: ScoreBatch) -> Vec<JobEvent> {
        let ScoreBatch {
            set,
            generation,
            scores,
            from_cache,
        } = batch;
        let Some(open) = self.open(set, generation) else {
            return Vec::new();
        };
        let batch = JobBatch {
            job: set.job,
            generation,
            side: set.side,
            scores,
            from_cache,
        };
        if open.totals.contains(&None) {
            open.held_back.push(batch);
            return Vec::new();
        }
        vec![JobEvent::Scored(batch)]
    }

    fn finished(&mut self, set: SetId, generation: Generation, seconds: f64) -> Vec<JobEvent> {
        let Some(open) = self.open(set, generation) else {
            return Vec::new();
        };
        open.seconds[place(set.side)] = Some(seconds);
        let [Some(of_in), Some(of_out)] = open.seconds else {
            return Vec::new();
        };
        self.0.remove(&set.job);
        vec![JobEvent::Finished {
            job: set.job,
            generation,
            // Both sides are computed in the same stretch of time.
            seconds: of_in.max(of_out),
        }]
    }
}

fn place(side: Side) -> usize {
    match side {
        Side::In => 0,
        Side::Out => 1,
    }
}

fn cancel(job: JobId) -> [Command; 2] {
    SIDES.map(|side| Command::Cancel {
        set: SetId { job, side },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{FailureKind, Order};
    use crate::setting::Settings;
    use crate::units::{Magnitude, Temperature};
    use odin_datasets::{Part, Sampling};

    const JOB: JobId = JobId::Job(3);
    const NOW: Generation = Generation(2);

    fn comparisons() -> (Comparisons, Vec<Command>) {
        let spec = JobSpec {
            network: "n".into(),
            weights: None,
            in_dataset: None,
            dataset: "d".into(),
            settings: Settings::new(Temperature::PAPER, Magnitude::PAPER),
            sampling: Sampling::default(),
            skip: 0,
            limit: None,
            part: Part::Whole,
            corrupt: None,
            batch: None,
            seed: 0,
            order: Order::Random,
            fit: crate::protocol::FitSample::default(),
        };
        let mut comparisons = Comparisons::default();
        let commands = comparisons.ask(JobCommand::Score {
            job: JOB,
            generation: NOW,
            placement: Placement::default(),
            spec,
        });
        (comparisons, commands)
    }

    fn set(side: Side) -> SetId {
        SetId { job: JOB, side }
    }

    fn started(side: Side, generation: Generation) -> Event {
        Event::Started {
            set: set(side),
            generation,
            devices: Devices::default(),
            total: 7,
        }
    }

    fn scored(side: Side) -> Event {
        Event::Scored(ScoreBatch {
            set: set(side),
            generation: NOW,
            scores: ScoreTable::default(),
            from_cache: false,
        })
    }

    #[test]
    fn a_comparison_is_two_sets_and_ends_with_the_later() {
        let (mut comparisons, commands) = comparisons();
        assert_eq!(commands.len(), 2);
        assert!(comparisons.hear(started(Side::In, NOW)).0.is_empty());
        assert!(
            comparisons.hear(scored(Side::In)).0.is_empty(),
            "not before both are open"
        );
        let (told, _) = comparisons.hear(started(Side::Out, NOW));
        assert!(matches!(
            told.as_slice(),
            [JobEvent::Started { total_in: 7, total_out: 7, .. }, JobEvent::Scored(batch)] if batch.side == Side::In
        ));
        let finished = |side, seconds| Event::Finished {
            set: set(side),
            generation: NOW,
            seconds,
        };
        assert!(comparisons.hear(finished(Side::Out, 2.0)).0.is_empty());
        let (told, _) = comparisons.hear(finished(Side::In, 1.0));
        assert!(matches!(
            told.as_slice(),
            [JobEvent::Finished { seconds: 2.0, .. }]
        ));
        assert!(comparisons.hear(scored(Side::In)).0.is_empty(), "it is over");
    }

    #[test]
    fn one_side_that_fails_ends_the_other_and_is_told_once() {
        let (mut comparisons, _) = comparisons();
        let failed = |side| Event::Failed {
            set: set(side),
            generation: NOW,
            reason: Failure::new(FailureKind::BadFile, "no such file"),
        };
        let (told, commands) = comparisons.hear(failed(Side::Out));
        assert!(matches!(told.as_slice(), [JobEvent::Failed { .. }]));
        assert_eq!(commands, cancel(JOB));
        assert_eq!(comparisons.hear(failed(Side::In)), (Vec::new(), Vec::new()));
    }

    #[test]
    fn what_is_stale_means_nothing() {
        let (mut comparisons, _) = comparisons();
        assert!(comparisons.hear(started(Side::In, Generation(1))).0.is_empty());
        assert!(
            comparisons.hear(started(Side::Out, NOW)).0.is_empty(),
            "the other side is not open"
        );
        assert_eq!(comparisons.ask(JobCommand::Cancel { job: JOB }).len(), 2);
        assert!(comparisons.hear(started(Side::In, NOW)).0.is_empty());
    }
}
