//! DICE: energy by the weights that contribute most.
use std::sync::Arc;

use super::shared::percentile_knob;
use crate::description::{Description, Fitting, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::Values;
use crate::need::Need;
use crate::number::percentile;
use crate::sparse::{Coefficients, Table};
use crate::vector::energies;

pub(crate) const DICE: Description = Description {
    key: "dice",
    label: "DICE",
    formula: "E(W° h + b), W° keeps weights whose contribution (mean H · W) exceeds its percentile",
    source: "arXiv 2111.09805",
    cost: "fit M·D + C·D log(C·D); C·D once an image, then D and 1 for each weight kept, or lost if these are fewer, at every percentile",
    knobs: &[percentile_knob(90.0, "share of the weights that become 0")],
    needs: &[Need::Features, Need::LastLayer, Need::FitImages],
    is_log_odds: false,
    rule: Maker::Fit(fit),
};

/// Images that are multiplied at once: they stand side by side in vectors.
const IMAGES: usize = 48;

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
        let percent = values.get("percentile");
        let least = percentile(&self.ascending, percent);
        // The weights that are kept, or else those that are lost, whichever are fewer.
        let are_few = percent >= 50.0;
        let pairs = self.fit.weight().iter().zip(&self.contributions);
        let weight: Vec<f64> = pairs
            .map(|(&w, &contribution)| match (contribution > least, are_few) {
                (true, true) => w,
                (false, false) => -w,
                _ => 0.0,
            })
            .collect();
        let bias = self.fit.bias();
        let width = weight.len() / bias.len();
        let coefficients = Coefficients::new(&weight, width);
        Ok(Box::new(move |block| {
            let mut logits = match are_few {
                true => vec![0.0; block.len() * bias.len()],
                false => block.products(&self.fit).to_vec(),
            };
            let parts = block.features().values().chunks(IMAGES * width);
            for (features, logits) in parts.zip(logits.chunks_mut(IMAGES * bias.len())) {
                let table = Table::transposed(features, width);
                let mut products = vec![0.0; bias.len() * table.stride()];
                table.add_products_of(&mut products, &coefficients);
                for (class, row) in products.chunks_exact(table.stride()).enumerate() {
                    let logits = logits[class..].iter_mut().step_by(bias.len());
                    logits.zip(row).for_each(|(logit, product)| *logit += product);
                }
            }
            energies(&logits, bias.len(), &bias, |_| 1.0)
        }))
    }
}
