//! Files of results, and why they could not be written.
use std::path::{Path, PathBuf};

use crate::files;

/// A file of results that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct WriteError {
    pub(super) path: PathBuf,
    pub(super) source: std::io::Error,
}

/// Writes these files, all or none.
///
/// # Errors
/// The file that cannot be written, and why.
pub fn write_files(all: &[(PathBuf, Vec<u8>)]) -> Result<(), WriteError> {
    files::write_together(all).map_err(|(path, source)| WriteError { path, source })
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
