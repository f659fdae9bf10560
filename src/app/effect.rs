//! What `update` wants done outside the model, as plain data.
use std::path::PathBuf;

use super::state::analysis::{ExactRequest, IntervalRequest};
use super::state::detectors::DetectorsRequest;
use super::state::grid::GridRequest;
use odin_core::comparisons::JobCommand;
use odin_core::report::TableKind;
use odin_core::session::Session;

#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Redraw(Redraw),
    Engine(JobCommand),
    /// Answered by `Start` or `EngineGone`.
    StartEngine,
    /// Answered by `Saved` or `SaveFailed`.
    SaveSession {
        path: PathBuf,
        session: Box<Session>,
    },
    /// To a new file, in place of the present one `from`. Answered by `SavedAs` or `SaveFailed`.
    SaveSessionAs {
        from: PathBuf,
        path: PathBuf,
        session: Box<Session>,
    },
    /// Answered by `Intervals`; takes up to a second of computing.
    ComputeIntervals(IntervalRequest),
    /// Answered by `GridReport`; takes up to a second of computing.
    ComputeGrid(GridRequest),
    /// Answered by `DetectorsReport`; takes up to a few seconds of computing.
    ComputeDetectors(DetectorsRequest),
    /// Answered by `Catalogue`.
    LoadCatalogue,
    /// Put this on the terminal's clipboard.
    Copy(String),
    /// Answered by `Said`.
    WriteLog(String),
    /// Keep the unsaved session beside its file, in case the program is cut off.
    Autosave {
        path: PathBuf,
        session: Box<Session>,
    },
    /// Write a table to a new file: named like this, with a number if there is such a file already. Answered by `Said`.
    WriteTable {
        stem: String,
        kind: TableKind,
        text: String,
    },
    /// Delete what is kept beside the session's file.
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
    /// Something progressed by itself.
    Progress,
    /// A person did something and waits for the result.
    Answer,
}
