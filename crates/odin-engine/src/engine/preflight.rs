//! Does a network do here what its card says? Its accuracy on a sample of in-distribution images, against the published one,
//! and under the other normalisations that such networks are trained with.
use std::collections::{HashMap, HashSet};

use super::open_network::OpenNetwork;
use super::well_known;
use crate::networks::weights::WeightsError;
use crate::networks::{read_weights, reason_of};
use crate::scoring::Scorer;
use odin_core::networks::NetworkCard;
use odin_core::protocol::ScoredImage;
use odin_datasets::{Choice, Dataset, DatasetError, Normalisation, NormalisationError, Sampling};
use odin_detectors::argmax;
use odin_metrics::{Interval, clopper_pearson};

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

/// What was found on a sample of labelled images.
#[derive(Debug, Clone, PartialEq)]
pub struct Preflight {
    pub images: usize,
    pub right: usize,
    pub published: Option<f64>,
    /// A well-known normalisation under which clearly more are right, and how many.
    pub better: Option<(&'static str, usize)>,
    /// The share that guesses would get right which know nothing of the images: a guess at random, or one that gives each
    /// class as often as the network does.
    pub chance: f64,
    /// Classes of the set without an image in the sample.
    pub lacks: Option<String>,
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
        self.published
            .and_then(|published| shortfall(self.right, self.images, published))
            .or_else(|| by_chance(self.right, self.images, self.chance))
    }
}

/// Says so where no more images are right than chance explains.
fn by_chance(right: usize, images: usize, chance: f64) -> Option<String> {
    let Interval { low, .. } = clopper_pearson(right as u64, images as u64, 0.95);
    (images > 0 && low <= chance).then(|| {
        format!(
            "{right} of {images} right is what chance gives ({:.1} %): are weights, normalisation and labels its own? \
             (`--images` tries more)",
            100.0 * chance
        )
    })
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

/// Runs the network over a seeded sample of at most `most` images; `None` where the set has no labels.
pub fn preflight(
    card: &NetworkCard,
    weights: Option<&std::path::Path>,
    set: &Dataset,
    most: usize,
    device: tch::Device,
) -> Result<Option<Preflight>, PreflightError> {
    if set.labels().is_none() || most == 0 {
        return Ok(None);
    }
    let chosen = set.choose(&Choice::sample(most, 0))?;
    let network = read_weights(card, weights, device)?.network()?;
    let torch = |error: tch::TchError| PreflightError::Libtorch(reason_of(&error));
    let scorer = Scorer::new(network, card.normalisation.std(), device).map_err(torch)?;
    let guesses = |normalisation: &Normalisation| guesses(&scorer, set, &chosen, normalisation);
    let own = guesses(&card.normalisation)?;
    let (chance, own) = (chance(&own, scorer.network().classes()), hits(&own));
    let count = |hits: &[bool]| hits.iter().filter(|&&hit| hit).count();
    let mut better: Option<(&'static str, usize)> = None;
    for (name, mean, std) in well_known::usual(card.normalisation.channels()) {
        let other = hits(&guesses(&Normalisation::by_channel(mean, std)?)?);
        if clearly_better(&other, &own) && better.is_none_or(|(_, right)| count(&other) > right) {
            better = Some((name, count(&other)));
        }
    }
    Ok(Some(Preflight {
        images: own.len(),
        right: count(&own),
        published: card.accuracy,
        better,
        chance,
        lacks: set.lacks(&chosen, Sampling::Sample),
    }))
}

/// Paired on the same images (McNemar's test at three deviations).
pub(super) fn clearly_better(other: &[bool], own: &[bool]) -> bool {
    let won = other.iter().zip(own).filter(|&(&a, &b)| a && !b).count() as f64;
    let lost = other.iter().zip(own).filter(|&(&a, &b)| !a && b).count() as f64;
    won - lost > 3.0 * (won + lost).sqrt()
}

/// What the network takes an image for, and what it is.
pub(super) type Guess = (usize, u16);

pub(super) fn hits(guesses: &[Guess]) -> Vec<bool> {
    guesses
        .iter()
        .map(|&(guess, label)| guess == usize::from(label))
        .collect()
}

/// The share of right guesses that know nothing of the images: one in `classes`, or where the guesses prefer classes that are
/// common here, what this alone gets right.
fn chance(guesses: &[Guess], classes: usize) -> f64 {
    let mut times: HashMap<usize, (u64, u64)> = HashMap::new();
    for &(guess, label) in guesses {
        times.entry(guess).or_default().0 += 1;
        times.entry(usize::from(label)).or_default().1 += 1;
    }
    let at_random = 1.0 / classes.max(1) as f64;
    // Images of one class cannot tell knowledge from a preference.
    if times.values().filter(|(_, labels)| *labels > 0).count() < 2 {
        return at_random;
    }
    let both: f64 = times
        .values()
        .map(|&(guessed, labels)| (guessed * labels) as f64)
        .sum();
    at_random.max(both / (guesses.len() as f64).powi(2))
}

/// The guess at each of the chosen images, less those that a card skips.
pub(super) fn guesses(
    scorer: &Scorer,
    set: &Dataset,
    chosen: &[usize],
    normalisation: &Normalisation,
) -> Result<Vec<Guess>, PreflightError> {
    const BATCH: usize = 50;
    let torch = |error: tch::TchError| PreflightError::Libtorch(reason_of(&error));
    let mut all = Vec::new();
    for chunk in set.batches_by_size(chosen, BATCH)? {
        let batch = set.batch(&chunk, normalisation)?;
        let images = scorer
            .images(&batch.images, batch.height, batch.width)
            .map_err(torch)?;
        let rows = scorer
            .logits(&images)
            .and_then(|logits| scorer.rows(&logits))
            .map_err(torch)?;
        let guesses = rows.chunks(scorer.network().classes()).map(argmax);
        let guess = |(guess, label): (usize, &Option<u16>)| Some((guess, (*label)?));
        all.extend(guesses.zip(&batch.labels).filter_map(guess));
    }
    Ok(all)
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
    fn chance_is_told_from_knowledge() {
        // Right half of the time with two classes, and always the commoner one of nine to one.
        assert!(by_chance(500, 1000, 0.5).unwrap().contains("50.0 %"));
        assert_eq!(by_chance(600, 1000, 0.5), None);
        assert!(by_chance(3, 5, 0.5).is_some() && by_chance(0, 0, 0.5).is_none());
        let constant: Vec<Guess> = (0..100).map(|i| (0, u16::from(i % 10 == 0))).collect();
        assert_eq!(chance(&constant, 2), 0.9);
        let knowing: Vec<Guess> = (0..100).map(|i| (i % 2, (i % 2) as u16)).collect();
        assert_eq!(chance(&knowing, 2), 0.5);
        assert_eq!(chance(&[(1, 1); 9], 4), 0.25, "images of one class");
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
