//! Other detectors on the same logits, so that each can stand beside ODIN without a further pass.
use serde::{Deserialize, Serialize};

use crate::log_odds::{argmax, log_odds};

/// Scores of the detectors that need only the unperturbed logits; higher is more in-distribution.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LogitScores {
    pub max_logit: f64,
    /// At the T of the job.
    pub energy: f64,
    pub entropy: f64,
    pub gen_entropy: f64,
}

/// γ and the number of classes of GEN, as its authors set them.
const GEN_GAMMA: f64 = 0.1;
const GEN_CLASSES: usize = 100;

impl LogitScores {
    pub fn new(logits: &[f32], temperature: f64) -> Self {
        let top = logits.get(argmax(logits)).copied().map_or(f64::NAN, f64::from);
        let (entropy, gen_entropy) = entropies(logits, top, log_odds(logits, 1.0));
        let fixed = Self {
            max_logit: top,
            energy: f64::NAN,
            entropy,
            gen_entropy,
        };
        fixed.at(log_odds(logits, temperature), temperature)
    }

    /// The same logits at another T, with their log-odds there: only the energy changes.
    ///
    /// With log-odds s, log Σ exp(z/T) is z_ŷ/T + log(1 + e^−s).
    pub fn at(self, odds: f64, temperature: f64) -> Self {
        Self {
            energy: self.max_logit + temperature * softplus(-odds),
            ..self
        }
    }
}

/// log(1 + e^x)
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// −log of the entropy, and the negative generalised entropy. With the log-odds s of the guess at hand neither loses
/// digits where the guess is all but certain: its log-probability is −log(1 + e^−s), the others share 1 / (1 + e^s).
fn entropies(logits: &[f32], top: f64, odds: f64) -> (f64, f64) {
    let log_normaliser = softplus(-odds);
    let guess = argmax(logits);
    let mut entropy = (-log_normaliser).exp() * log_normaliser;
    let mut log_others = Vec::with_capacity(logits.len());
    for (class, &z) in logits.iter().enumerate() {
        if class != guess {
            let log_p = f64::from(z) - top - log_normaliser;
            entropy -= log_p.exp() * log_p;
            log_others.push(log_p);
        }
    }
    // 0 · −∞ of a class that is out of the question.
    let entropy = if entropy.is_nan() && !odds.is_nan() {
        0.0
    } else {
        entropy
    };
    // p^γ (1 − p)^γ, the guess first: its 1 − p is 1 / (1 + e^s).
    let mut gen_entropy = (GEN_GAMMA * (-log_normaliser - softplus(odds))).exp();
    if log_others.len() >= GEN_CLASSES {
        log_others.select_nth_unstable_by(GEN_CLASSES - 1, |a, b| b.total_cmp(a));
        log_others.truncate(GEN_CLASSES - 1);
    }
    for log_p in log_others {
        gen_entropy += (GEN_GAMMA * (log_p + (-log_p.exp()).ln_1p())).exp();
    }
    (-entropy.ln(), -gen_entropy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 5] = [1.5, -2.0, 0.25, 3.75, 3.5];

    fn softmax(logits: &[f32]) -> Vec<f64> {
        let terms: Vec<f64> = logits.iter().map(|&z| f64::from(z).exp()).collect();
        let sum: f64 = terms.iter().sum();
        terms.iter().map(|t| t / sum).collect()
    }

    fn near(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0), "{got} {want}");
    }

    #[test]
    fn each_is_what_its_definition_says() {
        let p = softmax(&LOGITS);
        let scores = LogitScores::new(&LOGITS, 1.0);
        near(scores.max_logit, 3.75);
        near(
            scores.energy,
            LOGITS.iter().map(|&z| f64::from(z).exp()).sum::<f64>().ln(),
        );
        near(scores.entropy, -(-p.iter().map(|p| p * p.ln()).sum::<f64>()).ln());
        near(
            scores.gen_entropy,
            -p.iter().map(|p| (p * (1.0 - p)).powf(0.1)).sum::<f64>(),
        );
        let hot = scores.at(log_odds(&LOGITS, 1000.0), 1000.0);
        let sum: f64 = LOGITS.iter().map(|&z| (f64::from(z) / 1000.0).exp()).sum();
        near(hot.energy, 1000.0 * sum.ln());
        assert_eq!(
            LogitScores { energy: 0.0, ..hot },
            LogitScores {
                energy: 0.0,
                ..scores
            }
        );
    }

    #[test]
    fn the_order_survives_where_the_softmax_is_all_but_certain() {
        let sure = LogitScores::new(&[60.0, 0.0, -1.0], 1.0);
        let surer = LogitScores::new(&[70.0, 0.0, -1.0], 1.0);
        assert!(surer.entropy > sure.entropy && sure.entropy.is_finite());
        assert!(surer.gen_entropy > sure.gen_entropy && surer.gen_entropy < 0.0);
    }

    #[test]
    fn only_the_most_probable_classes_count_for_gen() {
        let many: Vec<f32> = (0..300).map(|j| -0.01 * j as f32).collect();
        let mut p = softmax(&many);
        p.sort_by(|a, b| b.total_cmp(a));
        let want = -p.iter().take(100).map(|p| (p * (1.0 - p)).powf(0.1)).sum::<f64>();
        near(LogitScores::new(&many, 1.0).gen_entropy, want);
    }
}
