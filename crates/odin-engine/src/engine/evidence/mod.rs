//! What scoring has shown, kept so that it need not be done again: in memory as long as there is room, and on disk.
//!
//! With the logits at ε = 0 every T is arithmetic there, and with the features every detector that looks at them. The sign
//! of the gradient is one bit an input value: kept per T, a new ε costs one forward pass. Scores at a visited (T, ε) come
//! back at once, in the next session too.
//!
//! Each module imports only from those listed after it.
mod store;
mod set;
mod lent;
mod prepared;
mod scoring;
mod rows;

pub(super) use lent::Lent;
pub(super) use scoring::{FitId, Fitting, How, Scoring, Wanted};
pub(super) use set::Evidence;
pub(super) use store::Store;

use crate::scoring::Signs;
use odin_core::setting::Move;
use odin_core::units::{LogOdds, Magnitude, Temperature};

/// An image's number and a value for each class or feature.
pub(super) type Row = (u32, Box<[f32]>);

/// What a batch has shown, by image number.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    /// Unperturbed.
    pub logits: Vec<Row>,
    /// Unperturbed: what the last layer takes.
    pub features: Vec<Row>,
    /// At the T of ODIN's pass.
    pub signs: Vec<(u32, Signs)>,
    /// At ODIN's (T, ε), where ε is above 0. At ε = 0 they follow from the logits.
    pub scores: Vec<(u32, LogOdds)>,
    /// Log-odds of images with the value of the greatest gradient moved.
    pub moved_scores: Vec<(Move, Vec<(u32, LogOdds)>)>,
    /// Features of images with the values of the least gradient moved.
    pub moved_features: Vec<(Move, Vec<Row>)>,
}

impl Shown {
    /// What other images of the batch have shown, by the same passes.
    pub(super) fn join(&mut self, more: Self) {
        self.logits.extend(more.logits);
        self.features.extend(more.features);
        self.signs.extend(more.signs);
        self.scores.extend(more.scores);
        join_moved(&mut self.moved_scores, more.moved_scores);
        join_moved(&mut self.moved_features, more.moved_features);
    }
}

fn join_moved<T>(all: &mut Vec<(Move, Vec<T>)>, more: Vec<(Move, Vec<T>)>) {
    for (movement, images) in more {
        match all.iter_mut().find(|(known, _)| *known == movement) {
            Some((_, known)) => known.extend(images),
            None => all.push((movement, images)),
        }
    }
}

/// A pass over images moved somehow, by the bits of its numbers, so that it can name things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct At(&'static str, u64, u64);

impl At {
    /// ODIN's pass.
    fn new(temperature: Temperature, magnitude: Magnitude) -> Self {
        Self("odin", temperature.get().to_bits(), magnitude.get().to_bits())
    }

    fn temperature(temperature: Temperature) -> Self {
        Self::new(temperature, Magnitude::ZERO)
    }

    fn moved(movement: Move) -> Self {
        match movement {
            Move::GreatestGradient(t, magnitude) => {
                Self("greatest", t.get().to_bits(), magnitude.get().to_bits())
            }
            Move::LeastGradient { percent, step } => Self("least", percent.to_bits(), step.to_bits()),
        }
    }
}
