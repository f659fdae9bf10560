//! A session: queues of jobs, and how the dashboard was left, as one YAML file in `sessions/`.
//!
//! Lives here: the schema, its checks, its older versions, loading and saving. May not live here: running jobs, drawing,
//! or terminals.
mod autosave;
mod check;
mod error;
mod json_schema;
mod lock;
mod migration;
mod place;
mod schema;
mod store;
mod tmuxp;
mod values;
mod view;

pub use autosave::{Unsaved, autosave_path, discard_unsaved, unsaved};
pub use check::unknown_names;
pub use error::SessionError;
pub use json_schema::session_schema;
pub use lock::{Holder, Lock, LockError, ago, copy_path};
pub use odin_detectors::Detector;
pub use odin_metrics::Metric;
pub use schema::{Defaults, Job, Queue, Session, Sweep, VERSION};
pub use tmuxp::{ImportError, Imported, Remark, import_tmuxp};
pub use values::{Batch, Limit, Values};
pub use view::{Axis, CurveKind, Marks, Screen, View};
