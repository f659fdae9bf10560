//! What is kept on disk of scoring: score sets as NPZ, metrics as JSON, and in `evidence` what scoring them has shown.
//! Every file arrives whole or not at all.
//!
//! Nothing here computes a score or a metric.
pub mod evidence;
mod npz;
mod record;

use std::path::{Path, PathBuf};

use crate::files;

pub use npz::write_scores;
pub use record::{Detector, Record, detector};

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
