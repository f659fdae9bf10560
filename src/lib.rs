//! The parts of `odin`, a terminal dashboard for exploring out-of-distribution detection.
//!
//! Each module imports only from those listed after it.
pub mod engine;
pub mod metrics;
pub mod units;
