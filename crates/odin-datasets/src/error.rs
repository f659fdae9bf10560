//! What can go wrong with a data set, each error naming the file, the place and what to do.
use std::io;
use std::path::{Path, PathBuf};

use crate::choice::ChoiceError;

#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The file is there and is not what it should be.
    #[error("{}: {why}", path.display())]
    Malformed { path: PathBuf, why: String },
    #[error(transparent)]
    Missing(#[from] MissingFile),
    #[error("{}: {why}", path.display())]
    Card { path: PathBuf, why: String },
    /// One image among many, which a set may skip.
    #[error("{}: {why} (`corrupt: skip` in a data card, or `--corrupt skip`, leaves out what cannot be decoded)", path.display())]
    CorruptImage { path: PathBuf, why: String },
    /// One of a set of files. Whoever named it knows its path.
    #[error("{why}")]
    UnreadableFile { why: String },
    #[error("data set {name}: {why}")]
    Invalid { name: String, why: String },
    #[error("data set {name}: {source}")]
    Choice { name: String, source: ChoiceError },
    #[error("no data set `{name}`: {}", suggestion(nearest, known))]
    Unknown {
        name: String,
        nearest: Vec<String>,
        known: Vec<String>,
    },
    #[error("data set {name} has {len} images, numbered from 0: there is no image {index}")]
    NoSuchImage { name: String, index: usize, len: usize },
    #[error(
        "images {} and {} of data set {name} differ in size ({}×{} and {}×{}): \
         batch them by size, or give the card a `resize` and a `crop`",
        .a.0, .b.0, .a.1, .a.2, .b.1, .b.2
    )]
    MixedSizes {
        name: String,
        /// Index, height, width.
        a: (usize, usize, usize),
        b: (usize, usize, usize),
    },
}

/// A file that a card names and that is not on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is missing, which data set {dataset} needs: {advice}", path.display())]
pub struct MissingFile {
    pub dataset: String,
    pub path: PathBuf,
    /// How to get it.
    pub advice: String,
    /// The name by which `odin fetch` brings it, where it can.
    pub fetch: Option<String>,
}

impl DatasetError {
    /// The error without the file's path, for whoever tells it beside the path.
    pub fn reason(&self) -> String {
        match self {
            Self::Io { source, .. } => source.to_string(),
            Self::Malformed { why, .. } | Self::CorruptImage { why, .. } | Self::UnreadableFile { why } => {
                why.clone()
            }
            other => other.to_string(),
        }
    }

    pub(super) fn malformed(path: &Path, why: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            why: why.into(),
        }
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

fn suggestion(nearest: &[String], known: &[String]) -> String {
    match nearest {
        [] if known.is_empty() => "no card (NAME.yaml) is there, and it is no path".to_owned(),
        [] => format!(
            "known are {}; or give the path of a folder or file",
            known.join(", ")
        ),
        _ => format!(
            "did you mean {}? (`odin list datasets` shows all)",
            nearest.join(" or ")
        ),
    }
}
