//! AdaSCALE: SCALE with a percentile of each image's own, by how its features move with the image.
//!
//! The images are moved by the network's work: the o % of input values of smallest gradient of the guess's logit, by
//! `step` times its sign in the normalised input. Here come the features h₂ of these images.
use std::sync::Arc;

use rayon::prelude::*;

use super::shared::scaled_energies;
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::evidence::Rows;
use crate::fit::Fit;
use crate::knob::{Knob, Scale, Values};
use crate::need::Need;
use crate::number::kept;

pub(crate) const ADASCALE_A: Description = Description {
    key: "adascale-a",
    label: "AdaSCALE-A",
    formula: "SCALE, percentile low + (1 − F(Q))(high − low)",
    source: "arXiv 2503.08023",
    cost: "fit M·D log D; D log D + C·D once an image, then C + D",
    knobs: &[
        Knob::percent(
            "low",
            "low %",
            75.0,
            "percentile of the image whose features move most",
        ),
        Knob::percent(
            "high",
            "high %",
            85.0,
            "percentile of the image whose features move least",
        ),
        Knob::percent(
            "k1",
            "k1 %",
            5.0,
            "share of the greatest features whose moved values are summed",
        ),
        Knob::percent(
            "k2",
            "k2 %",
            1.0,
            "share of the greatest features whose moves are summed",
        ),
        Knob {
            key: "lambda",
            label: "λ",
            default: 10.0,
            least: 0.0,
            most: 1e6,
            span: (0.1, 1000.0),
            scale: Scale::Logarithmic,
            meaning: "weight of the moves",
            needs_pass: false,
        },
        Knob {
            needs_pass: true,
            ..Knob::percent("o", "o %", 5.0, "share of input values that are moved")
        },
        Knob {
            key: "step",
            label: "step",
            default: 0.5,
            least: 0.0,
            most: 10.0,
            span: (0.0, 2.0),
            scale: Scale::Linear { step: 0.05 },
            meaning: "how far they are moved, in the normalised input",
            needs_pass: true,
        },
    ],
    needs: &[Need::Features, Need::LastLayer, Need::FitImages, Need::Gradient],
    is_log_odds: false,
    rule: Maker::Fit(|fit| Ok(adascale(fit, Kind::Activations))),
};

pub(crate) const ADASCALE_L: Description = Description {
    key: "adascale-l",
    label: "AdaSCALE-L",
    formula: "LTS, percentile low + (1 − F(Q))(high − low)",
    cost: "fit M·D log D; D log D once an image, then C + D",
    needs: &[Need::Features, Need::FitImages, Need::Gradient],
    rule: Maker::Fit(|fit| Ok(adascale(fit, Kind::Logits))),
    ..ADASCALE_A
};

#[derive(Clone, Copy)]
enum Kind {
    Activations,
    Logits,
}

struct AdaScale {
    fit: Arc<Fit>,
    kind: Kind,
}

fn adascale(fit: &Arc<Fit>, kind: Kind) -> Box<dyn Rule> {
    Box::new(AdaScale {
        fit: Arc::clone(fit),
        kind,
    })
}

/// Q = Σ relu(h₂) over the n1 greatest of h, + λ Σ |h − h₂| over the n2 greatest.
#[derive(Clone, Copy)]
struct Statistic {
    n1: usize,
    n2: usize,
    lambda: f64,
}

impl Statistic {
    fn of(self, features: &[f32], moved: &[f32], order: &[u16]) -> f64 {
        let pair = |&place: &u16| {
            let place = usize::from(place);
            (f64::from(features[place]), f64::from(moved[place]))
        };
        let first: f64 = order
            .iter()
            .take(self.n1)
            .map(|place| pair(place).1.max(0.0))
            .sum();
        let moves: f64 = order
            .iter()
            .take(self.n2)
            .map(|place| (pair(place).0 - pair(place).1).abs())
            .sum();
        first + self.lambda * moves
    }

    fn of_rows(self, features: &Rows, moved: &Rows, order: &[u16]) -> Vec<f64> {
        let rows = features.iter().zip(moved.iter());
        rows.zip(order.chunks_exact(features.width()))
            .map(|((features, moved), order)| self.of(features, moved, order))
            .collect()
    }

    /// The same of many rows, in parallel and in ascending order.
    fn ascending(self, features: &Rows, moved: &Rows, order: &[u16]) -> Vec<f64> {
        let width = features.width();
        let rows = features.values().par_chunks_exact(width);
        let mut all: Vec<f64> = rows
            .zip(moved.values().par_chunks_exact(width))
            .zip(order.par_chunks_exact(width))
            .map(|((features, moved), order)| self.of(features, moved, order))
            .collect();
        all.par_sort_unstable_by(f64::total_cmp);
        all
    }
}

impl Rule for AdaScale {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let (low, high) = (values.get("low"), values.get("high"));
        if low > high {
            return Err(Error::Order {
                detector: match self.kind {
                    Kind::Activations => ADASCALE_A.key,
                    Kind::Logits => ADASCALE_L.key,
                },
                low_key: "low",
                high_key: "high",
                low,
                high,
            });
        }
        let features = self.fit.features();
        let width = features.width();
        let share = |key| (width as f64 * values.get(key) / 100.0) as usize;
        let statistic = Statistic {
            n1: share("k1"),
            n2: share("k2"),
            lambda: values.get("lambda"),
        };
        let moved = self.fit.images().perturbed_features.as_ref();
        let moved = moved.expect("a gradient is among the detector's needs, which are checked first");
        let known = statistic.ascending(features, moved, self.fit.order());
        Ok(Box::new(move |block| {
            let all = statistic.of_rows(block.features(), block.perturbed_features(), block.order());
            let ratio = |image: usize| {
                let below = known.partition_point(|known| *known <= all[image]) as f64 / known.len() as f64;
                let percent = low + (1.0 - below) * (high - low);
                block.sum_ratio(image, kept(width, percent))
            };
            match self.kind {
                Kind::Activations => scaled_energies(&self.fit, block, |image| ratio(image).exp()),
                Kind::Logits => block.scaled_energies(|image| ratio(image).powi(2)),
            }
        }))
    }
}
