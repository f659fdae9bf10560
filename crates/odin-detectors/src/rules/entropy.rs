//! Entropy of the softmax.
use super::max_logit::max_logit;
use crate::description::{Description, Maker};
use crate::log_odds::{argmax, log_odds};
use crate::number::softplus;

/// Scores are −log of the entropy −Σ p log p: they rise with Σ p log p, and keep every digit where it crowds below 0.
pub(crate) const ENTROPY: Description = Description {
    key: "entropy",
    label: "entropy",
    formula: "Σ p log p",
    source: "arXiv 1610.02136",
    cost: "no fit; C an image",
    knobs: &[],
    needs: &[],
    is_log_odds: false,
    rule: Maker::Logits(|logits, _| entropy(logits)),
};

/// The classes' log-probabilities at T = 1 but for the guess's, and the log-odds s of the guess. With s no digit is lost
/// where the guess is all but certain: its log-probability is −log(1 + e^−s), the others share 1 / (1 + e^s).
fn log_probabilities(logits: &[f32]) -> (f64, impl Iterator<Item = f64> + '_) {
    let odds = log_odds(logits, 1.0);
    let guess = argmax(logits);
    let log_sum = max_logit(logits) + softplus(-odds);
    let others = logits
        .iter()
        .enumerate()
        .filter(move |(class, _)| *class != guess);
    (odds, others.map(move |(_, &z)| f64::from(z) - log_sum))
}

/// −log of the entropy of the softmax at T = 1.
fn entropy(logits: &[f32]) -> f64 {
    let (odds, others) = log_probabilities(logits);
    let log_normaliser = softplus(-odds);
    let mut entropy = (-log_normaliser).exp() * log_normaliser;
    for log_p in others {
        // A class that is out of the question has p = 0, and 0 · −∞ counts nothing.
        if log_p > f64::NEG_INFINITY {
            entropy -= log_p.exp() * log_p;
        }
    }
    -entropy.ln()
}
