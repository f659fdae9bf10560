//! What the dashboard knows and how it changes: events become [`Action`]s, [`update`] applies them to the [`Model`] and
//! answers with [`Effect`]s for someone else to carry out.
//!
//! May not live here: drawing, terminals, files, clocks, tensors. Time comes in as [`Action::Tick`].
mod action;
mod analysis;
mod appearance;
mod bindings;
mod catalogue;
mod cell;
mod compare;
mod effect;
mod field;
mod fuzzy;
mod grid;
mod history;
mod images;
mod job;
mod key;
mod keymap;
mod log;
mod model;
mod overlay;
mod picker;
mod pin;
mod rate;
mod restore;
mod scores;
mod slider;
mod typing;
mod update;

#[cfg(test)]
pub mod fake;
#[cfg(test)]
mod soak;

pub use action::{Action, CompareAction, GridAction, ImagesAction};
pub use analysis::{
    Analysis, BandPoint, ExactReport, ExactRequest, IntervalReport, IntervalRequest, Intervals95,
};
pub use appearance::ThemeName;
pub use catalogue::{Catalogue, Choice};
pub use cell::{CellScores, GridReport, GridRequest, Replicates};
pub use compare::{Compare, CompareColumn, Number, change, present};
pub use effect::{Effect, Redraw};
pub use field::Field;
pub use grid::{Grid, OnRest, Place, Subset};
pub use images::{Gallery, ImageFilter, ImageOrder, Inspected, Listed};
pub use job::{Job, JobState, Parameters, Totals};
pub use key::{Key, KeyCode};
pub use keymap::{Binding, Context, Group, Keymap};
pub use log::{Filter, Level, Log, LogEntry, clock};
pub use model::{EngineState, Model, Status};
pub use overlay::{Overlay, Palette};
pub use picker::{Choices, Column, Picker};
pub use pin::Pin;
pub use restore::Restore;
pub use slider::{Cursor, Slider, Span};
pub use typing::Typing;
pub use update::update;
