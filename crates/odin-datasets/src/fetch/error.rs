//! What can go wrong with a fetch, each error one line that names the file or server and what to do.
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The card asks for what cannot be done.
    #[error("`fetch:` of the card: {0}")]
    Card(String),
    #[error("cannot {doing} {}: {source}{}", path.display(), advice(.source))]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("another odin is fetching {} at this moment; wait for it", .0.display())]
    Busy(PathBuf),
    #[error("{}{}", tried.iter().map(Tried::to_string).collect::<Vec<_>>().join("; "), resumable(*.kept))]
    Mirrors {
        tried: Vec<Tried>,
        /// Bytes that the next fetch goes on from.
        kept: u64,
    },
    /// A file given by hand is not what the card describes.
    #[error("{}: {mismatch}; if it is the right one all the same, add --no-checksum", file.display())]
    Sum { file: PathBuf, mismatch: String },
    #[error("{}: {why}; nothing was unpacked", file.display())]
    Archive { file: PathBuf, why: String },
    #[error("{} is a folder, not a file: copy or link what it holds to {}", file.display(), target.display())]
    Folder { file: PathBuf, target: PathBuf },
}

/// A mirror, and why it did not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub url: String,
    pub why: String,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.url, self.why)
    }
}

impl FetchError {
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; make room and fetch again: it goes on from where it stopped"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; may you write there? ODIN_HOME names another place"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "; something else is in the way: move it"
        }
        _ => "",
    }
}

fn resumable(bytes: u64) -> String {
    match bytes {
        0 => String::new(),
        n => format!(" (its first {n} bytes are kept: fetch again to go on from there)"),
    }
}
