//! What goes into an engine and what comes out: plain serialisable data, so that an engine in another process or on
//! another machine can take its place.
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use odin_datasets::{Choice, Corrupt, Part, Sampling};
pub use odin_metrics::Side;

use super::failure::Failure;
use super::fit::{FitSample, FittedOn};
use super::path_bytes;
use super::scores::ScoreTable;
use crate::setting::{Detector, Settings};
use crate::units::{Device, Devices, LogOdds, Magnitude, Memory, Temperature};

/// Counts up with every change to what is sent.
pub const VERSION: u32 = 9;

/// Names a comparison for as long as the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum JobId {
    /// A job of a session or of the command line.
    Job(u32),
    /// A cell of one of a job's grids.
    Cell { job: u32, number: u32 },
}

impl JobId {
    /// A cell of one of this job's grids.
    pub fn cell(self, number: u32) -> Self {
        Self::Cell {
            job: self.number(),
            number,
        }
    }

    /// The job itself, or the one that it is a cell of.
    pub fn owner(self) -> Self {
        Self::Job(self.number())
    }

    /// Which cell it is; `None` for a job.
    pub fn cell_number(self) -> Option<u32> {
        match self {
            Self::Job(_) => None,
            Self::Cell { number, .. } => Some(number),
        }
    }

    /// Number of the job, or of the one that it is a cell of.
    pub fn number(self) -> u32 {
        match self {
            Self::Job(job) | Self::Cell { job, .. } => job,
        }
    }
}

/// Names a score set that is asked for: one side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SetId {
    pub job: JobId,
    pub side: Side,
}

/// Counts the requests under one name: each change of a knob is a new one, and what an older one still sends is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Generation(pub u64);

/// In which order a set's images are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// A seeded random order, the sides of a comparison by turns, so that what is there at any time is an unbiased
    /// sample.
    Random,
    /// As in the file, the in-distribution side of a comparison first.
    File,
}

/// A comparison: a network's in-distribution set against one out-of-distribution set, by some detectors. It is two score sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// Name of the network's card.
    pub network: String,
    /// Weights to use instead of the card's.
    pub weights: Option<PathBuf>,
    /// In-distribution set (card or path) to use instead of the card's.
    pub in_dataset: Option<String>,
    /// Out-of-distribution set: a card's name or a path.
    pub dataset: String,
    pub settings: Settings,
    /// How images are chosen where not all are taken.
    pub sampling: Sampling,
    /// Images left out at the start of each set.
    pub skip: usize,
    /// At most so many images of each set.
    pub limit: Option<usize>,
    /// All the images so chosen, or one side of their split.
    pub part: Part,
    /// What is done about images that cannot be decoded, where that is not left to the set's card.
    pub corrupt: Option<Corrupt>,
    /// Images a pass; `None` leaves it to the engine.
    pub batch: Option<usize>,
    /// Of the sample and of the random order.
    pub seed: u64,
    pub order: Order,
    /// The training images that detectors are fitted on.
    pub fit: FitSample,
}

impl JobSpec {
    /// Which images of each set are scored.
    pub fn choice(&self) -> Choice {
        Choice {
            sampling: self.sampling,
            seed: self.seed,
            skip: self.skip,
            limit: self.limit,
            part: self.part,
        }
    }

    /// The score set that this side of the comparison is.
    pub fn set(&self, side: Side) -> SetRequest {
        let in_distribution = match &self.in_dataset {
            Some(name) => SetImages::Named(name.clone()),
            None => SetImages::InDistribution,
        };
        let validation = match self.part {
            Part::Whole => None,
            Part::Validation(images) | Part::Report(images) => {
                let choice = Choice {
                    part: Part::Validation(images),
                    ..self.choice()
                };
                Some((in_distribution.clone(), choice))
            }
        };
        let fit = FitRequest {
            training: match &self.fit.dataset {
                Some(name) => SetImages::Named(name.clone()),
                None => SetImages::Training(self.in_dataset.clone()),
            },
            choice: Choice::sample(self.fit.limit.get(), self.fit.seed),
            validation,
        };
        SetRequest {
            network: self.network.clone(),
            weights: self.weights.clone(),
            images: match side {
                Side::Out => SetImages::Named(self.dataset.clone()),
                Side::In => in_distribution,
            },
            side,
            settings: self.settings.clone(),
            choice: self.choice(),
            corrupt: self.corrupt,
            batch: self.batch,
            order: self.order,
            fit,
        }
    }
}

/// The images of a score set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SetImages {
    /// The in-distribution set that the network's card names.
    InDistribution,
    /// A data card's name or a path.
    Named(String),
    /// The training images that the card of this set (without one, of the network's in-distribution set) names.
    Training(Option<String>),
    /// Files, numbered from 0 as they are listed.
    Files(ImageFiles),
}

/// Image files given one by one. Those that cannot be read or scored are [told](Event::Unreadable) and stop nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageFiles {
    /// Absolute. Names of files are bytes, and need not be UTF-8.
    #[serde(with = "path_bytes")]
    pub paths: Vec<PathBuf>,
    /// The files are preprocessed as the images of this set (a data card's name or a path); without one, as those of the
    /// network's in-distribution set.
    pub like: Option<String>,
    /// Whether files that would not come to the size of that set's first image are resized to it.
    pub resize: bool,
}

/// One score set: a network, images, which of them in which order, and the detectors that score them. Two requests that are
/// equal are served by one pass over the images, whoever asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetRequest {
    /// Name of the network's card.
    pub network: String,
    /// Weights to use instead of the card's.
    pub weights: Option<PathBuf>,
    pub images: SetImages,
    /// In-distribution sets have labels, which must be those of the network and come with the scores.
    pub side: Side,
    pub settings: Settings,
    /// Which images; its seed is that of the random order too.
    pub choice: Choice,
    /// What is done about images that cannot be decoded, where that is not left to the set's card.
    pub corrupt: Option<Corrupt>,
    /// Images a pass; `None` leaves it to the engine.
    pub batch: Option<usize>,
    pub order: Order,
    pub fit: FitRequest,
}

/// What the detectors of a set are fitted on, where any needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitRequest {
    pub training: SetImages,
    pub choice: Choice,
    /// In-distribution images set aside from those that are reported.
    pub validation: Option<(SetImages, Choice)>,
}

/// Where a score set is computed, and when its turn comes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Placement {
    /// The images are split over these.
    pub devices: Devices,
    /// Comparisons of one lane (a queue) are served one after another; lanes share a device fairly.
    pub lane: u32,
    /// Served only while nothing else has work for the device.
    pub background: bool,
}

/// One image of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ImageId {
    pub side: Side,
    /// Its number in its set.
    pub index: u32,
}

/// A picture for the screen: rows of interleaved 8-bit RGB, `3 · height · width` bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    pub height: u16,
    pub width: u16,
    pub rgb: Vec<u8>,
}

/// What the network makes of one image at the (T, ε) of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    pub temperature: Temperature,
    pub magnitude: Magnitude,
    pub label: Option<u16>,
    /// What it is called where it lies: its path below the set's folder. Images of arrays have no names.
    pub name: Option<String>,
    /// The absolute path of its file, where it is one by itself and its path is text.
    pub file: Option<String>,
    /// The baseline's score: of the image as it is, at T = 1.
    pub baseline: LogOdds,
    /// ODIN's score: of the perturbed image, at T.
    pub odin: LogOdds,
    pub logits_before: Vec<f32>,
    pub logits_after: Vec<f32>,
    pub original: Pixels,
    /// The perturbation's sign, value by value: black lowers, white raises. It is ½ / ε times as strong as what is added.
    pub perturbation: Pixels,
    pub perturbed: Pixels,
}

/// What an engine is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Score the set. A newer generation under the same name takes the place of the older, which stops between two batches
    /// unless it is wanted under another name too.
    Score {
        set: SetId,
        generation: Generation,
        placement: Placement,
        request: Box<SetRequest>,
    },
    /// Forget the set: drop it if it waits, stop it between two batches if it runs and nobody else wants it.
    Cancel { set: SetId },
    /// Serve the sets of this job before the others.
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
    /// Tell the digest of the weights that a network scores with.
    Identify {
        /// Name of the network's card.
        network: String,
        /// Weights to use instead of the card's.
        weights: Option<PathBuf>,
    },
    /// End every worker once its present batch is done.
    Shutdown,
}

/// Some images of a set, scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreBatch {
    pub set: SetId,
    pub generation: Generation,
    pub scores: ScoreTable,
    /// Whether they took no pass through the network for this request: known before, or computed for another one.
    pub from_cache: bool,
}

/// What an engine says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
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
    /// The set is open: so many images are to be scored.
    Started {
        set: SetId,
        generation: Generation,
        /// As they were resolved.
        devices: Devices,
        total: usize,
    },
    /// The images that the set's detectors are fitted on are being passed through the network; the set itself waits.
    Fitting {
        set: SetId,
        generation: Generation,
        done: usize,
        total: usize,
    },
    /// What the set's detectors are fitted on.
    Fitted {
        set: SetId,
        generation: Generation,
        on: FittedOn,
    },
    /// Detectors that were asked for and have no scores (from now on), each with why.
    Missing {
        set: SetId,
        generation: Generation,
        detectors: Vec<(Detector, String)>,
    },
    /// The group of each image of the set, in the order of their numbers, where its card names groups: images of one are not
    /// independent of each other. Told before the first scores.
    Groups {
        set: SetId,
        groups: Vec<u32>,
    },
    Scored(ScoreBatch),
    /// Files of a set of [`ImageFiles`] that have no scores, for they cannot be read or the network fails on them: number and reason. Told once, before the set is finished.
    Unreadable {
        set: SetId,
        generation: Generation,
        files: Vec<(u32, String)>,
    },
    /// All images of the set are scored.
    Finished {
        set: SetId,
        generation: Generation,
        /// Since it was open.
        seconds: f64,
    },
    /// The set cannot be scored, or not to its end; the others are not touched.
    Failed {
        set: SetId,
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
    /// The digest that was asked for, or why there is none.
    Identified {
        network: String,
        weights: Option<PathBuf>,
        digest: Result<String, Failure>,
    },
    /// Something that a person should know, and that stops nothing.
    Warning {
        text: String,
    },
}
