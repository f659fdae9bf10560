//! Generalised entropy.
use super::entropy::log_probabilities;
use crate::description::{Description, Maker};
use crate::knob::{Knob, Scale};
use crate::number::{down, softplus};

pub(crate) const GEN: Description = Description {
    key: "gen",
    label: "GEN",
    formula: "−Σ p^γ (1 − p)^γ over the M largest p",
    source: "Liu et al., CVPR 2023",
    cost: "no fit; C an image",
    knobs: &[GAMMA, CLASSES],
    needs: &[],
    is_log_odds: false,
    rule: Maker::Logits(|logits, values| {
        generalised_entropy(logits, values.get("gamma"), values.count("classes"))
    }),
};

const GAMMA: Knob = Knob {
    key: "gamma",
    label: "γ",
    default: 0.1,
    least: 0.001,
    most: 1.0,
    span: (0.01, 1.0),
    scale: Scale::Logarithmic,
    meaning: "exponent of the generalised entropy",
    needs_pass: false,
};

const CLASSES: Knob = Knob {
    most: 1e6,
    ..Knob::count("classes", "M", 100.0, "most probable classes that count")
};

fn generalised_entropy(logits: &[f32], gamma: f64, classes: usize) -> f64 {
    let (odds, others) = log_probabilities(logits);
    // The guess first: its p is 1 / (1 + e^−s), its 1 − p is 1 / (1 + e^s).
    let guess = (gamma * (-softplus(-odds) - softplus(odds))).exp();
    let mut others: Vec<f64> = others.collect();
    if others.len() >= classes {
        if classes > 1 {
            others.select_nth_unstable_by(classes - 2, down);
        }
        others.truncate(classes - 1);
    }
    let term = |log_p: f64| (gamma * (log_p + (-log_p.exp()).ln_1p())).exp();
    -others.into_iter().map(term).fold(guess, |sum, term| sum + term)
}
