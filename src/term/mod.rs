//! The terminal: what it can do, how it is taken and given back, what comes in from it, and the one loop that drives
//! the dashboard.
//!
//! May not live here: what keys mean (that is [`crate::app`]) and what things look like (that is [`crate::ui`]).
mod background;
mod capabilities;
mod dashboard;
mod error;
mod graphics;
mod guard;
mod input;
mod run;
mod screen;
mod signals;
mod stderr;

pub use capabilities::Capabilities;
pub use dashboard::{Exit, TermOptions};
pub use error::TermError;
pub use run::{EngineLink, run};
