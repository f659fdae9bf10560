//! ReAct and VRA: energy of features cut off where the fit images' rarely are.
use std::sync::Arc;

use super::shared::energies;
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::{Knob, Values};
use crate::need::Need;
use crate::number::percentile;

pub(crate) const REACT: Description = Description {
    key: "react",
    label: "ReAct",
    formula: "E(W min(h, c) + b), c the percentile of all values of H",
    source: "arXiv 2111.12797",
    cost: "fit M·D log(M·D); C·D an image, at every percentile",
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
        let top = percentile(self.0.ascending(), values.get("percentile"));
        Ok(cut(&self.0, f64::NEG_INFINITY, top))
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
        let at = |percent| percentile(self.0.ascending(), percent);
        Ok(cut(&self.0, at(low), at(high)))
    }
}

/// Values below `bottom` become 0, those above `top` become it.
fn cut(fit: &Fit, bottom: f64, top: f64) -> Score<'_> {
    Box::new(move |block| {
        let mut features = block.features().to_f64();
        for value in &mut features {
            *value = if *value < bottom { 0.0 } else { value.min(top) };
        }
        energies(fit, &features)
    })
}
