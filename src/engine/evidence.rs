//! What scoring one set with one network has shown, kept so that it need not be done again.
//!
//! With the logits at ε = 0 every T is arithmetic there. The sign of the gradient is one bit an input value: kept per
//! T, a new ε costs one forward pass. Scores at a visited (T, ε) come back at once.
use std::collections::HashMap;

use crate::scoring::Signs;
use crate::units::{LogOdds, Magnitude, Temperature};

/// Bytes of gradient signs kept a set; the temperatures used longest ago go first.
const SIGN_BUDGET: usize = 256 << 20;

/// What evidence belongs to. Anything that changes a score is in it, or in the key within (T, ε).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EvidenceKey {
    pub weights: String,
    pub normalisation: String,
    pub dataset: String,
}

/// Evidence on the images of one set, by their number in the set.
#[derive(Default)]
pub struct Evidence {
    logits: HashMap<u32, Box<[f32]>>,
    signs: HashMap<u64, SignsAtT>,
    scores: HashMap<(u64, u64), HashMap<u32, LogOdds>>,
    clock: u64,
}

#[derive(Default)]
struct SignsAtT {
    images: HashMap<u32, Signs>,
    bytes: usize,
    used: u64,
}

impl Evidence {
    /// Logits at ε = 0.
    pub fn logits(&self, image: u32) -> Option<&[f32]> {
        self.logits.get(&image).map(AsRef::as_ref)
    }

    /// Keeps the first there are: what has been shown does not change its last bits.
    pub fn keep_logits(&mut self, image: u32, logits: Box<[f32]>) {
        self.logits.entry(image).or_insert(logits);
    }

    /// Signs of the gradient at T.
    pub fn signs(&self, image: u32, t: Temperature) -> Option<Signs> {
        self.signs.get(&t.get().to_bits())?.images.get(&image).cloned()
    }

    pub fn keep_signs(&mut self, image: u32, t: Temperature, signs: Signs) {
        self.clock += 1;
        let at = self.signs.entry(t.get().to_bits()).or_default();
        at.used = self.clock;
        at.bytes += signs.len();
        at.images.insert(image, signs);
        while self.signs.values().map(|at| at.bytes).sum::<usize>() > SIGN_BUDGET && self.signs.len() > 1 {
            let oldest = self.signs.iter().min_by_key(|(_, at)| at.used).map(|(&t, _)| t);
            oldest.map(|t| self.signs.remove(&t));
        }
    }

    /// The score at (T, ε), where ε is above 0. At ε = 0 it follows from the logits.
    pub fn score(&self, image: u32, t: Temperature, magnitude: Magnitude) -> Option<LogOdds> {
        self.scores
            .get(&(t.get().to_bits(), magnitude.get().to_bits()))?
            .get(&image)
            .copied()
    }

    pub fn keep_score(&mut self, image: u32, t: Temperature, magnitude: Magnitude, score: LogOdds) {
        let at = self
            .scores
            .entry((t.get().to_bits(), magnitude.get().to_bits()))
            .or_default();
        at.insert(image, score);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_found_where_it_was_left_and_nowhere_else() {
        let (t, other) = (Temperature::PAPER, Temperature::ONE);
        let (small, large) = (Magnitude::PAPER, Magnitude::new(0.002).unwrap());
        let mut evidence = Evidence::default();
        evidence.keep_logits(3, Box::new([1.0, 2.0]));
        evidence.keep_signs(3, t, Signs::from([5]));
        evidence.keep_score(3, t, small, LogOdds(1.5));
        assert_eq!(evidence.logits(3), Some([1.0f32, 2.0].as_slice()));
        assert_eq!(evidence.logits(4), None);
        assert!(evidence.signs(3, t).is_some() && evidence.signs(3, other).is_none());
        assert_eq!(evidence.score(3, t, small), Some(LogOdds(1.5)));
        assert_eq!(evidence.score(3, t, large), None);
        assert_eq!(evidence.score(3, other, small), None);
    }

    #[test]
    fn signs_used_longest_ago_make_room() {
        let mut evidence = Evidence::default();
        let t = |n: u32| Temperature::new(f64::from(n)).unwrap();
        let big = || Signs::from(vec![0u8; SIGN_BUDGET / 2]);
        evidence.keep_signs(0, t(1), big());
        evidence.keep_signs(0, t(2), big());
        evidence.keep_signs(0, t(3), big());
        assert!(evidence.signs(0, t(1)).is_none());
        assert!(evidence.signs(0, t(2)).is_some() && evidence.signs(0, t(3)).is_some());
    }
}
