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

/// With what every image is compared with.
fn with_bank(fit: &Arc<Fit>) -> Arc<Fit> {
    fit.unit();
    fit.energies();
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
    let (width, keep) = (fit.features().width(), keep(fit));
    let all = product(&block.unit(), fit.unit(), width);
    let mut similarities = Vec::with_capacity(block.len() * keep);
    let mut guided = Vec::with_capacity(block.len() * keep);
    let mut row = Vec::with_capacity(fit.features().len());
    for similar in all.chunks_exact(fit.features().len()) {
        row.clear();
        row.extend_from_slice(similar);
        similarities.extend_from_slice(greatest(&mut row, keep));
        row.clear();
        row.extend(similar.iter().zip(fit.energies()).map(|(s, energy)| s * energy));
        let mut sum = 0.0;
        for (place, value) in greatest(&mut row, keep).iter().enumerate() {
            sum += value;
            guided.push(sum / (place + 1) as f64);
        }
    }
    (similarities, guided)
}

/// The greatest values, descending.
fn greatest(values: &mut [f64], count: usize) -> &[f64] {
    if count < values.len() {
        values.select_nth_unstable_by(count, down);
    }
    let first = &mut values[..count];
    first.sort_unstable_by(down);
    first
}
