//! The state of each feature, with the logic that needs nothing else. None knows the whole model: what a feature needs of
//! another is passed to it.
pub(super) mod compare;
pub(super) mod detectors;
pub(super) mod grid;
pub(super) mod images;
pub(super) mod pin;
pub(super) mod jobs;
pub(super) mod analysis;
pub(super) mod scores;
pub(super) mod groups;
pub(super) mod threshold;
pub(super) mod parameters;
pub(super) mod saving;
pub(super) mod engine;
pub(super) mod overlay;
pub(super) mod catalogue;
pub(super) mod log;
pub(super) mod text;
pub(super) mod theme;
