//! Weights in several safetensors files, by the index that lists which tensor lies in which (`*.index.json`).
use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::Deserialize;

use super::ReadError;
use super::container::MAX_FILE;

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The largest language models have some hundred.
const MAX_SHARDS: usize = 1000;

/// A file beside the index.
pub(super) struct Shard {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Reads every file that the index at `path` names, and which tensors each is to give.
pub(super) fn read(path: &Path, index: &[u8]) -> Result<Vec<(Shard, Vec<String>)>, ReadError> {
    let index: Index = serde_json::from_slice(index).map_err(|error| {
        ReadError::why(format!(
            "is a JSON file, but no index of safetensors files ({error})"
        ))
    })?;
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (tensor, file) in index.weight_map {
        files.entry(file).or_default().push(tensor);
    }
    if files.len() > MAX_SHARDS {
        return Err(ReadError::why(format!(
            "lists {} files, and at most {MAX_SHARDS} are read",
            files.len()
        )));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut left = MAX_FILE;
    let mut shards = Vec::new();
    for (name, tensors) in files {
        // Nothing outside the index's own folder.
        let mut parts = Path::new(&name).components();
        if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
            return Err(ReadError::why(format!(
                "names {name:?}, which is no file beside it"
            )));
        }
        let bytes = read_file(&folder.join(&name), &mut left)
            .map_err(|error| ReadError::why(format!("names {name}, which cannot be read: {error}")))?;
        shards.push((Shard { name, bytes }, tensors));
    }
    Ok(shards)
}

fn read_file(path: &Path, left: &mut u64) -> std::io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    *left = left.checked_sub(metadata.len()).ok_or_else(|| {
        std::io::Error::other(format!(
            "all files together are larger than {} GiB",
            MAX_FILE >> 30
        ))
    })?;
    std::fs::read(path)
}
