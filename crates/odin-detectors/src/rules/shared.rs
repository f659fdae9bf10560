//! What several detectors are made of.
use crate::fit::Fit;
use crate::knob::{Knob, Scale};
use crate::linear::product;
use crate::number::log_sum_exp;

pub(super) const TEMPERATURE: Knob = Knob {
    key: "temperature",
    label: "T",
    default: 1000.0,
    least: f64::MIN_POSITIVE,
    most: f64::MAX,
    span: (1.0, 1e4),
    scale: Scale::Logarithmic,
    meaning: "temperature of the softmax",
    needs_pass: true,
};

/// A percentile that something lies above.
pub(super) const fn percentile_knob(default: f64, meaning: &'static str) -> Knob {
    Knob {
        most: 99.0,
        span: (0.0, 99.0),
        ..Knob::percent("percentile", "%", default, meaning)
    }
}

/// log Σ exp(W h + b) of changed features [N, D].
pub(super) fn energies(fit: &Fit, features: &[f64]) -> Vec<f64> {
    energies_by(fit.weight(), &fit.bias(), features)
}

/// The same by changed weights [C, D].
pub(super) fn energies_by(weight: &[f64], bias: &[f64], features: &[f64]) -> Vec<f64> {
    let width = weight.len() / bias.len();
    let products = product(features, weight, width);
    let rows = products.chunks_exact(bias.len());
    rows.map(|row| log_sum_exp(row.iter().zip(bias).map(|(z, b)| z + b)))
        .collect()
}

/// log Σ exp(factor · W h + b), by the product W h [C] that is there.
pub(super) fn scaled_energy(products: &[f64], bias: &[f64], factor: f64) -> f64 {
    log_sum_exp(products.iter().zip(bias).map(|(z, b)| factor * z + b))
}
