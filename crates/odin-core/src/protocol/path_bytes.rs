//! Paths as they are sent: serde writes paths as text, and names of files are bytes.
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    let bytes = |path: &PathBuf| OsStr::as_bytes(path.as_os_str()).to_vec();
    serializer.collect_seq(paths.iter().map(bytes))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    let paths = Vec::<Vec<u8>>::deserialize(deserializer)?;
    Ok(paths
        .into_iter()
        .map(|path| OsString::from_vec(path).into())
        .collect())
}
