//! What is kept on disk of scoring: a folder a run, with a manifest, scores as NPZ and metrics as JSON. Every file
//! arrives whole or not at all.
//!
//! `manifest` says what a run is, `folder` writes one, `open` reads one, `all` lists and finds them; `evidence` holds what
//! scoring has shown, so that it need not be done again. Nothing here computes a score or a metric.
mod all;
pub mod evidence;
mod folder;
mod manifest;
mod npz;
mod open;
mod record;
mod save;
mod tuned;
mod write;

pub use all::{Condition, Entry, FindError, find, finished, list};
pub use folder::{Origin, RunFolder, StartError, is_being_written};
pub use manifest::{Cell, FitOf, Grid, Identity, Images, Manifest, Named, State, SweepOf};
pub use npz::{About, Columns, Scores, write_scores};
pub use open::{Run, RunError};
pub use record::{ByDetector, Detector, Fit, Groups, Record, detector};
pub use save::save;
pub use tuned::{Tuned, TunedOn};
pub use write::{WriteError, write_files, write_json, write_whole};
