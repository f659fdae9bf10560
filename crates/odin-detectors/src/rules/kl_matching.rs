//! Kullback-Leibler matching.
use std::sync::Arc;

use rayon::prelude::*;

use crate::description::{Description, Fitting, Maker};
use crate::fit::Fit;
use crate::linear::product;
use crate::need::Need;
use crate::number::{class_means, refined_least};
use crate::prepared::Block;
use crate::vector::softmax;

/// Classes that no fit image is guessed to be have no d and are passed over.
pub(crate) const KL_MATCHING: Description = Description {
    key: "kl-matching",
    label: "KL matching",
    formula: "−min over c of KL(p ‖ d_c), d_c the mean p of fit images guessed c",
    source: "arXiv 1911.11132",
    cost: "fit M·C; C² an image",
    knobs: &[],
    needs: &[Need::FitImages],
    is_log_odds: false,
    rule: Maker::Fit(fit),
};

fn fit(fit: &Arc<Fit>) -> Fitting {
    let logits = &fit.images().logits;
    let classes = logits.width();
    let probabilities: Vec<Vec<f64>> = logits
        .values()
        .par_chunks_exact(classes)
        .map(|logits| softmax(logits).0)
        .collect();
    let (means, counts) = class_means(
        probabilities.iter(),
        fit.guesses().iter().copied().map(Some),
        classes,
        classes,
    );
    let mut templates = Vec::new();
    for (mean, count) in means.chunks_exact(classes).zip(counts) {
        if count > 0 {
            // A class that never has a probability above 0 divides by the least number there is instead.
            templates.extend(mean.iter().map(|p| p.max(f64::MIN_POSITIVE).ln()));
        }
    }
    Ok(Box::new(move |block: &Block| scores(block, &templates)))
}

/// By the log of the d [c, C].
fn scores(block: &Block, templates: &[f64]) -> Vec<f64> {
    let classes = block.logits().width();
    let (mut probabilities, mut logs) = (Vec::new(), Vec::new());
    for row in block.logits().iter() {
        let (p, log) = softmax(row);
        probabilities.extend(p);
        logs.extend(log);
    }
    let crosses = product(&probabilities, templates, classes);
    let count = templates.len() / classes;
    let rows = logs
        .chunks_exact(classes)
        .zip(probabilities.chunks_exact(classes));
    rows.zip(crosses.chunks_exact(count))
        .map(|((logs, probabilities), crosses)| {
            // A divergence near 0 is a difference of near equals: found by products, then summed term by term.
            let rough: Vec<f64> = crosses.iter().map(|cross| -cross).collect();
            let divergence = |place: usize| {
                let template = &templates[place * classes..][..classes];
                let terms = probabilities.iter().zip(logs).zip(template);
                terms.map(|((p, log), d)| p * (log - d)).sum()
            };
            -refined_least(&rough, 1e-9, divergence)
        })
        .collect()
}
