//! For tests: a made-up session, an engine that makes scores up, and a hand on the keyboard.
mod soak;
pub(super) mod driver;
pub mod fake;
