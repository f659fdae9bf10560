//! What is kept on disk of scoring: a folder a run, with a manifest, scores as NPZ and metrics as JSON. Every file
//! arrives whole or not at all.
//!
//! `manifest` says what a run is, `folder` writes one, `open` reads one, `shelf` knows all of them; `evidence` holds what
//! scoring has shown, so that it need not be done again. Nothing here computes a score or a metric.
pub mod evidence;
mod folder;
mod manifest;
mod npz;
mod open;
mod record;
mod shelf;

use std::path::{Path, PathBuf};

use crate::files;

pub use folder::{Origin, RunFolder, StartError};
pub use manifest::{Cell, Grid, Identity, Images, Manifest, Named, State, SweepOf};
pub use npz::{About, Scores, write_scores};
pub use open::{Run, RunError};
pub use record::{Detector, Groups, Record, detector};
pub use shelf::{Condition, Shelved, find, finished, shelf};

/// A file of results that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct WriteError {
    path: PathBuf,
    source: std::io::Error,
}

/// Writes the file, whole or not at all.
pub fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>,
) -> Result<(), WriteError> {
    files::write_whole(path, fill).map_err(|source| WriteError {
        path: path.to_owned(),
        source,
    })
}

/// Writes the value as JSON, whole or not at all.
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), WriteError> {
    write_whole(path, |file| {
        serde_json::to_writer_pretty(&mut *file, value)?;
        std::io::Write::write_all(file, b"\n")
    })
}
