//! DICE: energy by the weights that contribute most.
use std::sync::Arc;

use super::shared::{energies_by, percentile_knob};
use crate::description::{Description, Fitting, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::Values;
use crate::need::Need;
use crate::number::percentile;

pub(crate) const DICE: Description = Description {
    key: "dice",
    label: "DICE",
    formula: "E(W° h + b), W° keeps weights whose contribution (mean H · W) exceeds its percentile",
    source: "arXiv 2111.09805",
    cost: "fit M·D + C·D log(C·D); C·D an image, at every percentile",
    knobs: &[percentile_knob(90.0, "share of the weights that become 0")],
    needs: &[Need::Features, Need::LastLayer, Need::FitImages],
    is_log_odds: false,
    rule: Maker::Fit(fit),
};

struct Dice {
    fit: Arc<Fit>,
    /// [C, D]
    contributions: Vec<f64>,
    ascending: Vec<f64>,
}

fn fit(fit: &Arc<Fit>) -> Fitting {
    let width = fit.features().width();
    let rows = fit.weight().chunks_exact(width);
    let contributions: Vec<f64> = rows
        .flat_map(|row| row.iter().zip(fit.mean()).map(|(w, mean)| mean * w))
        .collect();
    let mut ascending = contributions.clone();
    ascending.sort_unstable_by(f64::total_cmp);
    Ok(Box::new(Dice {
        fit: Arc::clone(fit),
        contributions,
        ascending,
    }))
}

impl Rule for Dice {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let least = percentile(&self.ascending, values.get("percentile"));
        let pairs = self.fit.weight().iter().zip(&self.contributions);
        let weight: Vec<f64> = pairs
            .map(|(&w, &contribution)| if contribution > least { w } else { 0.0 })
            .collect();
        let bias = self.fit.bias();
        Ok(Box::new(move |block| {
            energies_by(&weight, &bias, &block.features().to_f64())
        }))
    }
}
