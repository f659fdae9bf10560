//! The panes of the screens. What several screens show comes last.
pub mod overlays;
pub mod header;
pub mod footer;
pub mod explore;
pub mod grid;
pub mod images;
pub mod compare;
pub mod log;
mod histogram;
mod compared;
mod tuned;
mod empty;
