//! OpenMax: the probability of an unknown class by extreme values of distances.
use std::sync::Arc;

use crate::description::{Description, Fitting, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::{Knob, Values};
use crate::need::Need;
use crate::number::class_means;
use crate::vector::{self, log_sum_exp, logarithms, steps};

/// Distances are of logits, as in the paper, to the mean of the correctly guessed fit images of each class. The logit of
/// the a-th of the α greatest classes loses the share w (α + 1 − a)/α, w the Weibull probability of its distance; what
/// they lose together is the logit of the unknown class. Scores are the log-odds against it: they rise with
/// 1 − P(unknown), and keep every digit where that crowds below 1.
///
/// pytorch-ood fits by all images of a class, correctly guessed or not; its Weibull distributions are these.
pub(crate) const OPENMAX: Description = Description {
    key: "openmax",
    label: "OpenMax",
    formula: "1 − P(unknown), Weibull tails of ‖z − μ_c‖",
    source: "arXiv 1511.06233",
    cost: "fit M·C; C·α an image",
    knobs: &[
        Knob::count(
            "tail",
            "tail",
            20.0,
            "greatest distances of a class that its Weibull tail is fitted to",
        ),
        Knob::count("alpha", "α", 10.0, "greatest classes that are revised"),
    ],
    needs: &[Need::FitImages, Need::FitLabels],
    is_log_odds: false,
    rule: Maker::Fit(fit),
};

struct OpenMax {
    /// [C, C]
    means: Vec<f64>,
    /// Of each class, descending.
    distances: Vec<Vec<f64>>,
}

fn fit(fit: &Arc<Fit>) -> Fitting {
    let logits = &fit.images().logits;
    let classes = logits.width();
    let (means, counts) = class_means(logits.iter(), fit.correct(), classes, classes);
    for (class, count) in counts.iter().enumerate() {
        if *count == 0 {
            return Err(Error::Class {
                detector: OPENMAX.key,
                what: "correctly guessed training images",
                class,
            });
        }
    }
    let mut distances = vec![Vec::new(); classes];
    for (row, class) in logits.iter().zip(fit.correct()) {
        if let Some(class) = class {
            distances[class].extend(vector::distances(&to_f64(row), &means, [class].into_iter()));
        }
    }
    for distances in &mut distances {
        distances.sort_unstable_by(crate::number::down);
    }
    Ok(Box::new(OpenMax { means, distances }))
}

fn to_f64(logits: &[f32]) -> Vec<f64> {
    logits.iter().map(|&z| f64::from(z)).collect()
}

impl Rule for OpenMax {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let classes = self.distances.len();
        let (tail, alpha) = (values.count("tail"), values.count("alpha").min(classes));
        let tails: Vec<Weibull> = self
            .distances
            .iter()
            .map(|distances| Weibull::of(distances.get(..tail).unwrap_or(distances)))
            .collect();
        Ok(Box::new(move |block| {
            let order = block.logit_order().chunks_exact(classes);
            let rows = block.logits().iter().zip(order);
            rows.map(|(logits, order)| self.score(logits, &order[..alpha], &tails))
                .collect()
        }))
    }
}

impl OpenMax {
    /// Of an image, with the greatest classes that are revised.
    fn score(&self, logits: &[f32], greatest: &[u16], tails: &[Weibull]) -> f64 {
        let classes = || greatest.iter().map(|&class| usize::from(class));
        let mut revised = to_f64(logits);
        let mut shares = vector::distances(&revised, &self.means, classes());
        for (distance, class) in shares.iter_mut().zip(classes()) {
            *distance = (*distance + tails[class].shift).max(f64::MIN_POSITIVE);
        }
        logarithms(&mut shares);
        for (share, class) in shares.iter_mut().zip(classes()) {
            *share = tails[class].place(*share);
        }
        steps(&mut shares);
        let mut unknown = 0.0;
        for (rank, (share, class)) in shares.iter().zip(classes()).enumerate() {
            let share = share * (greatest.len() - rank) as f64 / greatest.len() as f64;
            let logit = revised[class];
            revised[class] = logit * (1.0 - share);
            unknown += logit * share;
        }
        log_sum_exp(revised) - unknown
    }
}

/// P(X ≤ x) = 1 − exp(−(x/scale)^shape) of distances, which are moved so that the least of the tail lies at 10,000: as
/// libMR does, the paper's own library. The shape is so large there that it is kept with ln scale.
struct Weibull {
    shift: f64,
    shape: f64,
    log_scale: f64,
}

impl Weibull {
    const LEAST: f64 = 10_000.0;

    /// Of the greatest likelihood. A tail of equal distances gives a step.
    fn of(tail: &[f64]) -> Self {
        let least = tail.iter().copied().fold(f64::INFINITY, f64::min);
        let shift = Self::LEAST - least;
        let logs: Vec<f64> = tail.iter().map(|x| (x + shift).ln()).collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let n = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / n;
        // Σ x^k ln x / Σ x^k − mean ln x − 1/k rises with k; its zero is the shape. Logs are less the greatest one.
        let slope = |k: f64| {
            let weights = || logs.iter().map(|log| (k * (log - top)).exp());
            let weighted: f64 = weights().zip(&logs).map(|(w, log)| w * (log - top)).sum();
            weighted / weights().sum::<f64>() + top - mean - 1.0 / k
        };
        let (mut low, mut high) = (0f64, 30f64);
        // The shape's logarithm to the base e: from 1 to 1e13.
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if slope(middle.exp()) < 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        let shape = (0.5 * (low + high)).exp();
        let sum: f64 = logs.iter().map(|log| (shape * (log - top)).exp()).sum();
        Self {
            shift,
            shape,
            log_scale: top + (sum / n).ln() / shape,
        }
    }

    /// ln (x/scale)^shape of a distance, moved, of which this is the logarithm.
    fn place(&self, log: f64) -> f64 {
        self.shape * (log - self.log_scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likelihood_of_a_tail_is_greatest_at_its_weibull() {
        let tail = [3.1, 2.7, 2.6, 2.2, 2.15, 2.0];
        let found = Weibull::of(&tail);
        let likelihood = |shape: f64, log_scale: f64| -> f64 {
            let terms = tail.iter().map(|x| {
                let place = (x + found.shift).ln() - log_scale;
                shape.ln() + shape * place - (shape * place).exp()
            });
            terms.sum()
        };
        let best = likelihood(found.shape, found.log_scale);
        for step in [0.99, 1.01] {
            assert!(likelihood(found.shape * step, found.log_scale) < best);
        }
        for step in [-1e-6, 1e-6] {
            assert!(likelihood(found.shape, found.log_scale + step) < best);
        }
        let probability = |tail: &Weibull, distance: f64| {
            let mut value = [tail.place((distance + tail.shift).ln())];
            steps(&mut value);
            value[0]
        };
        assert!(probability(&found, 0.0) < 0.02 && probability(&found, 5.0) > 0.99);
        let one = Weibull::of(&[2.0]);
        assert!(probability(&one, 1.0) < 1e-9 && probability(&one, 3.0) == 1.0);
    }
}
