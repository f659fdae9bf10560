//! Max softmax at the temperature that calibrates the network.
use std::sync::Arc;

use crate::description::{Description, Maker, Need, Rule};
use crate::error::Error;
use crate::evidence::Labelled;
use crate::fit::Fit;
use crate::log_odds::log_odds;
use crate::number::log_sum_exp;
use crate::prepared::Block;

/// Scores are log-odds at T*, as the baseline's at 1. T* is the maximum of the likelihood itself; pytorch-ood stops after
/// fifty steps of L-BFGS from T = 1, short of it.
pub(crate) const TEMP_SCALING: Description = Description {
    key: "temp-scaling",
    label: "temp scaling",
    formula: "max softmax(z/T*)",
    source: "arXiv 1706.04599",
    cost: "fit V·C; C an image",
    knobs: &[],
    needs: &[Need::ValidationLabels],
    is_log_odds: true,
    rule: Maker::Fit(fit),
};

fn fit(fit: &Arc<Fit>) -> Result<Box<dyn Rule>, Error> {
    let validation = fit.known().validation.as_ref();
    let validation =
        validation.expect("validation labels are among the detector's needs, which are checked first");
    let temperature = calibrating_temperature(validation);
    Ok(Box::new(move |block: &Block| {
        let logits = block.logits().iter();
        logits
            .map(|logits| log_odds(logits, temperature))
            .collect::<Vec<_>>()
    }))
}

/// The T of the greatest likelihood of the labels, between 0.01 and 1,000: where every image is guessed right the
/// likelihood has no maximum, and rises as T falls.
fn calibrating_temperature(images: &Labelled) -> f64 {
    // The derivative of the mean −log p_y to 1/T is the mean of Σ p z − z_y, which rises with 1/T: one zero at most.
    let slope = |inverse: f64| -> f64 {
        let pairs = images.logits.iter().zip(images.labels.iter());
        pairs
            .map(|(logits, &label)| {
                let scaled = || logits.iter().map(|&z| f64::from(z) * inverse);
                let sum = log_sum_exp(scaled());
                let mean: f64 = scaled()
                    .zip(logits)
                    .map(|(s, &z)| (s - sum).exp() * f64::from(z))
                    .sum();
                mean - logits.get(usize::from(label)).copied().map_or(0.0, f64::from)
            })
            .sum()
    };
    let (mut cold, mut hot) = (0.01f64.ln(), 1000f64.ln());
    // Fifty halvings of log T leave 1e-14.
    for _ in 0..50 {
        let middle = 0.5 * (cold + hot);
        if slope((-middle).exp()) > 0.0 {
            cold = middle;
        } else {
            hot = middle;
        }
    }
    (0.5 * (cold + hot)).exp()
}
