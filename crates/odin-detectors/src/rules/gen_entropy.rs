//! Generalised entropy.
use crate::description::{Description, Maker};
use crate::knob::{Knob, Scale};
use crate::number::down;
use crate::vector::{softmax, sum_of_spread_powers};

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
    let (mut probabilities, _) = softmax(logits);
    if classes < probabilities.len() {
        probabilities.select_nth_unstable_by(classes, down);
        probabilities.truncate(classes);
    }
    -sum_of_spread_powers(probabilities, gamma)
}
