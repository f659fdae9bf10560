//! The parts of `odin`, a terminal dashboard for exploring out-of-distribution detection.
//!
//! Each module imports only from those listed after it.
pub use odin_datasets as datasets;
pub use odin_datasets::fetch;

pub mod cli;
pub mod term;
pub mod config;
pub mod ui;
pub mod app;
pub mod report;
pub mod session;
pub mod engine;
pub mod training;
pub mod runs;
pub mod scoring;
pub mod metrics;
pub mod networks;
pub mod home;
pub mod files;
pub mod units;
