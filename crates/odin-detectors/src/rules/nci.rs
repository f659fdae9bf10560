//! NCI: nearness of the centred features to the guess's weights.
use std::sync::Arc;

use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::{Knob, Scale, Values};
use crate::need::Need;
use crate::prepared::Block;

/// As OpenOOD has it, where α is 0.0001 unless it is tuned. pytorch-ood divides by ‖w_ŷ‖ too, and its α is 0 as here.
pub(crate) const NCI: Description = Description {
    key: "nci",
    label: "NCI",
    formula: "w_ŷ·(h − μ)/‖h − μ‖ + α‖h‖₁",
    source: "arXiv 2311.01479",
    cost: "fit M·D; D once an image, then 1 at every α",
    knobs: &[Knob {
        key: "alpha",
        label: "α",
        default: 0.0,
        least: 0.0,
        most: 1.0,
        span: (0.0, 0.01),
        scale: Scale::Linear { step: 0.0001 },
        meaning: "weight of the features' norm",
        needs_pass: false,
    }],
    needs: &[Need::Features, Need::LastLayer, Need::FitImages],
    is_log_odds: false,
    rule: Maker::Fit(|fit| {
        // Made before threads ask for it together.
        fit.mean();
        Ok(Box::new(Nci(Arc::clone(fit))))
    }),
};

struct Nci(Arc<Fit>);

impl Rule for Nci {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let alpha = values.get("alpha");
        Ok(Box::new(move |block| {
            let parts = block.centred.get_or_init(|| self.parts(block));
            parts.iter().map(|(along, sum)| along + alpha * sum).collect()
        }))
    }
}

impl Nci {
    /// w_ŷ·(h − μ)/‖h − μ‖ and ‖h‖₁ of each image.
    fn parts(&self, block: &Block) -> Vec<(f64, f64)> {
        let width = block.features().width();
        let rows = block.features().iter().zip(block.guesses());
        rows.map(|(features, guess)| {
            let weights = &self.0.weight()[guess * width..][..width];
            let (mut along, mut squares, mut sum) = (0.0, 0.0, 0.0);
            for ((&h, mean), w) in features.iter().zip(self.0.mean()).zip(weights) {
                let h = f64::from(h);
                along += w * (h - mean);
                squares += (h - mean) * (h - mean);
                sum += h.abs();
            }
            (along / squares.sqrt(), sum)
        })
        .collect()
    }
}
