//! What the dashboard knows and how it changes: events become [`Action`]s, [`update`] applies them to the [`Model`] and
//! answers with [`Effect`]s for someone else to carry out. Drawing, terminals, files, clocks and tensors do not belong
//! here; time comes in as [`Action::Tick`].
//!
//! It is built in layers, and a feature (jobs, parameters, grid, images, compare, log, …) has a file or folder of the same
//! name in each: its state and pure logic in `state`, how it changes in `update`, its tests in `tests`. What can happen
//! is in `action`, the keys of each screen are in `keymap`, `model` joins the states, `transfer` says which jobs stand in one
//! table of choices, and `schedule` when something is due. Each module imports only from those listed below it, here and in every folder.
#[cfg(test)]
mod tests;
#[cfg(test)]
mod testing;
mod update;
mod effect;
mod live;
mod schedule;
mod transfer;
mod model;
mod keymap;
mod action;
mod key;
mod state;

#[cfg(test)]
pub use testing::fake;

pub use action::{Action, CompareAction, DetectorsAction, GridAction, ImagesAction};
pub use effect::{Effect, Redraw};
pub use key::{Key, KeyCode};
pub use keymap::{Binding, Context, Group, Keymap};
pub use model::Model;
pub use state::analysis::{
    Analysis, BandPoint, ChangeReport, ChangeRequest, Changes95, ExactReport, ExactRequest, ImageScores,
    IntervalReport, IntervalRequest, Intervals95, IntervalsOf, Rate,
};
pub use state::catalogue::{Catalogue, Choice};
pub use state::compare::{
    Compare, CompareColumn, ComparedNumber, change, is_better, paired_change, present, published_beside,
};
pub use state::detectors::{DetectorColumn, Detectors, DetectorsReport, DetectorsRequest};
pub use state::engine::EngineState;
pub use state::grid::{
    CellScores, Grid, GridId, GridReport, GridRequest, Missing, OnRest, Place, Replicates, Subset, Transfer,
    TransferBasis, TransferReport, TransferRequest,
};
pub use state::groups::ImageGroups;
pub use state::images::{Gallery, ImageFilter, ImageOrder, Inspected};
pub use state::jobs::{Job, JobFailure, JobFilter, JobState, Totals};
pub use state::log::{Level, Log, LogEntry, LogFilter, Status, clock};
pub use state::overlay::{Choices, Column, Overlay, Palette, Picker, Restore, SaveAs};
pub use state::parameters::{Parameters, Slider, Span, Typing, TypingError};
pub use state::pin::Pin;
pub use state::scores::Listed;
pub use state::text::Field;
pub use state::theme::ThemeName;
pub use state::threshold::Cursor;
pub use transfer::TransferSet;
pub use update::update;
