//! Weights in several safetensors files, by the index that lists which tensor lies in which (`*.index.json`).
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::ReadError;
use super::container::MAX_FILE;

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The largest language models have some hundred.
const MAX_SHARDS: usize = 1000;
/// A line for each of their tensors takes some MB.
const MAX_INDEX: u64 = 64 << 20;

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
        if !is_beside(&name) {
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

/// The files that an index of safetensors files names beside itself, for what is no such index none. Nothing is checked: reading
/// says what is wrong with them.
pub(crate) fn shards_of(path: &Path) -> Vec<PathBuf> {
    let mut text = String::new();
    let begin = |mut file: std::fs::File| -> std::io::Result<()> {
        let mut first = [0; 1];
        file.read_exact(&mut first)?;
        if first == *b"{" {
            text.push('{');
            file.take(MAX_INDEX).read_to_string(&mut text)?;
        }
        Ok(())
    };
    if std::fs::File::open(path).and_then(begin).is_err() {
        return Vec::new();
    }
    let Ok(index) = serde_json::from_str::<Index>(&text) else {
        return Vec::new();
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let names: BTreeSet<String> = index.weight_map.into_values().collect();
    let beside = names.iter().filter(|name| is_beside(name)).take(MAX_SHARDS);
    beside.map(|name| folder.join(name)).collect()
}

/// What the index is called of which this file is a part, by its name: `model-00001-of-00002.safetensors` is one of
/// `model.safetensors.index.json`.
pub(super) fn index_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (stem, count) = name.strip_suffix(".safetensors")?.rsplit_once("-of-")?;
    let (stem, number) = stem.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(count) && is_number(number)).then(|| format!("{stem}.safetensors.index.json"))
}

/// Whether the name is that of a file in the index's own folder.
fn is_beside(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
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
