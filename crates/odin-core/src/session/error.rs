//! Why a session cannot be read or written; each message names the file.
use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("{}: cannot read the session: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// Not YAML, or not what the schema expects there.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Invalid {
        path: PathBuf,
        line: usize,
        column: usize,
        message: String,
    },
    #[error("{}: cannot save the session: {source}", path.display())]
    Save { path: PathBuf, source: io::Error },
    #[error("{}: cannot write the session as YAML: {message}", path.display())]
    Encode { path: PathBuf, message: String },
}
