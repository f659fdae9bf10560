//! Draws the model, and records where on the screen each thing is.
//!
//! A frame is a function of the model and of the [`Look`]; nothing is remembered between frames. Each module imports only
//! from those listed after it, and so do the modules of each folder.
mod view;
mod panes;
mod widgets;
mod painter;
mod areas;
mod hit;
mod look;
mod theme;
mod colour;
mod format;
mod glyphs;

#[cfg(test)]
mod tests;

pub use crate::app::ThemeName;
pub use colour::Colours;
pub use glyphs::Glyphs;
pub use hit::{HitMap, Target};
pub use look::Look;
pub use theme::{Role, Theme};
pub use view::{MIN_HEIGHT, MIN_WIDTH, view};
