//! Free energy.
use super::max_logit::max_logit;
use super::shared::TEMPERATURE;
use crate::description::{Description, Maker};
use crate::knob::Knob;
use crate::log_odds::log_odds;
use crate::number::softplus;

pub(crate) const ENERGY: Description = Description {
    key: "energy",
    label: "energy",
    formula: "T log Σ exp(z/T)",
    source: "arXiv 2010.03759",
    cost: "no fit; C an image",
    knobs: &[Knob {
        default: 1.0,
        needs_pass: false,
        ..TEMPERATURE
    }],
    needs: &[],
    is_log_odds: false,
    rule: Maker::Logits(|logits, values| energy(logits, values.get("temperature"))),
};

/// By the log-odds s at T: log Σ exp(z/T) is z_ŷ/T + log(1 + e^−s).
fn energy(logits: &[f32], temperature: f64) -> f64 {
    max_logit(logits) + temperature * softplus(-log_odds(logits, temperature))
}
