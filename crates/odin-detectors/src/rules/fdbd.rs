//! fDBD: distance to the decision boundaries.
use std::sync::Arc;

use crate::description::{Description, Fitting, Maker};
use crate::error::Error;
use crate::fit::Fit;
use crate::log_odds::argmax;
use crate::need::Need;
use crate::number::norm;
use crate::prepared::Block;

pub(crate) const FDBD: Description = Description {
    key: "fdbd",
    label: "fDBD",
    formula: "Σ_c (z_ŷ − z_c)/‖w_ŷ − w_c‖ / ((C − 1) ‖h − μ‖)",
    source: "arXiv 2312.11536",
    cost: "fit M·D + C²·D; C + D an image",
    knobs: &[],
    needs: &[Need::Features, Need::LastLayer, Need::FitImages],
    is_log_odds: false,
    rule: Maker::Fit(fit),
};

fn fit(fit: &Arc<Fit>) -> Fitting {
    let width = fit.features().width();
    let rows = || fit.weight().chunks_exact(width);
    let classes = rows().len();
    if classes < 2 {
        return Err(Error::OneClass { detector: FDBD.key });
    }
    let difference = |a: &[f64], b: &[f64]| norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>());
    let between: Vec<f64> = rows()
        .flat_map(|a| rows().map(move |b| difference(a, b)))
        .collect();
    // Made before threads ask for it together.
    fit.mean();
    let fit = Arc::clone(fit);
    Ok(Box::new(move |block: &Block| scores(block, &fit, &between)))
}

/// With the distances of the classes' weights [C, C].
fn scores(block: &Block, fit: &Fit, between: &[f64]) -> Vec<f64> {
    let classes = block.logits().width();
    let rows = block.features().iter().zip(block.logits().iter());
    rows.map(|(features, logits)| {
        let guess = argmax(logits);
        let top = f64::from(logits[guess]);
        let gaps = logits.iter().map(|&z| top - f64::from(z));
        let boundaries: f64 = gaps
            .zip(&between[guess * classes..][..classes])
            // The guess itself, and a class that ties with it.
            .filter(|(gap, _)| *gap > 0.0)
            .map(|(gap, between)| gap / between)
            .sum();
        let pairs = features.iter().zip(fit.mean());
        let squares: f64 = pairs.map(|(&h, mean)| (f64::from(h) - mean).powi(2)).sum();
        if squares == 0.0 {
            // An image at the mean itself is at no distance that others could be compared with.
            return f64::NAN;
        }
        boundaries / ((classes - 1) as f64 * squares.sqrt())
    })
    .collect()
}
