//! T and ε: their values, the sliders that move them, and typing them exactly.
mod typing;
mod slider;

use serde::{Deserialize, Serialize};

pub use slider::{Slider, Span};
pub use typing::{Typing, TypingError};

use crate::units::{Magnitude, Temperature};

/// What a person moves: T and ε.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    pub temperature: Temperature,
    pub magnitude: Magnitude,
}

impl Parameters {
    pub const BASELINE: Self = Self {
        temperature: Temperature::ONE,
        magnitude: Magnitude::ZERO,
    };
}
