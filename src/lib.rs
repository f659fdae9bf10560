//! The parts of `odin`, a terminal dashboard for exploring out-of-distribution detection.
//!
//! Each module imports only from those listed after it.
pub mod cli;
pub mod term;
pub mod config;
pub mod ui;
pub mod app;
