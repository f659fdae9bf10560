//! T and ε: their values, the sliders that move them, and typing them exactly.
mod typing;
mod slider;

use serde::{Deserialize, Serialize};

pub use slider::{Slider, Span};
pub use typing::{Typing, TypingError};

use odin_core::setting::{self, Setting};
use odin_core::units::{Magnitude, Temperature};

/// What a person moves: T and ε.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    pub temperature: Temperature,
    pub magnitude: Magnitude,
}

impl Parameters {
    /// T and ε as a setting has them: 1 and 0 where its detector has no such knob.
    pub fn of(setting: &Setting) -> Self {
        let (temperature, magnitude) = setting::parameters(setting);
        Self {
            temperature,
            magnitude,
        }
    }

    /// ODIN with these.
    pub fn odin(self) -> Setting {
        setting::odin(self.temperature, self.magnitude)
    }
}
