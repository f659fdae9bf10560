//! ReAct and VRA: energy of features cut off where the fit images' rarely are.
use std::sync::Arc;

use super::shared::{Start, changed_energies};
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::{Knob, Values};
use crate::need::Need;
use crate::prepared::Block;
use crate::sparse::Table;

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

/// As in the paper small values become 0. OpenOOD and pytorch-ood raise them to the lower percentile instead, and pytorch-ood
/// takes the percentiles of each feature by itself, 1 and 99 by default.
pub(crate) const VRA: Description = Description {
    key: "vra",
    label: "VRA",
    formula: "as ReAct, and h below the lower percentile becomes 0",
    source: "arXiv 2302.11716",
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
        let table = self.0.table();
        // What is cut off: at most half of the values, as the percentile is 50 at least.
        Ok(Box::new(move |block| {
            change(&self.0, table, block, Start::Products, |h| h > top, |h| top - h)
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
        let changed = move |h: f64| if h < bottom { 0.0 } else { h.min(top) };
        let is_lost = move |h: f64| (h < bottom) | (h > top);
        let stays = move |h: f64| (h != 0.0) & (h >= bottom) & ((h < 0.0) | (top != 0.0));
        // Whether fewer values are lost than stay, by those of the fit images.
        let share = |is: &dyn Fn(f64) -> bool| {
            let percents = (0..100).map(|step| 0.5 + f64::from(step));
            percents.filter(|&percent| is(self.0.percentile(percent))).count()
        };
        let are_few = share(&is_lost) <= share(&stays);
        let table = self.0.table();
        Ok(Box::new(move |block| match are_few {
            true => change(&self.0, table, block, Start::Products, is_lost, |h| {
                changed(h) - h
            }),
            false => change(&self.0, table, block, Start::Zero, stays, changed),
        }))
    }
}

/// Energies of the start and W times what each of the selected values comes to.
fn change(
    fit: &Fit,
    table: &Table,
    block: &Block,
    start: Start,
    is_selected: impl Fn(f64) -> bool,
    value: impl Fn(f64) -> f64,
) -> Vec<f64> {
    let (features, width) = (block.features().values(), block.features().width());
    let select = |image: usize, first: usize, out: &mut [bool]| {
        for (out, &h) in out.iter_mut().zip(&features[image * width + first..]) {
            *out = is_selected(f64::from(h));
        }
    };
    let coefficient = |image: usize, place: usize| value(f64::from(features[image * width + place]));
    changed_energies(fit, table, block, start, select, coefficient, |_| 1.0)
}
