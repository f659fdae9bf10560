//! Why something that was asked of an engine cannot be had.
use std::io;

use serde::{Deserialize, Serialize};

use crate::networks::CardError;
use odin_datasets::DatasetError;

/// The cause by its kind, and the whole message for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    pub kind: FailureKind,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// Images or weights that are not on this machine.
    Missing {
        /// The name by which `odin fetch` brings them, where it can.
        fetch: Option<String>,
    },
    /// A network or data set of that name is not known.
    UnknownName,
    /// What is asked for does not exist: an image past a set's end, a choice that leaves none.
    Request,
    /// A file that cannot be read, or whose content is not what it should be.
    BadFile,
    /// Things that are sound and do not fit together: shapes, classes, weights and architecture, ε and a network without
    /// gradient.
    Unfit,
    /// A device that is not there or has too little memory.
    Device,
    /// libtorch refused a computation.
    Libtorch,
    /// A network's output is not a number.
    NotANumber,
    /// The engine has ended, or has no thread to work on.
    Engine,
    /// A fault in the program.
    Fault,
}

impl Failure {
    /// `text` is the whole message.
    pub fn new(kind: FailureKind, text: impl ToString) -> Self {
        Self {
            kind,
            text: text.to_string(),
        }
    }

    /// What a panic said.
    pub fn fault(panic: &str) -> Self {
        Self::new(FailureKind::Fault, format!("a fault in the program: {panic}"))
    }
}

impl From<&DatasetError> for FailureKind {
    fn from(error: &DatasetError) -> Self {
        match error {
            DatasetError::Missing(missing) => Self::Missing {
                fetch: missing.fetch.clone(),
            },
            DatasetError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Self::Missing { fetch: None }
            }
            DatasetError::Io { .. }
            | DatasetError::Malformed { .. }
            | DatasetError::Card { .. }
            | DatasetError::CorruptImage { .. }
            | DatasetError::UnreadableFile { .. }
            | DatasetError::Invalid { .. } => Self::BadFile,
            DatasetError::Choice { .. } | DatasetError::NoSuchImage { .. } => Self::Request,
            DatasetError::Unknown { .. } => Self::UnknownName,
            DatasetError::MixedSizes { .. } => Self::Unfit,
        }
    }
}

impl From<&CardError> for FailureKind {
    fn from(error: &CardError) -> Self {
        match error {
            CardError::Io { .. } | CardError::Invalid { .. } => Self::BadFile,
            CardError::Unknown { .. } => Self::UnknownName,
        }
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        Self::new((&error).into(), error)
    }
}

impl From<CardError> for Failure {
    fn from(error: CardError) -> Self {
        Self::new((&error).into(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use odin_datasets::MissingFile;

    #[test]
    fn a_set_that_is_not_here_says_what_fetches_it() {
        let error = DatasetError::Missing(MissingFile {
            dataset: "crops".to_owned(),
            path: "crops.bin".into(),
            advice: "`odin fetch crops` brings it".to_owned(),
            fetch: Some("crops".to_owned()),
        });
        let text = error.to_string();
        let failure = Failure::from(error);
        let fetch = Some("crops".to_owned());
        assert_eq!(failure.kind, FailureKind::Missing { fetch });
        assert_eq!(failure.to_string(), text, "the message stays as it is");
    }
}
