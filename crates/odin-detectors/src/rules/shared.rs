//! What several detectors are made of.
use crate::fit::Fit;
use crate::knob::{Knob, Scale};
use crate::prepared::Block;
use crate::sparse::Table;
use crate::vector::energies;

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

/// What changed features' logits begin with, before the products of single features.
pub(super) enum Start<'a> {
    /// Nothing.
    Zero,
    /// The same for all images [C].
    Same(&'a [f64]),
    /// W h, kept with the images.
    Products,
}

/// log Σ exp(factor · W h° + b) of features h° that are changed at every step of a knob. To the start the weights of some
/// features are added, each times a coefficient, as [`Table::add_products`] asks for them: where more of h than not stays
/// as it is, these are what is lost of it.
///
/// The table is [`Fit::table`], which is made before threads ask for it together.
///
/// [`Table::add_products`]: crate::sparse::Table::add_products
pub(super) fn changed_energies(
    fit: &Fit,
    table: &Table,
    block: &Block,
    start: Start,
    select: impl Fn(usize, usize, &mut [bool]),
    coefficient: impl Fn(usize, usize) -> f64,
    factor: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let bias = fit.bias();
    let mut products = vec![0.0; block.len() * table.stride()];
    for (image, row) in products.chunks_exact_mut(table.stride()).enumerate() {
        match start {
            Start::Zero => {}
            Start::Same(same) => row[..bias.len()].copy_from_slice(same),
            Start::Products => {
                row[..bias.len()].copy_from_slice(&block.products(fit)[image * bias.len()..][..bias.len()])
            }
        }
    }
    table.add_products(&mut products, select, coefficient);
    energies(&products, table.stride(), &bias, factor)
}

/// log Σ exp(factor · W h + b) of the features as they are.
pub(super) fn scaled_energies(fit: &Fit, block: &Block, factor: impl Fn(usize) -> f64) -> Vec<f64> {
    let bias = fit.bias();
    energies(block.products(fit), bias.len(), &bias, factor)
}
