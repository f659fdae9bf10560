//! SCALE: energy of features scaled by how much of them lies in the greatest.
use std::sync::Arc;

use super::shared::{percentile_knob, scaled_energies};
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::Values;
use crate::need::Need;
use crate::number::kept;

/// W h is kept: a factor on h is one on it.
pub(crate) const SCALE: Description = Description {
    key: "scale",
    label: "SCALE",
    formula: "E(W h exp(Σh / Σ of the greatest) + b)",
    source: "arXiv 2310.00227",
    cost: "no fit; D log D + C·D once an image, then C at every percentile",
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
        Ok(Box::new(move |block| {
            let kept = kept(block.features().width(), percent);
            scaled_energies(&self.0, block, |image| block.sum_ratio(image, kept).exp())
        }))
    }
}
