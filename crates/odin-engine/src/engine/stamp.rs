//! Whether files are as they were when something was opened from them.
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::networks::weights;
use odin_core::networks::NetworkCard;
use odin_datasets::DatasetCard;

/// The files that something was opened from, when each was changed and how long it is. While these stay the same, what is
/// open is what lies on disk; a network that was trained on is opened anew.
#[derive(PartialEq)]
pub(super) struct Stamp(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Stamp {
    fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let look = |path: PathBuf| {
            let now = std::fs::metadata(&path)
                .and_then(|m| Ok((m.modified()?, m.len())))
                .ok();
            (path, now)
        };
        Self(files.into_iter().map(look).collect())
    }

    /// Of a network: its card and its weights, with every file that these lie in.
    pub(super) fn of_network(card: &NetworkCard, weights: Option<&Path>) -> Self {
        let path = weights.map_or_else(|| card.weights_path(), Path::to_owned);
        let shards = weights::shards_of(&path);
        Self::of([path, card.file()].into_iter().chain(shards))
    }

    /// Of a data set: its card, and the files and folders that it names, below `root`; where it is opened for its training images,
    /// theirs too.
    pub(super) fn of_set(card: &DatasetCard, root: &Path, is_training: bool) -> Self {
        let card_file = root.join(format!("{}.yaml", card.name));
        let groups = card.groups.iter().filter_map(|groups| groups.file.as_deref());
        // Which of the two is opened depends on which is here.
        let train = card.train.iter().chain(&card.fit).filter(|_| is_training);
        let train = train.flat_map(|train| train.paths());
        let files = card.source.paths().into_iter().chain(groups).chain(train);
        Self::of(files.map(|path| root.join(path)).chain([card_file]))
    }

    pub(super) fn is_current(&self) -> bool {
        *self == Self::of(self.0.iter().map(|(path, _)| path.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_changes_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let index = r#"{"weight_map": {"a": "1.safetensors", "b": "2.safetensors", "c": "../up"}}"#;
        std::fs::write(path("model.index.json"), index).unwrap();
        for shard in ["1.safetensors", "2.safetensors"] {
            std::fs::write(path(shard), "x").unwrap();
        }
        let shards = weights::shards_of(&path("model.index.json"));
        assert_eq!(shards, [path("1.safetensors"), path("2.safetensors")]);
        assert!(weights::shards_of(&path("1.safetensors")).is_empty());
        let stamp = Stamp::of([path("model.index.json")].into_iter().chain(shards));
        assert!(stamp.is_current());
        std::fs::write(path("2.safetensors"), "other").unwrap();
        assert!(!stamp.is_current());
    }
}
