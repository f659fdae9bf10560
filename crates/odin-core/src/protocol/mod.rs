//! Between an engine and its clients: what is said (`messages`), how it is written into a pipe (`wire`), and an engine in a
//! process of its own as its client sees it (`process`).
//!
//! Each module imports only from those listed after it.
mod process;
mod wire;
mod messages;
mod fit;
mod path_bytes;
mod scores;
mod failure;

pub use failure::{Failure, FailureKind};
pub use fit::{FitSample, FittedOn};
pub use messages::{
    Command, Event, FitRequest, Generation, ImageFiles, ImageId, Inspection, JobId, JobSpec, Order, Pixels,
    Placement, ScoreBatch, SetId, SetImages, SetRequest, Side, VERSION,
};
pub use process::{EngineEnded, EngineProcess};
pub use scores::{ScoreTable, ScoredImage};
pub use wire::{Hello, read, write};
