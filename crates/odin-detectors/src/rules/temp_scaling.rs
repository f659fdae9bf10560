//! Max softmax at the temperature that calibrates the network.
use std::sync::Arc;

use rayon::prelude::*;

use crate::description::{Description, Fitting, Maker};
use crate::evidence::Labelled;
use crate::fit::Fit;
use crate::log_odds::log_odds;
use crate::need::Need;
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

fn fit(fit: &Arc<Fit>) -> Fitting {
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
    let (mut cold, mut hot) = (1.0 / 0.01, 1.0 / 1000.0);
    if derivatives(images, cold).0 <= 0.0 {
        return 0.01;
    }
    if derivatives(images, hot).0 >= 0.0 {
        return 1000.0;
    }
    // 1/T, from 1. Newton's steps; where one leaves what is known to hold the zero, half of that.
    let mut inverse = 1.0;
    for _ in 0..100 {
        let (slope, curvature) = derivatives(images, inverse);
        if slope > 0.0 {
            cold = inverse;
        } else {
            hot = inverse;
        }
        let step = slope / curvature;
        let next = match inverse - step {
            next if hot < next && next < cold => next,
            _ => 0.5 * (hot + cold),
        };
        if (next - inverse).abs() <= 1e-14 * inverse {
            break;
        }
        inverse = next;
    }
    1.0 / inverse
}

/// The first and second derivative of Σ −log p_y to 1/T: Σ (E z − z_y), which rises with 1/T, and Σ Var z, under p.
fn derivatives(images: &Labelled, inverse: f64) -> (f64, f64) {
    let width = images.logits.width();
    let rows = images
        .logits
        .values()
        .par_chunks_exact(width)
        .zip(images.labels.par_iter());
    let each: Vec<(f64, f64)> = rows
        .map(|(logits, &label)| {
            // Less the greatest logit, as nothing changes where all change alike.
            let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
            for &z in logits {
                let gap = f64::from(z) - f64::from(top);
                let p = (gap * inverse).exp();
                sum += p;
                first += p * gap;
                second += p * gap * gap;
            }
            let mean = first / sum;
            let own = logits.get(usize::from(label)).copied().unwrap_or(top);
            (
                mean - (f64::from(own) - f64::from(top)),
                second / sum - mean * mean,
            )
        })
        .collect();
    let add = |(a, b): (f64, f64), (c, d): &(f64, f64)| (a + c, b + d);
    each.iter().fold((0.0, 0.0), add)
}
