//! SHE: similarity to the mean features of the guessed class.
use std::sync::Arc;

use crate::description::{Description, Fitting, Maker};
use crate::error::Error;
use crate::fit::Fit;
use crate::need::Need;
use crate::number::class_means;
use crate::prepared::Block;

pub(crate) const SHE: Description = Description {
    key: "she",
    label: "SHE",
    formula: "h · mean H of the correctly guessed fit images of class ŷ",
    source: "Zhang et al., ICLR 2023",
    cost: "fit M·D; D an image",
    knobs: &[],
    needs: &[Need::Features, Need::FitImages, Need::FitLabels],
    is_log_odds: false,
    rule: Maker::Fit(fit),
};

fn fit(fit: &Arc<Fit>) -> Fitting {
    let width = fit.features().width();
    let classes = fit.images().logits.width();
    let (patterns, counts) = class_means(fit.features().iter(), fit.correct(), classes, width);
    if let Some(class) = counts.iter().position(|&count| count == 0) {
        return Err(Error::Class {
            detector: SHE.key,
            what: "correctly guessed training images",
            class,
        });
    }
    Ok(Box::new(move |block: &Block| {
        let rows = block.features().iter().zip(block.guesses());
        rows.map(|(features, guess)| {
            let pattern = &patterns[guess * width..][..width];
            features
                .iter()
                .zip(pattern)
                .map(|(&h, mean)| f64::from(h) * mean)
                .sum::<f64>()
        })
        .collect::<Vec<f64>>()
    }))
}
