//! What several integration tests need.
#![allow(dead_code, unused_imports)] // each test uses a part of it
pub mod home;
pub mod weights;
mod engine;
mod shared;
#[cfg(unix)]
pub mod terminal;

pub use engine::engine;
pub use shared::shared;
