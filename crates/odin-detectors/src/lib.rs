//! Out-of-distribution detectors: from what a network says of an image to one score. Higher is more in-distribution.
//!
//! Arithmetic alone, in f64 from f32 evidence: nothing here reads a file or knows a tensor library. Each module imports
//! only from those listed after it.
//!
//! [`Detector`] names them, [`Setting`] is one with its knobs. What a detector is compared with (the last layer, training
//! images) goes into a [`Fit`], the images to be scored into [`Prepared`], and [`Fitted`] scores these. What no knob
//! changes is computed once and kept in both. Scores are equal to the bit whatever the number of threads, and whatever
//! images are scored together.
mod fitted;
mod setting;
mod detector;
mod rules;
mod description;
mod prepared;
mod fit;
mod evidence;
mod error;
mod spread;
mod linear;
mod sparse;
mod ascending;
mod number;
mod vector;
mod need;
mod knob;
mod log_odds;

pub use description::Description;
pub use detector::Detector;
pub use error::Error;
pub use evidence::{FitImages, Images, Known, Labelled, LastLayer, Rows};
pub use fit::Fit;
pub use fitted::{Fitted, score_logits};
pub use knob::{Knob, KnobError, Scale, Values};
pub use log_odds::{argmax, log_odds};
pub use need::Need;
pub use prepared::Prepared;
pub use setting::{MOST_KNOBS, Setting};
