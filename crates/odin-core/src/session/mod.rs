//! A session: queues of jobs, and how the dashboard was left, as one YAML file in `sessions/`.
//!
//! Lives here: the schema, its checks, its older versions, loading and saving. May not live here: running jobs, drawing,
//! or terminals.
mod align;
mod autosave;
mod changes;
mod check;
mod edit;
mod error;
mod json_schema;
mod knobs;
mod left;
mod lists;
mod lock;
mod migration;
mod names;
mod parse;
mod pinned;
mod place;
mod schema;
mod store;
mod text;
mod tmuxp;
mod tuned;
mod values;
mod view;

pub use crate::runs::TunedOn;
pub use autosave::{Unsaved, autosave_path, discard_unsaved, unsaved};
pub use changes::{Change, Subject};
pub use edit::NotInPlace;
pub use error::{SessionError, TextError};
pub use json_schema::session_schema;
pub use knobs::Knobs;
pub use left::{leave, left};
pub use lists::{Compare, CompareColumn, ComparedNumber, ImageFilter, ImageList, ImageOrder};
pub use lock::{Holder, Lock, LockError, ago, copy_path};
pub use names::unknown_names;
pub use odin_detectors::Detector;
pub use odin_metrics::Metric;
pub use pinned::Pinned;
pub use schema::{Defaults, Job, Queue, Session, Sweep};
pub use store::Saved;
pub use tmuxp::{ImportError, Imported, LayoutError, Remark, import_tmuxp};
pub use tuned::Tuned;
pub use values::{Batch, Limit, VERSION, Values};
pub use view::{Axis, CurveKind, Marks, Screen, Threshold, View};
