//! KNN and NNGuide: the nearest fit images by the angle between features.
//!
//! One product of all images with all fit images serves both, and the nearest are kept: another k is a look-up.
use std::sync::Arc;

use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::{Knob, Values};
use crate::linear::product;
use crate::need::Need;
use crate::number::down;
use crate::prepared::Block;
use crate::vector::append_from;

pub(crate) const KNN: Description = Description {
    key: "knn",
    label: "KNN",
    formula: "−distance of h/‖h‖ to its k-th nearest of H/‖H‖",
    source: "arXiv 2204.06507",
    cost: "fit M·D; M·D once an image, then 1 at every k",
    knobs: &[Knob::count("k", "k", 50.0, "which neighbour's distance counts")],
    needs: &[Need::Features, Need::FitImages],
    is_log_odds: false,
    rule: Maker::Fit(|fit| Ok(Box::new(Knn(with_bank(fit))))),
};

pub(crate) const NNGUIDE: Description = Description {
    key: "nnguide",
    label: "NNGuide",
    formula: "E(z) · mean of the k greatest h/‖h‖ · (H/‖H‖ E(Z))",
    source: "arXiv 2309.14888",
    cost: "fit M·(C + D); M·D once an image, then C at every k",
    knobs: &[Knob::count("k", "k", 100.0, "how many neighbours guide")],
    rule: Maker::Fit(|fit| Ok(Box::new(NnGuide(with_bank(fit))))),
    ..KNN
};

/// With what every image is compared with, made before threads ask for it together.
fn with_bank(fit: &Arc<Fit>) -> Arc<Fit> {
    fit.energies();
    fit.unit(0..0);
    Arc::clone(fit)
}

struct Knn(Arc<Fit>);

impl Rule for Knn {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let k = few_enough(&self.0, KNN.key, values)?;
        Ok(Box::new(move |block| {
            let near = block.similarities.get_or_init(|| {
                let (similarities, guided) = nearest(block, &self.0);
                // Both are there at once, and nothing waits for the other.
                let _ = block.guided.set(guided);
                similarities
            });
            let rows = near.chunks_exact(keep(&self.0));
            // Of unit vectors ‖a − b‖² is 2 − 2 a·b.
            rows.map(|row| -(2.0 - 2.0 * row[k - 1]).max(0.0).sqrt())
                .collect()
        }))
    }
}

struct NnGuide(Arc<Fit>);

impl Rule for NnGuide {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let k = few_enough(&self.0, NNGUIDE.key, values)?;
        Ok(Box::new(move |block| {
            let guided = block.guided.get_or_init(|| {
                let (similarities, guided) = nearest(block, &self.0);
                let _ = block.similarities.set(similarities);
                guided
            });
            let rows = guided.chunks_exact(keep(&self.0)).zip(block.energies());
            rows.map(|(row, energy)| energy * row[k - 1]).collect()
        }))
    }
}

fn few_enough(fit: &Fit, detector: &'static str, values: &Values) -> Result<usize, Error> {
    let (k, found) = (values.count("k"), fit.features().len());
    if k > found {
        return Err(Error::Few {
            detector,
            what: "training images for its k",
            needed: k,
            found,
        });
    }
    Ok(k)
}

/// How many neighbours are kept: as many as k can be.
fn keep(fit: &Fit) -> usize {
    fit.features().len().min(KNN.knobs[0].most as usize)
}

/// The greatest similarities of each image [N, K], and the means of the first 1, 2, … of those weighted by energy.
fn nearest(block: &Block, fit: &Fit) -> (Vec<f64>, Vec<f64>) {
    // Fit images that are compared at once: their features and the similarities stay in the cache.
    const PANEL: usize = 512;
    let (width, keep, count) = (fit.features().width(), keep(fit), fit.features().len());
    let unit = block.unit();
    let mut similar = vec![Greatest::new(keep); block.len()];
    let mut guides = vec![Greatest::new(keep); block.len()];
    let mut weighted = vec![0.0; PANEL];
    for first in (0..count).step_by(PANEL) {
        let panel = first..count.min(first + PANEL);
        let energies = &fit.energies()[panel.clone()];
        let weighted = &mut weighted[..panel.len()];
        let products = product(&unit, &fit.unit(panel.clone()), width);
        let images = similar.iter_mut().zip(&mut guides);
        for (products, (similar, guides)) in products.chunks_exact(panel.len()).zip(images) {
            similar.push(products);
            for ((weighted, product), energy) in weighted.iter_mut().zip(products).zip(energies) {
                *weighted = product * energy;
            }
            guides.push(weighted);
        }
    }
    let mut similarities = Vec::with_capacity(block.len() * keep);
    let mut guided = Vec::with_capacity(block.len() * keep);
    for (similar, guides) in similar.into_iter().zip(guides) {
        similarities.extend(similar.descending());
        let mut sum = 0.0;
        for (place, value) in guides.descending().enumerate() {
            sum += value;
            guided.push(sum / (place + 1) as f64);
        }
    }
    (similarities, guided)
}

/// The greatest of values that come in parts.
#[derive(Clone)]
struct Greatest {
    keep: usize,
    /// At most four times as many as are kept, then only these.
    values: Vec<f64>,
    /// Values below it are not among the greatest.
    least: f64,
}

impl Greatest {
    fn new(keep: usize) -> Self {
        Self {
            keep,
            values: Vec::new(),
            least: f64::NEG_INFINITY,
        }
    }

    fn push(&mut self, values: &[f64]) {
        append_from(self.least, values, &mut self.values);
        if self.values.len() >= 4 * self.keep {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.values.len() > self.keep {
            let (_, least, _) = self.values.select_nth_unstable_by(self.keep - 1, down);
            self.least = *least;
            self.values.truncate(self.keep);
        }
    }

    fn descending(mut self) -> impl Iterator<Item = f64> {
        self.cut();
        // Integers are sorted in half of the time.
        let mut keys: Vec<u64> = self.values.into_iter().map(descending_key).collect();
        keys.sort_unstable();
        keys.into_iter().map(value_of_key)
    }
}

/// An integer that is the smaller, the greater the value.
fn descending_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 {
        bits
    } else {
        !bits & (u64::MAX >> 1)
    }
}

fn value_of_key(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 {
        key
    } else {
        !key & (u64::MAX >> 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_are_found_in_parts() {
        for (keep, count) in [(1, 1), (1, 40), (7, 7), (7, 200), (50, 1013)] {
            let mut values: Vec<f64> = (0..count).map(|i| (f64::from(i) * 0.618).fract() - 0.5).collect();
            // Ties, and 0.
            values.push(0.0);
            values.extend_from_within(..values.len() / 2);
            let mut greatest = Greatest::new(keep);
            values.chunks(13).for_each(|part| greatest.push(part));
            let got: Vec<f64> = greatest.descending().collect();
            values.sort_unstable_by(down);
            assert_eq!(got, values[..keep]);
        }
    }
}
