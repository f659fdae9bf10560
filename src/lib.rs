//! The parts of `odin`, a terminal dashboard for exploring out-of-distribution detection.
//!
//! Each module imports only from those listed after it.
pub mod cli;
pub mod datasets;
pub mod engine;
pub mod fetch;
pub mod home;
pub mod metrics;
pub mod networks;
pub mod runs;
pub mod scoring;
pub mod training;
pub mod units;
