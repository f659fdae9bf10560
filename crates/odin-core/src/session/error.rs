//! Why a session cannot be read or written; each message names the file.
use std::io;
use std::path::PathBuf;

/// A message says its cause itself, so that none is listed as a source and said twice.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("{}: cannot read the session: {cause}", path.display())]
    Read { path: PathBuf, cause: io::Error },
    #[error("{}: cannot read the session: {cause}", path.display())]
    NoText { path: PathBuf, cause: TextError },
    /// Not YAML, or not what the schema expects there.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Invalid {
        path: PathBuf,
        line: usize,
        column: usize,
        message: String,
    },
    #[error("{}: cannot save the session: {cause}", path.display())]
    Save { path: PathBuf, cause: io::Error },
    #[error("{}: cannot write the session as YAML: {cause}", path.display())]
    Encode { path: PathBuf, cause: serde_yaml::Error },
}

/// Why a file holds no text that could be a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("it is no file")]
    NoFile,
    #[error("longer than any session (1 MiB): is it one?")]
    TooLong,
    #[error("it is no text in UTF-8 but in UTF-16: save it as UTF-8")]
    Utf16,
    #[error("it is no text in UTF-8: is it a session? Save it as UTF-8")]
    NotUtf8,
}
