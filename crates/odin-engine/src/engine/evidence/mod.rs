//! What scoring has shown, kept so that it need not be done again: in memory as long as there is room, and on disk.
//!
//! With the logits at ε = 0 every T is arithmetic there. The sign of the gradient is one bit an input value: kept per
//! T, a new ε costs one forward pass. Scores at a visited (T, ε) come back at once, in the next session too.
mod set;
mod store;

pub(super) use set::Evidence;
pub(super) use store::Store;

use crate::scoring::Signs;
use odin_core::units::{LogOdds, Magnitude, Temperature};

/// What a batch at (T, ε) has shown, by image number.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    /// Unperturbed.
    pub logits: Vec<(u32, Box<[f32]>)>,
    /// At T.
    pub signs: Vec<(u32, Signs)>,
    /// At (T, ε), where ε is above 0. At ε = 0 they follow from the logits.
    pub scores: Vec<(u32, LogOdds)>,
}

/// T and ε by their bits, so that they can name things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct At(u64, u64);

impl At {
    fn new(temperature: Temperature, magnitude: Magnitude) -> Self {
        Self(temperature.get().to_bits(), magnitude.get().to_bits())
    }

    fn temperature(temperature: Temperature) -> Self {
        Self::new(temperature, Magnitude::ZERO)
    }
}
