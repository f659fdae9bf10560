//! A comparison on disk, without the manifest of a run.
use std::path::Path;

use super::folder::{IN_SCORES, METRICS, OUT_SCORES};
use super::npz::{self, About};
use super::record::Record;
use super::write::{WriteError, write_files};
use crate::protocol::ScoreTable;

/// Writes scores and metrics of a comparison as a run has them, without a manifest: all files or none.
///
/// # Errors
/// The file that cannot be written, and why.
pub fn save(
    folder: &Path,
    ins: (&ScoreTable, &About),
    outs: (&ScoreTable, &About),
    record: &Record,
) -> Result<(), WriteError> {
    let failed = |path: &Path, source| WriteError {
        path: path.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for (name, (scores, about)) in [(IN_SCORES, ins), (OUT_SCORES, outs)] {
        let path = folder.join(name);
        let bytes = npz::encode(scores, about).map_err(|source| failed(&path, source))?;
        files.push((path, bytes));
    }
    let path = folder.join(METRICS);
    let json = serde_json::to_vec_pretty(record).map_err(|source| failed(&path, source.into()))?;
    files.push((path, json));
    write_files(&files)
}
