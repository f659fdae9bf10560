//! ReAct and VRA: energy of features cut off where the fit images' rarely are.
use std::sync::Arc;

use super::shared::{Start, changed_energies};
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::{Knob, Values};
use crate::need::Need;
use crate::prepared::Block;

pub(crate) const REACT: Description = Description {
    key: "react",
    label: "ReAct",
    formula: "E(W min(h, c) + b), c the percentile of all values of H",
    source: "arXiv 2111.12797",
    cost: "fit M·D; C·D once an image, then C and C for each feature cut, at every percentile",
    knobs: &[Knob {
        least: 50.0,
        span: (50.0, 100.0),
        ..Knob::percent(
            "percentile",
            "%",
            90.0,
            "percentile of the fit images' features that larger ones are cut to",
        )
    }],
    needs: NEEDS,
    is_log_odds: false,
    rule: Maker::Fit(|fit| Ok(Box::new(React(Arc::clone(fit))))),
};

/// pytorch-ood takes the percentiles of each feature by itself.
pub(crate) const VRA: Description = Description {
    key: "vra",
    label: "VRA",
    formula: "as ReAct, and h below the lower percentile becomes 0",
    source: "Xu et al., NeurIPS 2023",
    knobs: &[
        Knob::percent("low", "low %", 10.0, "percentile below which features become 0"),
        Knob::percent(
            "high",
            "high %",
            90.0,
            "percentile that larger features are cut to",
        ),
    ],
    rule: Maker::Fit(|fit| Ok(Box::new(Vra(Arc::clone(fit))))),
    ..REACT
};

const NEEDS: &[Need] = &[Need::Features, Need::LastLayer, Need::FitImages];

struct React(Arc<Fit>);

impl Rule for React {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let top = self.0.percentile(values.get("percentile"));
        Ok(Box::new(move |block| {
            // What is cut off: at most half of the values, as the percentile is 50 at least.
            change(&self.0, block, Start::Products, |h| {
                if h > top { top - h } else { 0.0 }
            })
        }))
    }
}

struct Vra(Arc<Fit>);

impl Rule for Vra {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let (low, high) = (values.get("low"), values.get("high"));
        if low >= high {
            return Err(Error::Order {
                detector: VRA.key,
                low_key: "low",
                high_key: "high",
                low,
                high,
            });
        }
        let (bottom, top) = (self.0.percentile(low), self.0.percentile(high));
        // Whether fewer values change than stay above 0.
        let are_few = low + (100.0 - high) <= 100.0 - low;
        Ok(Box::new(move |block| {
            if are_few {
                change(&self.0, block, Start::Products, |h| {
                    let changed = if h < bottom { 0.0 } else { h.min(top) };
                    changed - h
                })
            } else {
                change(&self.0, block, Start::Zero, |h| {
                    if h < bottom { 0.0 } else { h.min(top) }
                })
            }
        }))
    }
}

/// Energies of the start and W times what each value comes to.
fn change(fit: &Fit, block: &Block, start: Start, value: impl Fn(f64) -> f64) -> Vec<f64> {
    let width = block.features().width();
    let coefficients = |image: usize, first: usize, out: &mut [f64]| {
        let features = &block.features().values()[image * width + first..];
        for (out, &h) in out.iter_mut().zip(features) {
            *out = value(f64::from(h));
        }
    };
    changed_energies(fit, block, start, coefficients, |_| 1.0)
}
