//! What goes into an engine and what comes out: plain serialisable data, so that an engine in another process or on
//! another machine can take the same seat.
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use crate::metrics::Side;
pub use crate::scoring::ImageScore;
use crate::units::{Device, Devices, Magnitude, Temperature};

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

/// What an engine is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "commands are few, and most of them are the largest"
)]
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
    /// End every worker once its present batch is done.
    Shutdown,
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
    /// Something that a person should know, and that stops nothing.
    Warning {
        text: String,
    },
}
