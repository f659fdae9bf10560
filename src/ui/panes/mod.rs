//! The panes of the screens, one file each.
pub mod explore;
pub mod footer;
pub mod header;
pub mod help;
mod histogram;
mod jobs;
pub mod log;
mod metrics;
mod roc;
mod sliders;
mod threshold;
