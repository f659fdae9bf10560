//! What `update` wants done outside the model, as plain data.
use std::path::PathBuf;

use super::analysis::{ExactRequest, IntervalRequest};
use super::cell::GridRequest;
use crate::engine::protocol::Command;
use crate::report::TableKind;
use crate::session::Session;

#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Redraw(Redraw),
    Engine(Command),
    /// Answered by `Start` or `EngineGone`.
    StartEngine,
    /// Answered by `Saved` or `SaveFailed`.
    SaveSession {
        path: PathBuf,
        session: Box<Session>,
    },
    /// Answered by `Intervals`; takes up to a second of computing.
    ComputeIntervals(IntervalRequest),
    /// Answered by `GridReport`; takes up to a second of computing.
    ComputeGrid(GridRequest),
    /// Answered by `Catalogue`.
    LoadCatalogue,
    /// Put this on the clipboard of the terminal.
    Copy(String),
    /// Answered by `Said`.
    WriteLog(String),
    /// Keep this beside the session's file, in case the program is cut off.
    Autosave {
        path: PathBuf,
        session: Box<Session>,
    },
    /// Into a file of this name, with a number where there is one already. Answered by `Said`.
    WriteTable {
        stem: String,
        kind: TableKind,
        text: String,
    },
    /// What was kept of a session that was not saved is not wanted.
    DiscardAutosave,
    /// Answered by `Exact`; sorts every score.
    ComputeExact(ExactRequest),
    SetMouse(bool),
    Suspend,
    Quit,
}

/// How soon a frame is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Redraw {
    /// Something moved on by itself.
    Progress,
    /// A person did something and waits for the answer.
    Answer,
}
