//! Averages of a detector's metrics over several OOD sets, such as near and far ones.
use serde::{Deserialize, Serialize};

use crate::change::{self, Changes};
use crate::conventions::Conventions;
use crate::error::MetricsError;
use crate::intervals::EachIntervals;
use crate::paired::Paired;
use crate::summaries::Summaries;

/// The mean of every metric over OOD sets that stand against the same ID images. Every set weighs the same, as in
/// OpenOOD's near and far averages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetAverage {
    /// The means; `n_out` is the number of OOD images of all sets together.
    pub summaries: Summaries,
    /// The means of the n-th replicates of all sets.
    pub replicates: Vec<Summaries>,
    /// Independent units of the ID set and of the smallest OOD set.
    units: (u64, u64),
    seed: u64,
    /// The numbers of the sets.
    sets: Vec<u64>,
}

impl SetAverage {
    /// Of at least one set. Each is [resampled](Paired::resampled) with the same seed and a
    /// [number](crate::Resampling::set) of its own, so that a replicate of the average draws the ID images once, as they
    /// are shared, and the OOD images of each set independently.
    ///
    /// # Errors
    /// [`MetricsError::NotPaired`] where the sets are none, or not of the same ID images, seed and number of replicates,
    /// or two have the same number.
    pub fn of(sets: &[&Paired]) -> Result<Self, MetricsError> {
        let (first, rest) = sets.split_first().ok_or(MetricsError::NotPaired)?;
        if !rest.iter().all(|set| set.images.shares_ins_with(&first.images)) {
            return Err(MetricsError::NotPaired);
        }
        let each: Vec<Self> = sets.iter().map(|set| Self::alone(set)).collect();
        Self::joined(&each.iter().collect::<Vec<_>>())
    }

    /// One set by itself: its metrics and replicates without its images, to be [joined](Self::joined) with others.
    pub fn alone(set: &Paired) -> Self {
        Self {
            summaries: set.summaries,
            replicates: set.replicates.clone(),
            units: set.images.units(),
            seed: set.images.seed(),
            sets: vec![set.images.set()],
        }
    }

    /// The mean of averages that were taken [alone](Self::alone). That they are of the same ID images is for the caller to
    /// see to.
    ///
    /// # Errors
    /// [`MetricsError::NotPaired`] where they are none, or not of as many ID images, one seed and number of replicates, or two
    /// have the same number.
    pub fn joined(each: &[&Self]) -> Result<Self, MetricsError> {
        let (first, rest) = each.split_first().ok_or(MetricsError::NotPaired)?;
        let sets: Vec<u64> = each.iter().flat_map(|each| each.sets.iter().copied()).collect();
        let mut numbers = sets.clone();
        numbers.sort_unstable();
        numbers.dedup();
        let draw = |of: &Self| (of.seed, of.units.0, of.replicates.len());
        if numbers.len() < sets.len() || !rest.iter().all(|each| draw(each) == draw(first)) {
            return Err(MetricsError::NotPaired);
        }
        let replicate = |(n, of_first): (usize, &Summaries)| {
            Summaries::mean(of_first, rest.iter().filter_map(|each| each.replicates.get(n)))
        };
        Ok(Self {
            summaries: Summaries::mean(&first.summaries, rest.iter().map(|each| &each.summaries)),
            replicates: first.replicates.iter().enumerate().map(replicate).collect(),
            units: (
                first.units.0,
                rest.iter().map(|each| each.units.1).fold(first.units.1, u64::min),
            ),
            seed: first.seed,
            sets,
        })
    }

    /// 95 % intervals of the means for these sets: they say what other images of the same sets would give, not what other
    /// sets would. By the standard deviation of the replicates on the logit scale.
    pub fn intervals(&self) -> EachIntervals {
        EachIntervals::of_replicates(&self.summaries, &self.replicates, self.units)
    }

    /// What `self` has more than `baseline`, as [`Paired::changes_from`], by replicates.
    ///
    /// # Errors
    /// [`MetricsError::NotPaired`] where the two are not of as many images and replicates. That they are of the same sets
    /// is for the caller to see to.
    pub fn changes_from(&self, baseline: &Self, conventions: &Conventions) -> Result<Changes, MetricsError> {
        let sizes = |average: &Self| {
            let summary = average.summaries.by(conventions);
            (
                summary.n_in,
                summary.n_out,
                average.replicates.len(),
                average.units,
            )
        };
        if sizes(self) != sizes(baseline) {
            return Err(MetricsError::NotPaired);
        }
        Ok(change::of_replicates(
            (&self.summaries, &self.replicates),
            (&baseline.summaries, &baseline.replicates),
            self.units,
            conventions,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::Source;
    use crate::paired::Resampling;

    fn paired(ins: &[f64], outs: &[f64], set: u64, seed: u64) -> Paired {
        let resampling = Resampling {
            replicates: 100,
            seed,
            set,
            ..Resampling::default()
        };
        Paired::resampled(ins, None, outs, &resampling).unwrap()
    }

    #[test]
    fn an_average_weighs_every_set_the_same() {
        let mut source = Source::new(71);
        let ins = source.scores(80, 2.0, 0.0);
        let sets = [source.scores(50, 0.0, 0.0), source.scores(150, 1.0, 0.0)];
        let each: Vec<Paired> = sets
            .iter()
            .zip(0..)
            .map(|(outs, set)| paired(&ins, outs, set, 1))
            .collect();
        let average = SetAverage::of(&each.iter().collect::<Vec<_>>()).unwrap();
        for conventions in Conventions::ALL {
            let mean =
                |of: &dyn Fn(&Summaries) -> f64| 0.5 * (of(&each[0].summaries) + of(&each[1].summaries));
            let got = average.summaries.by(&conventions);
            for metric in crate::Metric::ALL {
                let want = mean(&|summaries| metric.of(&summaries.by(&conventions)));
                assert!((metric.of(&got) - want).abs() < 1e-12, "{metric}");
            }
            assert_eq!((got.n_in, got.n_out), (80, 200));
        }
        let alone = SetAverage::of(&[&each[0]]).unwrap();
        assert_eq!(alone.replicates, each[0].replicates);
    }

    #[test]
    fn intervals_of_an_average_cover_the_truth_and_know_that_id_images_are_shared() {
        let mut source = Source::new(72);
        let phi = crate::naive::phi;
        let (n, rounds) = (200, 300);
        // OOD sets at 0 and at 0.5, ID images at 2.
        let want = [2.0, 1.5].map(|d: f64| (phi(d / 2f64.sqrt()), phi(1.644_853_627 - d)));
        let want = (0.5 * (want[0].0 + want[1].0), 0.5 * (want[0].1 + want[1].1));
        let mut held = [0, 0];
        for seed in 0..rounds {
            let ins = source.scores(n, 2.0, 0.0);
            let (near, far) = (source.scores(n, 0.5, 0.0), source.scores(n, 0.0, 0.0));
            let average =
                SetAverage::of(&[&paired(&ins, &near, 0, seed), &paired(&ins, &far, 1, seed)]).unwrap();
            let each = average.intervals();
            let intervals = each.by(&Conventions::default());
            held[0] += u32::from(intervals.auroc.contains(want.0));
            held[1] += u32::from(intervals.fpr95.contains(want.1));
        }
        let shares = held.map(|held| f64::from(held) / rounds as f64);
        println!("{shares:?}");
        assert!(
            shares.iter().all(|share| (0.92..=0.98).contains(share)),
            "{shares:?}"
        );
    }

    #[test]
    fn sets_of_other_images_or_of_one_draw_are_refused() {
        let (ins, outs) = ([2.0, 3.0, 1.0], [0.0, 1.5]);
        let first = paired(&ins, &outs, 0, 1);
        for other in [
            paired(&ins, &outs, 0, 1),
            paired(&ins, &outs, 1, 2),
            paired(&ins[..2], &outs, 1, 1),
        ] {
            assert_eq!(
                SetAverage::of(&[&first, &other]).err(),
                Some(MetricsError::NotPaired)
            );
        }
        assert_eq!(SetAverage::of(&[]).err(), Some(MetricsError::NotPaired));
        let average = SetAverage::of(&[&first, &paired(&ins, &outs, 1, 1)]).unwrap();
        assert!(average.changes_from(&average, &Conventions::default()).is_ok());
        let alone = SetAverage::of(&[&first]).unwrap();
        assert_eq!(
            alone.changes_from(&average, &Conventions::default()),
            Err(MetricsError::NotPaired)
        );
    }
}
