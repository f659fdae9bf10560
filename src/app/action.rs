//! Everything that can happen, in one serialisable vocabulary for keys, mouse, the engine and tests.
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::analysis::{ExactReport, IntervalReport};
use super::catalogue::Catalogue;
use super::cell::GridReport;
use super::compare::CompareColumn;
use super::grid::Place;
use super::key::Key;
use super::log::Level;
use super::picker::Column;
use super::slider::Slider;
use crate::engine::protocol::Event;
use crate::report::TableKind;
use crate::session::Screen;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// The first frame is on the screen and the engine is there: queue every job.
    Start,
    /// It is so long after the start. Everything that is due happens now.
    Tick(Duration),
    Engine(Event),
    /// No engine, or no longer.
    EngineGone(String),
    /// A person wants an engine again.
    RestartEngine,
    Intervals(Box<IntervalReport>),
    Exact(Box<ExactReport>),
    GridReport(Box<GridReport>),
    Saved,
    SaveFailed(String),
    /// What jobs can be made of.
    Catalogue(Box<Catalogue>),
    /// Something outside went well, or did not.
    Said(Level, String),
    /// A line that a library wrote to standard error.
    Native(String),
    Key(Key),
    Paste(String),
    /// The terminal's window has the focus, or no longer.
    Focus(bool),

    Quit,
    Save,
    Suspend,
    ToggleHelp,
    /// Every action by name.
    OpenPalette,
    /// A network and a set for a new job.
    OpenPicker,
    /// Move through the list that lies on top.
    Choose(i32),
    /// Choose a row of it; again, take it.
    ChooseRow(Column, usize),
    OtherColumn,
    RestoreSession,
    DiscardAutosave,
    /// Close what lies on top: help, typing, a message.
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
    SelectJob(usize),
    PauseOrResume,
    CancelJob,
    PauseQueue,
    CancelQueue,
    DuplicateJob,
    RemoveJob,
    /// Up (−1) or down.
    MoveJob(i32),

    FocusNext,
    FocusPrevious,
    /// Move what has the focus by so many steps.
    Step(i32),
    StepOf(Slider, i32),
    /// A slider is dragged to this fraction of its length; ends with [`Action::Release`].
    SlideTo(Slider, f64),
    Release,
    /// Start typing a value for what has the focus.
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

    /// The threshold is put to this place of the histogram's axis (log-odds or probability, whichever it shows).
    ThresholdToScore(f64),
    /// The threshold is put to where the curve on the ROC has this FPR.
    ThresholdToFpr(f64),
    ThresholdReset,

    NextDetector,
    PreviousDetector,
    ToggleAxis,
    ToggleLogCounts,
    ToggleCounts,
    ToggleCurve,
    ToggleMarks,
    /// Pin what is shown as A, or let go of it.
    PinOrUnpin,
    /// Go back to the pinned setting; what was shown is pinned in its place.
    SwapWithPin,
    ToggleLogFpr,
    NextMetric,
    TogglePositive,
    ToggleErrorConvention,
    ToggleAuprConvention,

    Grid(GridAction),
    Images(ImagesAction),
    Compare(CompareAction),
}

/// What can be done on the Grid screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum GridAction {
    /// The cursor moves by so many places of T, and of ε.
    Move(i32, i32),
    To(Place),
    ToBest,
    FillOrPause,
    /// Compute the best cell on the images that did not choose it.
    ScoreBestOnRest,
    /// The job's T and ε become those under the cursor.
    Take,
}

/// What can be done on the Images screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ImagesAction {
    /// The choice moves by so many images, by rows of them, or by pages.
    Move(i32),
    MoveRows(i32),
    MovePages(i32),
    /// Choose the image at this place of the list; once more shows it large.
    Choose(usize),
    ToggleLarge,
    /// The next way (1) or that before (−1) to sort, to filter, and the next class.
    NextOrder(i32),
    NextFilter(i32),
    NextClass(i32),
    AnyClass,
    /// A page holds so many images across and down.
    Fits(u16, u16),
    TogglePixels,
}

/// What can be done on the Compare screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CompareAction {
    /// The job so many rows further down is selected.
    Move(i32),
    /// Sort by the next column (1) or the one before (−1).
    NextColumn(i32),
    /// Sort by a column; by the same once more turns the order round.
    SortBy(CompareColumn),
    Reverse,
    /// Sort by the number of the detector beside the baseline, the baseline's, or the change.
    NextNumber,
    /// The next detector (1) or that before (−1) stands beside the baseline.
    NextDetector(i32),
    ToggleDetails,
    /// Write the table to a file.
    Export(TableKind),
}
