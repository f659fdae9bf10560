//! pNML: the regret of the predictive normalised maximum likelihood learner of the last layer.
use std::sync::Arc;

use crate::description::{Description, Fitting, Maker};
use crate::error::Error;
use crate::fit::Fit;
use crate::linear::Whitening;
use crate::need::Need;
use crate::prepared::Block;
use crate::vector::{softmax, sum};

/// The features are of norm 1; p are the network's own, clamped to [1e-12, 1 − 1e-12], where pytorch-ood takes those that the
/// last layer gives for features of norm 1. Where HᵀH has eigenvalues near the
/// pseudo-inverse's cut-off (1e-15 of the greatest), rounding decides single ranks.
pub(crate) const PNML: Description = Description {
    key: "pnml",
    label: "pNML",
    formula: "−log Σ_c p/(p + (1 − p) p^x) / log C, x = q/(1 + q), q = hᵀ(HᵀH)⁺h",
    source: "arXiv 2110.09246",
    cost: "fit M·D² + D³; D² + C an image",
    knobs: &[],
    needs: &[Need::Features, Need::FitImages],
    is_log_odds: false,
    rule: Maker::Fit(fit),
};

fn fit(fit: &Arc<Fit>) -> Fitting {
    if fit.images().logits.width() < 2 {
        return Err(Error::OneClass { detector: PNML.key });
    }
    let inverse = Whitening::new(fit.unit_gram());
    let inverse = inverse.ok_or(Error::Constant { detector: PNML.key })?;
    Ok(Box::new(move |block: &Block| {
        let rows = block.logits().iter().zip(inverse.squared_norms(&block.unit()));
        rows.map(|(logits, q)| -regret(logits, q / (1.0 + q)))
            .collect::<Vec<f64>>()
    }))
}

fn regret(logits: &[f32], exponent: f64) -> f64 {
    let (probabilities, _) = softmax(logits);
    let terms = probabilities.iter().map(|p| {
        let p = p.clamp(1e-12, 1.0 - 1e-12);
        p / (p + (1.0 - p) * p.powf(exponent))
    });
    let terms: Vec<f64> = terms.collect();
    sum(&terms).ln() / (logits.len() as f64).ln()
}
