//! ASH: energy of an image's greatest features, on the pooled features.
use std::sync::Arc;

use super::shared::{energies, percentile_knob};
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::Values;
use crate::need::Need;
use crate::number::{kept, sum_ratio};

pub(crate) const ASH_P: Description = Description {
    key: "ash-p",
    label: "ASH-P",
    formula: "E(W h° + b), h° keeps the greatest of h",
    source: "arXiv 2209.09858",
    cost: "no fit; D log D once and C·D an image, at every percentile",
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
        Ok(Box::new(move |block| {
            let width = block.features().width();
            let kept = kept(width, percent);
            let mut shaped = vec![0.0; block.features().values().len()];
            let rows = block.features().iter().zip(block.order().chunks_exact(width));
            for ((features, order), shaped) in rows.zip(shaped.chunks_exact_mut(width)) {
                let all: f64 = features.iter().map(|&h| f64::from(h)).sum();
                let factor = match self.kind {
                    Kind::Scaled => sum_ratio(features, order, kept).exp(),
                    Kind::Pruned | Kind::Binary => 1.0,
                };
                for &place in order.iter().take(kept) {
                    let place = usize::from(place);
                    shaped[place] = match self.kind {
                        Kind::Binary => all / kept as f64,
                        Kind::Pruned | Kind::Scaled => factor * f64::from(features[place]),
                    };
                }
            }
            energies(&self.fit, &shaped)
        }))
    }
}
