//! A session: queues of jobs, and how the dashboard was left, as one YAML file in `sessions/`.
//!
//! Lives here: the schema, its checks, loading and saving. May not live here: running jobs, drawing, or terminals.
mod error;
mod schema;
mod store;
mod values;
mod view;

pub use error::SessionError;
pub use schema::{Defaults, Job, Queue, Session, VERSION};
pub use values::Batch;
pub use view::{Axis, Detector, Metric, Screen, View};
