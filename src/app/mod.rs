//! What the dashboard knows and how it changes: events become [`Action`]s, [`update`] applies them to the [`Model`] and
//! answers with [`Effect`]s for someone else to carry out.
//!
//! May not live here: drawing, terminals, files, clocks, tensors. Time comes in as [`Action::Tick`].
mod action;
mod analysis;
mod effect;
mod history;
mod job;
mod key;
mod keymap;
mod log;
mod model;
mod rate;
mod scores;
mod slider;
mod typing;
mod update;

#[cfg(test)]
pub mod fake;
#[cfg(test)]
mod soak;

pub use action::Action;
pub use analysis::{Analysis, IntervalReport, IntervalRequest, Intervals95};
pub use effect::{Effect, Redraw};
pub use job::{Job, JobState, Parameters, Totals};
pub use key::{Key, KeyCode};
pub use keymap::{Binding, Context, Group, Keymap};
pub use log::{Level, Log, LogEntry};
pub use model::{EngineState, Model, Status};
pub use slider::{Cursor, Slider, Span};
pub use typing::Typing;
pub use update::update;
