//! Does a network do here what its card says? Its accuracy on the first in-distribution images, against the published
//! one, and under the other normalisations that such networks are trained with.
use std::collections::{HashMap, HashSet};

use super::open_network::OpenNetwork;
use crate::networks::weights::WeightsError;
use crate::networks::{read_weights, reason_of};
use crate::scoring::Scorer;
use odin_core::networks::NetworkCard;
use odin_core::protocol::ScoredImage;
use odin_datasets::{Channels, Dataset, DatasetError, Normalisation, NormalisationError};
use odin_detectors::argmax;
use odin_metrics::{Interval, clopper_pearson};

/// A name, means and deviations.
type WellKnown = (&'static str, &'static [f32], &'static [f32]);

/// In use for 32×32 colour images: the ODIN authors', and the usual CIFAR-10 and CIFAR-100 ones.
const OF_COLOUR: [WellKnown; 3] = [
    (
        "ODIN's",
        &[125.3 / 255.0, 123.0 / 255.0, 113.9 / 255.0],
        &[63.0 / 255.0, 62.1 / 255.0, 66.7 / 255.0],
    ),
    (
        "the usual CIFAR",
        &[0.4914, 0.4822, 0.4465],
        &[0.2023, 0.1994, 0.2010],
    ),
    ("half and half", &[0.5, 0.5, 0.5], &[0.5, 0.5, 0.5]),
];
/// And for grey ones.
const OF_GREY: [WellKnown; 3] = [
    ("MNIST's", &[0.1307], &[0.3081]),
    ("Fashion-MNIST's", &[0.2860], &[0.3530]),
    ("half and half", &[0.5], &[0.5]),
];

/// So sure that a network is not doing what its card says before a person is told.
const LEVEL: f64 = 0.999;

#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error(transparent)]
    Normalisation(#[from] NormalisationError),
    #[error("{0}")]
    Libtorch(String),
}

/// What was found on the first labelled images.
#[derive(Debug, Clone, PartialEq)]
pub struct Preflight {
    pub images: usize,
    pub right: usize,
    pub published: Option<f64>,
    /// A well-known normalisation under which clearly more are right, and how many.
    pub better: Option<(&'static str, usize)>,
}

impl Preflight {
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.images.max(1) as f64
    }

    /// What is wrong, for people; `None` where nothing is.
    pub fn complaint(&self) -> Option<String> {
        if let Some((name, right)) = self.better {
            return Some(format!(
                "of {} images {} are right, and {right} with {name} mean and std: is the card's normalisation that of the weights?",
                self.images, self.right
            ));
        }
        shortfall(self.right, self.images, self.published?)
    }
}

/// Says so where the images are too few right for the published accuracy to be true of this network here.
pub fn shortfall(right: usize, images: usize, published: f64) -> Option<String> {
    let Interval { high, .. } = clopper_pearson(right as u64, images as u64, LEVEL);
    (images > 0 && high < published).then(|| {
        format!(
            "{:.1} % of {images} images are right, and its card says {:.1} %: are weights, normalisation and labels its own?",
            100.0 * right as f64 / images as f64,
            100.0 * published
        )
    })
}

/// Runs the network over the first `most` images; `None` where the set has no labels.
pub fn preflight(
    card: &NetworkCard,
    weights: Option<&std::path::Path>,
    set: &Dataset,
    most: usize,
    device: tch::Device,
) -> Result<Option<Preflight>, PreflightError> {
    let labels: Option<Vec<u16>> = (0..set.len().min(most)).map(|index| set.label(index)).collect();
    let Some(labels) = labels.filter(|labels| !labels.is_empty()) else {
        return Ok(None);
    };
    let network = read_weights(card, weights, device)?.network()?;
    let torch = |error: tch::TchError| PreflightError::Libtorch(reason_of(&error));
    let scorer = Scorer::new(network, card.normalisation.std(), device).map_err(torch)?;
    let own = hits(&scorer, set, &labels, &card.normalisation)?;
    let count = |hits: &[bool]| hits.iter().filter(|&&hit| hit).count();
    let mut better: Option<(&'static str, usize)> = None;
    let well_known = match card.normalisation.channels() {
        Channels::Rgb => OF_COLOUR,
        Channels::Grey => OF_GREY,
    };
    for (name, mean, std) in well_known {
        let other = hits(&scorer, set, &labels, &Normalisation::by_channel(mean, std)?)?;
        if clearly_better(&other, &own) && better.is_none_or(|(_, right)| count(&other) > right) {
            better = Some((name, count(&other)));
        }
    }
    Ok(Some(Preflight {
        images: labels.len(),
        right: count(&own),
        published: card.accuracy,
        better,
    }))
}

/// Paired on the same images (McNemar's test at three deviations).
fn clearly_better(other: &[bool], own: &[bool]) -> bool {
    let won = other.iter().zip(own).filter(|&(&a, &b)| a && !b).count() as f64;
    let lost = other.iter().zip(own).filter(|&(&a, &b)| !a && b).count() as f64;
    won - lost > 3.0 * (won + lost).sqrt()
}

/// Whether each of the first images is classified rightly.
fn hits(
    scorer: &Scorer,
    set: &Dataset,
    labels: &[u16],
    normalisation: &Normalisation,
) -> Result<Vec<bool>, PreflightError> {
    const BATCH: usize = 50;
    let torch = |error: tch::TchError| PreflightError::Libtorch(reason_of(&error));
    let all: Vec<usize> = (0..labels.len()).collect();
    let mut hits = Vec::new();
    for chunk in set.batches_by_size(&all, BATCH)? {
        let batch = set.batch(&chunk, normalisation)?;
        let images = scorer
            .images(&batch.images, batch.height, batch.width)
            .map_err(torch)?;
        let rows = scorer
            .logits(&images)
            .and_then(|logits| scorer.rows(&logits))
            .map_err(torch)?;
        let guesses = rows.chunks(scorer.network().classes()).map(argmax);
        hits.extend(
            guesses
                .zip(&batch.labels)
                .map(|(guess, label)| *label == Some(guess as u16)),
        );
    }
    Ok(hits)
}

/// Watches, at no cost, whether the in-distribution images that are scored anyway come out as the card says.
#[derive(Default)]
pub struct AccuracyWatch(HashMap<String, Watched>);

#[derive(Default)]
struct Watched {
    seen: HashSet<u32>,
    right: usize,
    told: bool,
}

/// Fewer images say little.
const ENOUGH: usize = 200;

impl AccuracyWatch {
    /// Takes scored in-distribution images in; gives a complaint, once a network.
    pub fn watch(&mut self, network: &OpenNetwork, images: &[ScoredImage]) -> Option<String> {
        let published = network.card.accuracy?;
        let watched = self.0.entry(network.weights_digest.clone()).or_default();
        for image in images {
            if watched.seen.insert(image.index) && image.label == Some(image.prediction) {
                watched.right += 1;
            }
        }
        let labelled = images.iter().all(|image| image.label.is_some());
        if watched.told || !labelled || watched.seen.len() < ENOUGH {
            return None;
        }
        let complaint = shortfall(watched.right, watched.seen.len(), published)?;
        watched.told = true;
        let name = &network.card.name;
        Some(format!("{name}: {complaint} `odin doctor {name}` looks closer"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accuracy_that_chance_explains_is_no_shortfall() {
        assert_eq!(shortfall(930, 1000, 0.94), None);
        assert_eq!(shortfall(0, 0, 0.94), None);
        let text = shortfall(850, 1000, 0.94).unwrap();
        assert!(text.contains("85.0 %") && text.contains("94.0 %"), "{text}");
    }

    #[test]
    fn better_means_more_than_chance() {
        let own = vec![false; 100];
        let some = |n: usize| (0..100).map(|i| i < n).collect::<Vec<_>>();
        assert!(!clearly_better(&some(9), &own));
        assert!(clearly_better(&some(10), &own));
        assert!(!clearly_better(&own, &some(50)));
    }
}
