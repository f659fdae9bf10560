//! The panes of the screens, one file each.
pub mod compare;
pub mod explore;
pub mod footer;
pub mod grid;
pub mod header;
pub mod help;
pub mod images;
mod inspection;
mod histogram;
mod jobs;
pub mod log;
mod metrics;
pub mod palette;
pub mod picker;
pub mod restore;
mod roc;
mod sliders;
mod threshold;
