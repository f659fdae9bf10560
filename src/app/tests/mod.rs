//! The features working together, driven by keys, the mouse and a made-up engine.
mod analysis;
mod compare;
mod detectors;
mod engine;
mod grid_of_knobs;
mod grid;
mod images;
mod job_list;
mod jobs;
mod log;
mod overlay;
mod parameters;
mod pin;
mod saving;
mod threshold;
mod transfer;
mod view;
