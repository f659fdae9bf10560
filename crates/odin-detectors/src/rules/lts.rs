//! LTS: energy of logits scaled by how much of the features lies in the greatest.
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::knob::{Knob, Values};
use crate::need::Need;
use crate::number::kept;

/// The sums are of all features as they are; the authors' code and pytorch-ood leave negative ones out, which features behind
/// a ReLU never have.
pub(crate) const LTS: Description = Description {
    key: "lts",
    label: "LTS",
    formula: "E(z (Σh / Σ of the greatest)²)",
    source: "arXiv 2409.01175",
    cost: "no fit; D log D once an image, then C at every share",
    knobs: &[Knob {
        least: 1.0,
        span: (1.0, 100.0),
        ..Knob::percent(
            "share",
            "top %",
            5.0,
            "share of an image's features that are the greatest",
        )
    }],
    needs: &[Need::Features],
    is_log_odds: false,
    rule: Maker::Fit(|_| Ok(Box::new(Lts))),
};

struct Lts;

impl Rule for Lts {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let share = values.get("share");
        Ok(Box::new(move |block| {
            let kept = kept(block.features().width(), 100.0 - share);
            block.scaled_energies(|image| block.sum_ratio(image, kept).powi(2))
        }))
    }
}
