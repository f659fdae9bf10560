//! Out-of-distribution detectors: from what a network says of an image to one score. Higher is more in-distribution.
//!
//! Arithmetic alone, in f64 from f32 logits: nothing here reads a file, keeps anything or knows a tensor library. Each
//! module imports only from those listed after it.
mod logit_scores;
mod setting;
mod detector;
mod knob;
mod log_odds;

pub use detector::Detector;
pub use knob::{Knob, KnobError, Scale};
pub use log_odds::{argmax, log_odds};
pub use logit_scores::score_logits;
pub use setting::{MOST_KNOBS, Setting};
