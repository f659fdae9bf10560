//! The engine: networks, weights, gradients, scoring and training with libtorch. The only crate that names tch.
//!
//! Each module imports only from those listed after it.
pub mod commands;
pub mod engine;
pub mod training;
pub mod scoring;
pub mod networks;
