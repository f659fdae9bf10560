//! Which of the well-known normalisations a network was trained with, by labelled images.
use std::fmt;

use tch::Tensor;

use super::first_norm::{Averages, FirstNorm, shifted};
use super::preflight::{PreflightError, clearly_better, guesses, hits};
use super::well_known;
use crate::networks::weights::Weights;
use crate::networks::{Network, reason_of};
use crate::scoring::Scorer;
use odin_core::networks::NetworkCard;
use odin_datasets::{Channels, Choice, Dataset, Normalisation, NormalisationError};

/// A normalisation, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    pub name: &'static str,
    pub normalisation: Normalisation,
    hits: Vec<bool>,
    /// How far the averages of the first batch norm are from those of the training.
    apart: Option<f64>,
}

impl Tried {
    pub fn right(&self) -> usize {
        self.hits.iter().filter(|&&hit| hit).count()
    }
}

/// What tells the best one from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// More images are right, by a paired test.
    Accuracy,
    /// Of those that no test tells apart it is the one of the first batch norm's averages.
    Averages,
}

/// All that were tried, the best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub images: usize,
    pub tried: Vec<Tried>,
    /// `None` where none is clearly the best.
    pub telling: Option<Telling>,
}

/// The averages are those of the training if they are no farther apart, and all others are so many times as far.
const NEAR: f64 = 0.005;
const TIMES: f64 = 4.0;

impl Trial {
    fn new(mut tried: Vec<Tried>) -> Self {
        tried.sort_by_key(|one| std::cmp::Reverse(one.right()));
        let images = tried.first().map_or(0, |best| best.hits.len());
        let good: Vec<usize> = match tried.first() {
            Some(best) => (0..tried.len())
                .filter(|&i| {
                    tried
                        .get(i)
                        .is_some_and(|one| !clearly_better(&best.hits, &one.hits))
                })
                .collect(),
            None => Vec::new(),
        };
        let mut telling = (good.len() == 1).then_some(Telling::Accuracy);
        let mut by_averages: Vec<(f64, usize)> = good
            .iter()
            .filter_map(|&i| Some((tried.get(i)?.apart?, i)))
            .collect();
        by_averages.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let [(first, i), (second, _), ..] = by_averages.as_slice() {
            // The likeliest comes first even where it is not told from the others.
            let best = tried.remove(*i);
            tried.insert(0, best);
            if *first <= NEAR && *second >= TIMES * first {
                telling = Some(Telling::Averages);
            }
        }
        Self {
            images,
            tried,
            telling,
        }
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, one) in self.tried.iter().enumerate() {
            let share = 100.0 * one.right() as f64 / self.images.max(1) as f64;
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{share:.1} % {}", one.name)?;
        }
        Ok(())
    }
}

/// Tries every well-known normalisation on a seeded sample of at most `most` images, of each class its share; `None` where the set
/// has no labels.
///
/// # Errors
/// Where images cannot be read, or libtorch fails.
pub fn try_well_known(
    card: &NetworkCard,
    weights: &Weights,
    set: &Dataset,
    most: usize,
    device: tch::Device,
) -> Result<Option<Trial>, PreflightError> {
    if set.labels().is_none() {
        return Ok(None);
    }
    let torch = |error: tch::TchError| PreflightError::Libtorch(reason_of(&error));
    let chosen = set.choose(&Choice::sample(most, 0))?;
    let weights = weights.prepared(device)?;
    let network = Network::for_scoring(card.architecture, card.classes, &weights)?;
    let channels = card.normalisation.channels();
    let scorer = Scorer::new(network, card.normalisation.std(), device).map_err(torch)?;
    let all = well_known::all(channels);
    let normalisations: Vec<Normalisation> = all
        .iter()
        .map(|(_, mean, std)| Normalisation::by_channel(mean, std))
        .collect::<Result<_, _>>()?;
    let apart = match FirstNorm::of(&card.architecture, &weights) {
        Some(first_norm) => apart(&first_norm, &scorer, set, &chosen, &normalisations)?,
        None => vec![None; all.len()],
    };
    let mut tried = Vec::new();
    for ((&(name, ..), normalisation), apart) in all.iter().zip(normalisations).zip(apart) {
        tried.push(Tried {
            name,
            hits: hits(&guesses(&scorer, set, &chosen, &normalisation)?),
            normalisation,
            apart,
        });
    }
    Ok(Some(Trial::new(tried)))
}

/// Images as they are, in [0, 1].
pub(crate) fn unnormalised(channels: Channels) -> Result<Normalisation, NormalisationError> {
    let (zeros, ones) = (vec![0.0; channels.count()], vec![1.0; channels.count()]);
    Normalisation::by_channel(&zeros, &ones)
}

/// How far the averages are from those of the training, under each normalisation.
fn apart(
    first_norm: &FirstNorm,
    scorer: &Scorer,
    set: &Dataset,
    chosen: &[usize],
    normalisations: &[Normalisation],
) -> Result<Vec<Option<f64>>, PreflightError> {
    const BATCH: usize = 50;
    let torch = |error: tch::TchError| PreflightError::Libtorch(reason_of(&error));
    let column = |values: &[f32]| Tensor::f_from_slice(values)?.f_view([1, -1, 1, 1]);
    let mut all = Vec::new();
    for normalisation in normalisations {
        let mean = column(normalisation.mean()).map_err(torch)?;
        let std = column(normalisation.std()).map_err(torch)?;
        all.push((Averages::new(), mean, std));
    }
    let Some(channels) = normalisations.first().map(Normalisation::channels) else {
        return Ok(Vec::new());
    };
    let plain = unnormalised(channels)?;
    for (n, chunk) in set.batches_by_size(chosen, BATCH)?.iter().enumerate() {
        let batch = set.batch(chunk, &plain)?;
        if batch.count == 0 {
            continue;
        }
        let images = scorer
            .images(&batch.images, batch.height, batch.width)
            .map_err(torch)?;
        let shifted = shifted(&images, n as u64).map_err(torch)?;
        for (averages, mean, std) in &mut all {
            first_norm
                .add(averages, &images, shifted.as_ref(), (mean, std))
                .map_err(torch)?;
        }
    }
    all.iter()
        .map(|(averages, ..)| first_norm.apart(averages).map_err(torch))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(name: &'static str, right: usize, apart: Option<f64>) -> Tried {
        Tried {
            name,
            normalisation: Normalisation::new([0.5; 3], [0.5; 3]).unwrap(),
            hits: (0..100).map(|i| i < right).collect(),
            apart,
        }
    }

    #[test]
    fn the_best_is_told_by_accuracy_or_by_the_averages_of_training() {
        let of = |all: Vec<Tried>| {
            let trial = Trial::new(all);
            (trial.tried[0].name, trial.telling)
        };
        assert_eq!(
            of(vec![tried("a", 50, None), tried("b", 90, None)]),
            ("b", Some(Telling::Accuracy))
        );
        let near = |a, b| {
            vec![
                tried("a", 90, Some(a)),
                tried("b", 91, Some(b)),
                tried("c", 20, Some(0.0)),
            ]
        };
        assert_eq!(of(near(0.0004, 0.01)), ("a", Some(Telling::Averages)));
        assert_eq!(
            of(near(0.0004, 0.001)),
            ("a", None),
            "hardly nearer than the other"
        );
        assert_eq!(of(near(0.5, 0.01)), ("b", None), "none is near");
        assert_eq!(of(vec![tried("a", 90, None), tried("b", 91, None)]), ("b", None));
        let text = Trial::new(near(0.0004, 0.01)).to_string();
        assert_eq!(text, "90.0 % a, 91.0 % b, 20.0 % c");
    }
}
