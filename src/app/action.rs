//! Everything that can happen, as one serialisable vocabulary for keys, mouse, engine and tests.
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::state::analysis::{ExactReport, IntervalReport};
use super::state::catalogue::Catalogue;
use super::state::compare::CompareColumn;
use super::state::detectors::DetectorsReport;
use super::state::grid::{GridReport, Place};
use super::state::log::Level;
use super::state::overlay::Column;
use super::state::parameters::Slider;
use odin_core::comparisons::JobEvent;
use odin_core::report::TableKind;
use odin_core::session::{Detector, Screen};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// The first frame is on the screen and the engine is up: queue every job.
    Start,
    /// This much time has passed since the start. Everything that is due happens now.
    Tick(Duration),
    Engine(JobEvent),
    /// The engine did not start, or has ended, and why.
    EngineGone(String),
    RestartEngine,
    Intervals(Box<IntervalReport>),
    Exact(Box<ExactReport>),
    GridReport(Box<GridReport>),
    DetectorsReport(Box<DetectorsReport>),
    Saved,
    SaveFailed(String),
    /// The session is in another file now.
    SavedAs(PathBuf),
    /// The networks and sets that jobs can be made from.
    Catalogue(Box<Catalogue>),
    /// The outcome of something done outside, for the status line and the log.
    Said(Level, String),
    /// Text that a library wrote to standard error.
    Native(String),
    Key(Key),
    Paste(String),
    /// Whether the terminal's window has the focus.
    Focus(bool),

    Quit,
    Save,
    /// Ask for the name of another file to save to.
    OpenSaveAs,
    Suspend,
    ToggleHelp,
    /// Open the list of every action by name.
    OpenPalette,
    /// Open that list at the ways to write the table to a file.
    OpenExports,
    /// Open the lists of networks and sets for a new job.
    OpenPicker,
    /// Move the choice in the list that lies on top.
    Choose(i32),
    /// Choose a row of that list; if it is chosen already, accept it.
    ChooseRow(Column, usize),
    OtherColumn,
    RestoreSession,
    DiscardAutosave,
    KeepAutosave,
    /// Close whatever lies on top: help, typing, a message.
    Dismiss,
    Show(Screen),
    ToggleMouse,
    NextTheme,
    Scroll(i32),
    SearchLog,
    NextLogFilter,
    CopyLog,
    WriteLog,

    NextJob,
    PreviousJob,
    /// Select the job so many rows further down the list.
    StepJob(i32),
    /// Type a text: the list then shows the jobs that contain it.
    FilterJobs,
    NextFailed,
    /// Score the failed jobs again.
    RetryFailed,
    SelectJob(usize),
    PauseOrResume,
    CancelJob,
    PauseQueue,
    CancelQueue,
    DuplicateJob,
    RemoveJob,
    /// Move the selected job up (−1) or down (1).
    MoveJob(i32),

    FocusNext,
    FocusPrevious,
    /// Move the slider that has the focus by so many steps.
    Step(i32),
    StepOf(Slider, i32),
    /// A slider is dragged to this fraction of its length; ends with [`Action::Release`].
    SlideTo(Slider, f64),
    Release,
    /// Start typing a value for the slider that has the focus.
    Edit,
    Type(char),
    Erase,
    EraseWord,
    ClearText,
    Accept,
    /// Give the selected job's (T, ε) to all jobs.
    ApplyToAll,
    Undo,
    Redo,

    /// Set the threshold to this place on the histogram's axis (log-odds or probability, whichever it shows).
    ThresholdToScore(f64),
    /// Set the threshold to where the ROC has this FPR.
    ThresholdToFpr(f64),
    ThresholdReset,

    NextDetector,
    PreviousDetector,
    ToggleAxis,
    ToggleLogCounts,
    ToggleCounts,
    ToggleCurve,
    ToggleMarks,
    /// Pin the setting that is shown as A; if one is pinned, unpin it.
    PinOrUnpin,
    /// Go back to the pinned setting, and pin the one that was shown in its place.
    SwapWithPin,
    ToggleLogFpr,
    NextMetric,
    TogglePositive,
    ToggleErrorConvention,
    ToggleAuprConvention,

    Grid(GridAction),
    Images(ImagesAction),
    Compare(CompareAction),
    Detectors(DetectorsAction),
}

/// What can be done on the Grid screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum GridAction {
    /// The cursor moves by so many rows up, and columns to the right: by so many values of T and of ε, say.
    Move(i32, i32),
    To(Place),
    ToBest,
    FillOrPause,
    /// Compute the best cell on the images that it was not chosen on.
    ScoreBestOnRest,
    /// Give the job the values under the cursor.
    Take,
    /// Show the table of what is chosen on one set and reported on others, or the grid again.
    ToggleTransfer,
}

/// What can be done on the Images screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ImagesAction {
    /// Move the choice by so many images, rows or pages.
    Move(i32),
    MoveRows(i32),
    MovePages(i32),
    /// Choose the image at this place of the list; if it is chosen already, show it large.
    Choose(usize),
    ToggleLarge,
    /// The next (1) or previous (−1) order, filter or class.
    NextOrder(i32),
    NextFilter(i32),
    NextClass(i32),
    AnyClass,
    /// The screen has room for this many images across and down.
    Fits(u16, u16),
    TogglePixels,
    /// Put the name of the chosen image's file on the terminal's clipboard.
    CopyName,
}

/// What can be done on the Detectors screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DetectorsAction {
    /// The cursor moves so many rows down.
    Move(i32),
    /// The cursor goes to this detector; if it is there already, the detector is shown.
    To(Detector),
    /// Sort by the next (1) or previous (−1) average.
    NextAverage(i32),
    /// Score those too that need passes of their own, or no longer.
    TogglePasses,
    /// Show the chosen detector on the Explore screen.
    Show,
    /// Make it the detector of the session's jobs, or no longer.
    Keep,
}

/// What can be done on the Compare screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CompareAction {
    /// Select the job so many rows further down.
    Move(i32),
    /// Sort by the next column (1) or the previous one (−1).
    NextColumn(i32),
    /// Sort by a column; if the rows are sorted by it already, reverse them.
    SortBy(CompareColumn),
    Reverse,
    /// Sort by the next of: the number of the detector beside the baseline, the baseline's, the change.
    NextNumber,
    /// Show the next detector (1) or the previous one (−1) beside the baseline.
    NextDetector(i32),
    ToggleDetails,
    /// Write the table to a file.
    Export(TableKind),
}
