//! What goes into an engine and what comes out: plain serialisable data, so that an engine in another process or on
//! another machine can take its place.
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use odin_detectors::{Detector, LogitScores};
pub use odin_metrics::Side;

use crate::units::{Device, Devices, LogOdds, Magnitude, Memory, Temperature};

/// Counts up with every change to what is sent.
pub const VERSION: u32 = 1;

/// Names a job for as long as the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId(pub u64);

/// Jobs of a session are numbered below this.
const CELLS: u64 = 1 << 32;

impl JobId {
    /// A cell of this job's T × ε grid is a job of its own, whose id no job of a session has.
    pub fn cell(self, number: u16) -> Self {
        Self((self.0 % CELLS + 1) << 32 | u64::from(number))
    }

    /// The job itself, or the one that it is a cell of.
    pub fn owner(self) -> Self {
        match self.0 / CELLS {
            0 => self,
            owner => Self(owner - 1),
        }
    }

    /// Which cell it is; `None` for a job of the session.
    pub fn cell_number(self) -> Option<u16> {
        (self.0 >= CELLS).then_some((self.0 % CELLS) as u16)
    }
}

/// Counts the requests for a job: each new (T, ε) is a new one, and what an older one still sends is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Generation(pub u64);

/// In which order a job's images are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// A seeded random order, in-distribution and out-of-distribution by turns, so that what is there at any time is
    /// an unbiased sample.
    Random,
    /// As in the file, in-distribution first.
    File,
}

/// What to score: a network's in-distribution set against one out-of-distribution set, at (T, ε).
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
    pub temperature: Temperature,
    pub magnitude: Magnitude,
    /// Images left out at the start of each set.
    pub skip: usize,
    /// At most so many images of each set.
    pub limit: Option<usize>,
    /// Images a pass; `None` leaves it to the engine.
    pub batch: Option<usize>,
    pub seed: u64,
    pub order: Order,
}

/// Where a job is computed, and when its turn comes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Placement {
    /// The job's images are split over these.
    pub devices: Devices,
    /// Jobs of one lane (a queue) are served one after another; lanes share a device fairly.
    pub lane: u32,
    /// Served only while no other job has work for the device.
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
    /// Score the job. A newer generation of the same job stops the older between two batches.
    Score {
        job: JobId,
        generation: Generation,
        placement: Placement,
        spec: JobSpec,
    },
    /// Forget the job: drop it if it waits, stop it between two batches if it runs.
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

/// The scores of one image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ImageScore {
    /// Its number in the data set.
    pub index: u32,
    /// Its class, where the set has labels (in-distribution sets only).
    pub label: Option<u16>,
    /// The class that the network gives it (unperturbed).
    pub prediction: u16,
    /// Log-odds at T = 1 and ε = 0: the max-softmax baseline.
    pub baseline: LogOdds,
    /// Log-odds at the job's (T, ε).
    pub odin: LogOdds,
    /// What other detectors make of the unperturbed logits.
    pub others: LogitScores,
}

impl ImageScore {
    /// The score by which a detector ranks the image: higher is more in-distribution.
    pub fn by(&self, detector: Detector) -> f64 {
        match detector {
            Detector::Odin => self.odin.0,
            Detector::Baseline => self.baseline.0,
            Detector::MaxLogit => self.others.max_logit,
            Detector::Energy => self.others.energy,
            Detector::Entropy => self.others.entropy,
            Detector::Gen => self.others.gen_entropy,
        }
    }
}

/// Some images of one side of a job, scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreBatch {
    pub job: JobId,
    pub generation: Generation,
    pub side: Side,
    pub scores: Vec<ImageScore>,
    /// Whether the scores came out of the evidence cache, without a pass through the network.
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
    /// A worker has begun the job: so many images are to be scored on each side.
    Started {
        job: JobId,
        generation: Generation,
        /// As they were resolved.
        devices: Devices,
        total_in: usize,
        total_out: usize,
    },
    Scored(ScoreBatch),
    /// All images of the job are scored.
    Finished {
        job: JobId,
        generation: Generation,
        seconds: f64,
    },
    /// The job cannot go on; the others are not touched.
    Failed {
        job: JobId,
        generation: Generation,
        reason: String,
    },
    /// What the classes of a job's network are called; empty where the in-distribution set does not say.
    Classes {
        job: JobId,
        names: Vec<String>,
    },
    /// Some of the images that were asked for, each with why it cannot be shown where it cannot.
    Thumbnails {
        job: JobId,
        images: Vec<(ImageId, Result<Pixels, String>)>,
    },
    /// What was asked about an image, or why it cannot be told.
    Inspected {
        job: JobId,
        image: ImageId,
        result: Box<Result<Inspection, String>>,
    },
    /// The digest that was asked for, or why there is none.
    Identified {
        network: String,
        weights: Option<PathBuf>,
        digest: Result<String, String>,
    },
    /// Something that a person should know, and that stops nothing.
    Warning {
        text: String,
    },
}
