//! Replicates drawn image by image, so that those of several detectors on the same images belong together: the n-th of
//! each is of the same draw. Differences between detectors vary far less than the detectors do.
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::comparison::Comparison;
use super::curve::Tally;
use super::error::MetricsError;
use super::intervals::EachIntervals;
use super::readings::Readings;

/// A pair of score sets, and its replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Paired {
    pub readings: Readings,
    pub replicates: Vec<Readings>,
}

impl Paired {
    /// Scores image by image, in the same order for each detector. The same `seed` and as many images give the same draw.
    ///
    /// A replicate costs O(images).
    ///
    /// # Errors
    /// As [`Comparison::with_correct`].
    pub fn new(
        ins: &[f64],
        correct: Option<&[bool]>,
        outs: &[f64],
        replicates: usize,
        seed: u64,
    ) -> Result<Self, MetricsError> {
        let comparison = Comparison::with_correct(ins, correct, outs)?;
        // Thresholds are the distinct scores, descending.
        let thresholds = &comparison.curve.thresholds;
        let group = |score: &f64| thresholds.partition_point(|threshold| threshold > score);
        let groups_of_ins: Vec<usize> = ins.iter().map(group).collect();
        let groups_of_outs: Vec<usize> = outs.iter().map(group).collect();
        let mut drawn = Drawn {
            ins: vec![0; thresholds.len()],
            outs: vec![0; thresholds.len()],
            corrects: correct.map(|_| vec![0; thresholds.len()]),
        };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let replicate = |_| {
            drawn.clear();
            for _ in 0..ins.len() {
                let image = below(ins.len(), &mut rng);
                let group = groups_of_ins.get(image).copied().unwrap_or_default();
                add(&mut drawn.ins, group);
                if let (Some(corrects), Some(true)) = (
                    &mut drawn.corrects,
                    correct.and_then(|correct| correct.get(image)),
                ) {
                    add(corrects, group);
                }
            }
            for _ in 0..outs.len() {
                let image = below(outs.len(), &mut rng);
                add(
                    &mut drawn.outs,
                    groups_of_outs.get(image).copied().unwrap_or_default(),
                );
            }
            drawn.accumulate();
            drawn.tally().readings()
        };
        Ok(Self {
            replicates: (0..replicates).map(replicate).collect(),
            readings: comparison.readings(),
        })
    }

    /// 95 % intervals, as [`Comparison::intervals`] has them.
    pub fn intervals(&self) -> EachIntervals {
        EachIntervals::of(&self.readings, &self.readings, &self.replicates)
    }
}

/// Counts a group, and then cumulative ones.
struct Drawn {
    ins: Vec<u64>,
    outs: Vec<u64>,
    corrects: Option<Vec<u64>>,
}

impl Drawn {
    fn lists(&mut self) -> impl Iterator<Item = &mut Vec<u64>> {
        [&mut self.ins, &mut self.outs]
            .into_iter()
            .chain(&mut self.corrects)
    }

    fn clear(&mut self) {
        self.lists().for_each(|list| list.fill(0));
    }

    fn accumulate(&mut self) {
        for list in self.lists() {
            let mut sum = 0;
            for count in list {
                sum += *count;
                *count = sum;
            }
        }
    }

    fn tally(&self) -> Tally<'_> {
        Tally {
            ins: &self.ins,
            outs: &self.outs,
            corrects: self.corrects.as_deref(),
        }
    }
}

fn add(counts: &mut [u64], group: usize) {
    if let Some(count) = counts.get_mut(group) {
        *count += 1;
    }
}

/// A number below `n`, uniform to n / 2³² (multiply and shift), and the same on every platform.
fn below(n: usize, rng: &mut ChaCha8Rng) -> usize {
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::super::conventions::Conventions;
    use super::super::naive::{self, Source};
    use super::*;

    #[test]
    fn replicates_are_of_images_drawn_again_and_the_same_for_each_detector() {
        let mut source = Source::new(31);
        let (ins, outs) = (source.scores(30, 1.0, 0.5), source.scores(20, 0.0, 0.5));
        let marks = source.marks(30, 0.8);
        let paired = Paired::new(&ins, Some(&marks), &outs, 5, 9).unwrap();
        // By hand, from the definition.
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        for readings in &paired.replicates {
            let draw = |n: usize, rng: &mut ChaCha8Rng| (0..n).map(|_| below(n, rng)).collect::<Vec<_>>();
            let (a, b) = (draw(30, &mut rng), draw(20, &mut rng));
            let again: Vec<f64> = a.iter().map(|&i| ins[i]).collect();
            let right: Vec<bool> = a.iter().map(|&i| marks[i]).collect();
            let others: Vec<f64> = b.iter().map(|&i| outs[i]).collect();
            for conventions in Conventions::ALL {
                let want = naive::summary(&again, Some(&right), &others, &conventions);
                naive::assert_close(&readings.by(&conventions), &want, "a replicate");
            }
        }
        // A detector that ranks the same is the same in every replicate; one that differs, mostly alike.
        let squeezed = |scores: &[f64]| scores.iter().map(|s| s.tanh()).collect::<Vec<_>>();
        let same = Paired::new(&squeezed(&ins), Some(&marks), &squeezed(&outs), 5, 9).unwrap();
        assert_eq!(same, paired);
        assert!(Paired::new(&ins, None, &[], 5, 9).is_err());
    }

    #[test]
    fn intervals_are_those_of_a_comparison_but_for_the_draw() {
        let mut source = Source::new(32);
        let (ins, outs) = (source.scores(400, 1.5, 0.0), source.scores(400, 0.0, 0.0));
        let paired = Paired::new(&ins, None, &outs, 600, 1).unwrap();
        let conventions = Conventions::default();
        let (each, alone) = (
            paired.intervals(),
            Comparison::new(&ins, &outs)
                .unwrap()
                .intervals(&conventions, 600, 2),
        );
        let ours = each.by(&conventions);
        for (a, b) in [
            (ours.fpr95, alone.fpr95),
            (ours.auroc, alone.auroc),
            (ours.aupr_in, alone.aupr_in),
        ] {
            let width = b.high - b.low;
            assert!(
                (a.low - b.low).abs() < 0.2 * width && (a.high - b.high).abs() < 0.2 * width,
                "{a:?} {b:?}"
            );
        }
    }
}
