//! ASH: energy of an image's greatest features, on the pooled features.
use std::sync::Arc;

use super::shared::{Start, changed_energies, percentile_knob};
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::Values;
use crate::need::Need;
use crate::number::kept;
use crate::vector::sum;

pub(crate) const ASH_P: Description = Description {
    key: "ash-p",
    label: "ASH-P",
    formula: "E(W h° + b), h° keeps the greatest of h",
    source: "arXiv 2209.09858",
    cost: "no fit; D log D + C·D once an image, then C for each feature kept, or lost if these are fewer, at every percentile",
    knobs: &[percentile_knob(
        65.0,
        "share of an image's features that become 0",
    )],
    needs: &[Need::Features, Need::LastLayer],
    is_log_odds: false,
    rule: Maker::Fit(|fit| Ok(ash(fit, Kind::Pruned))),
};

pub(crate) const ASH_B: Description = Description {
    key: "ash-b",
    label: "ASH-B",
    formula: "E(W h° + b), each kept value Σh / kept",
    rule: Maker::Fit(|fit| Ok(ash(fit, Kind::Binary))),
    ..ASH_P
};

pub(crate) const ASH_S: Description = Description {
    key: "ash-s",
    label: "ASH-S",
    formula: "E(W h° + b), h° times exp(Σh / Σ kept)",
    rule: Maker::Fit(|fit| Ok(ash(fit, Kind::Scaled))),
    ..ASH_P
};

#[derive(Clone, Copy)]
enum Kind {
    Pruned,
    Binary,
    Scaled,
}

struct Ash {
    fit: Arc<Fit>,
    kind: Kind,
}

fn ash(fit: &Arc<Fit>, kind: Kind) -> Box<dyn Rule> {
    Box::new(Ash {
        fit: Arc::clone(fit),
        kind,
    })
}

impl Rule for Ash {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let percent = values.get("percentile");
        let width = self.fit.weight().len() / self.fit.bias().len();
        // W · 1: what all features make of logits where each is 1.
        let ones: Vec<f64> = self.fit.weight().chunks_exact(width).map(sum).collect();
        let table = self.fit.table();
        let kept = kept(width, percent);
        let are_few = 2 * kept <= width;
        Ok(Box::new(move |block| {
            let start = match self.kind {
                _ if are_few => Start::Zero,
                Kind::Binary => Start::Same(&ones),
                Kind::Pruned | Kind::Scaled => Start::Products,
            };
            let features = block.features().values();
            let select = |image: usize, first: usize, out: &mut [bool]| {
                let features = &features[image * width..][..width];
                // The last one that is kept: of equal values those that come first are.
                let last = usize::from(block.order_of(image)[kept - 1]);
                let least = features[last];
                let (before, behind) = out.split_at_mut(out.len().min((last + 1).saturating_sub(first)));
                let count = before.len();
                for (out, &h) in before.iter_mut().zip(&features[first..]) {
                    *out = (h >= least) == are_few;
                }
                for (out, &h) in behind.iter_mut().zip(&features[first + count..]) {
                    *out = (h > least) == are_few;
                }
            };
            let coefficient = |image: usize, place: usize| {
                let value = match self.kind {
                    Kind::Binary => 1.0,
                    Kind::Pruned | Kind::Scaled => f64::from(features[image * width + place]),
                };
                if are_few { value } else { -value }
            };
            let factor = |image| match self.kind {
                Kind::Pruned => 1.0,
                Kind::Binary => block.sum(image) / kept as f64,
                Kind::Scaled => block.sum_ratio(image, kept).exp(),
            };
            changed_energies(&self.fit, table, block, start, select, coefficient, factor)
        }))
    }
}
