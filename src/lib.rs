//! The parts of `odin`, a terminal dashboard for exploring out-of-distribution detection.
//!
//! Each module imports only from those listed after it.
pub use odin_core::{files, home, logging, networks, plain, report, runs, session, units};
pub use odin_datasets as datasets;
pub use odin_datasets::fetch;
pub use odin_detectors as scoring;
pub use odin_metrics as metrics;

pub mod cli;
pub mod term;
pub mod config;
pub mod ui;
pub mod app;
