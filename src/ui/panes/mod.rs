//! The panes of the screens. What several screens show comes last.
pub(super) mod overlays;
pub(super) mod header;
pub(super) mod footer;
pub(super) mod explore;
pub(super) mod grid;
pub(super) mod images;
pub(super) mod compare;
pub(super) mod detectors;
pub(super) mod log;
mod histogram;
mod compared;
mod tuned;
mod empty;
