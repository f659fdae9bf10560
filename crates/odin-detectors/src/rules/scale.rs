//! SCALE: energy of features scaled by how much of them lies in the greatest.
use std::sync::Arc;

use super::shared::{percentile_knob, scaled_energy};
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::Values;
use crate::need::Need;
use crate::number::{kept, sum_ratio};

/// W h is kept: a factor on h is one on it.
pub(crate) const SCALE: Description = Description {
    key: "scale",
    label: "SCALE",
    formula: "E(W h exp(Σh / Σ of the greatest) + b)",
    source: "arXiv 2310.00227",
    cost: "no fit; D log D + C·D once and C + D an image, at every percentile",
    knobs: &[percentile_knob(
        85.0,
        "share of an image's features that are not among the greatest",
    )],
    needs: &[Need::Features, Need::LastLayer],
    is_log_odds: false,
    rule: Maker::Fit(|fit| Ok(Box::new(Scale(Arc::clone(fit))))),
};

struct Scale(Arc<Fit>);

impl Rule for Scale {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let percent = values.get("percentile");
        let bias = self.0.bias();
        Ok(Box::new(move |block| {
            let width = block.features().width();
            let kept = kept(width, percent);
            let rows = block.features().iter().zip(block.order().chunks_exact(width));
            rows.zip(block.products(&self.0).chunks_exact(bias.len()))
                .map(|((features, order), products)| {
                    scaled_energy(products, &bias, sum_ratio(features, order, kept).exp())
                })
                .collect()
        }))
    }
}
