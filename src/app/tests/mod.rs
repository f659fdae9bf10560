//! The features at work together: driven by keys, mouse and a made-up engine, as a person and an engine would.
mod analysis;
mod compare;
mod engine;
mod grid;
mod images;
mod job_list;
mod jobs;
mod log;
mod overlay;
mod parameters;
mod pin;
mod saving;
mod view;
