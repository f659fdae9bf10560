//! The parts of `odin`, a terminal dashboard for exploring out-of-distribution detection.
//!
//! Each module imports only from those listed after it; empty lines keep them in that order.
pub mod term;

pub mod ui;

pub mod app;

pub mod session;

pub mod engine;

pub mod metrics;

pub mod units;
