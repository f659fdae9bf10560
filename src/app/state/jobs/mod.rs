//! Jobs: what was asked for, how far each is, and undoing what a person did to them.
mod filter;
mod history;
mod job;
mod rate;

pub use filter::JobFilter;
pub(in crate::app) use history::{Change, Edit, History};
pub use job::{Job, JobFailure, JobState, Totals};
