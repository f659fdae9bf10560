//! Replicates drawn image by image, so that those of several detectors on the same images belong together: the n-th of
//! each is of the same draw. Differences between detectors vary far less than the detectors do.
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::comparison::Comparison;
use crate::curve::Tally;
use crate::error::{MetricsError, Side};
use crate::intervals::{EachIntervals, LeastError};
use crate::summaries::Summaries;

/// A pair of score sets, and its replicates.
#[derive(Debug, Clone)]
pub struct Paired {
    /// The metrics of the images themselves.
    pub summaries: Summaries,
    /// The metrics of each replicate.
    pub replicates: Vec<Summaries>,
    pub(crate) images: Images,
}

/// What is drawn, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Resampling<'a> {
    /// How many times images are drawn; 1,000 is usual.
    pub replicates: usize,
    /// The same seed and as many images give the same draw.
    pub seed: u64,
    /// A number of the OOD set. Sets of different numbers are drawn independently of each other; the ID images are drawn
    /// alike for all.
    pub set: u64,
    /// The group of each ID image, such as the photograph that a crop is of: whole groups are drawn. `None` where the
    /// images are independent.
    pub in_groups: Option<&'a [u32]>,
    /// The group of each OOD image.
    pub out_groups: Option<&'a [u32]>,
}

/// The images that replicates are drawn from.
#[derive(Debug, Clone)]
pub(crate) struct Images {
    pub(crate) comparison: Comparison,
    /// The group of equal scores that each image is in.
    pub(crate) ins: Vec<u32>,
    pub(crate) outs: Vec<u32>,
    pub(crate) correct: Option<Vec<bool>>,
    pub(crate) in_units: Units,
    pub(crate) out_units: Units,
    seed: u64,
    set: u64,
}

/// What is drawn as one: images, or groups of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Units {
    Images(usize),
    /// The images of each group.
    Groups(Vec<Vec<u32>>),
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
        let resampling = Resampling {
            replicates,
            seed,
            ..Resampling::default()
        };
        Self::resampled(ins, correct, outs, &resampling)
    }

    /// As [`Paired::new`], with images in groups (a cluster bootstrap: Davison & Hinkley 1997, section 3.8), or one of
    /// several OOD sets.
    ///
    /// # Errors
    /// As [`Comparison::with_correct`], or a number of groups that is not the number of images.
    pub fn resampled(
        ins: &[f64],
        correct: Option<&[bool]>,
        outs: &[f64],
        resampling: &Resampling<'_>,
    ) -> Result<Self, MetricsError> {
        let comparison = Comparison::with_correct(ins, correct, outs)?;
        let in_units = Units::new(ins.len(), resampling.in_groups, Side::In)?;
        let out_units = Units::new(outs.len(), resampling.out_groups, Side::Out)?;
        // Thresholds are the distinct scores, descending.
        let thresholds = &comparison.curve.thresholds;
        let group = |score: &f64| thresholds.partition_point(|threshold| threshold > score) as u32;
        let images = Images {
            ins: ins.iter().map(group).collect(),
            outs: outs.iter().map(group).collect(),
            correct: correct.map(<[bool]>::to_vec),
            comparison,
            in_units,
            out_units,
            seed: resampling.seed,
            set: resampling.set,
        };
        Ok(Self {
            summaries: images.comparison.summaries(),
            replicates: images.replicates(resampling.replicates),
            images,
        })
    }

    /// 95 % intervals: as [`Comparison::intervals`] has them, and where images come in groups, by the standard deviation
    /// of the replicates on the logit scale and a t quantile for so many groups.
    pub fn intervals(&self) -> EachIntervals {
        if self.images.is_grouped() {
            return EachIntervals::of_replicates(&self.summaries, &self.replicates, self.images.units());
        }
        let least: Vec<f64> = self.replicates.iter().map(Summaries::least_error).collect();
        let error = LeastError::of(self.summaries.least_error(), &least);
        EachIntervals::of_independent(&self.images.comparison.tally(), &self.summaries, error)
    }
}

impl Images {
    fn replicates(&self, count: usize) -> Vec<Summaries> {
        let groups = self.comparison.curve.thresholds.len();
        let mut drawn = Drawn {
            ins: vec![0; groups],
            outs: vec![0; groups],
            corrects: self.correct.as_ref().map(|_| vec![0; groups]),
        };
        // Streams of their own: sets of any size then draw the same ID images.
        let (mut in_rng, mut out_rng) = (
            ChaCha8Rng::seed_from_u64(self.seed),
            ChaCha8Rng::seed_from_u64(self.seed),
        );
        out_rng.set_stream(self.set.wrapping_add(1));
        let replicate = |_| {
            drawn.clear();
            self.in_units.draw(&mut in_rng, |image| {
                let group = self.ins[image] as usize;
                drawn.ins[group] += 1;
                if let (Some(counts), Some(correct)) = (&mut drawn.corrects, &self.correct) {
                    counts[group] += u64::from(correct[image]);
                }
            });
            self.out_units
                .draw(&mut out_rng, |image| drawn.outs[self.outs[image] as usize] += 1);
            drawn.accumulate();
            drawn.tally().summaries()
        };
        (0..count).map(replicate).collect()
    }

    pub(crate) fn is_grouped(&self) -> bool {
        [&self.in_units, &self.out_units]
            .iter()
            .any(|units| matches!(units, Units::Groups(_)))
    }

    /// Independent units of the ID and of the OOD set.
    pub(crate) fn units(&self) -> (u64, u64) {
        (self.in_units.count() as u64, self.out_units.count() as u64)
    }

    /// Whether replicates of both belong together.
    pub(crate) fn is_drawn_as(&self, other: &Self) -> bool {
        let how = |images: &Self| (images.seed, images.set);
        how(self) == how(other)
            && self.correct == other.correct
            && self.in_units == other.in_units
            && self.out_units == other.out_units
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The number of the OOD set.
    pub(crate) fn set(&self) -> u64 {
        self.set
    }

    /// Whether replicates of both draw the same ID images. Marks are not compared: another OOD set may lack them.
    pub(crate) fn shares_ins_with(&self, other: &Self) -> bool {
        self.seed == other.seed && self.in_units == other.in_units
    }

    /// Whether both detectors order all images alike, ties included.
    pub(crate) fn is_ranked_as(&self, other: &Self) -> bool {
        self.ins == other.ins && self.outs == other.outs
    }
}

impl Units {
    fn new(images: usize, groups: Option<&[u32]>, side: Side) -> Result<Self, MetricsError> {
        let Some(groups) = groups else {
            return Ok(Self::Images(images));
        };
        if groups.len() != images {
            return Err(MetricsError::GroupCount {
                side,
                images,
                groups: groups.len(),
            });
        }
        let mut by_group = std::collections::BTreeMap::<u32, Vec<u32>>::new();
        for (&group, image) in groups.iter().zip(0..) {
            by_group.entry(group).or_default().push(image);
        }
        Ok(Self::Groups(by_group.into_values().collect()))
    }

    fn count(&self) -> usize {
        match self {
            Self::Images(count) => *count,
            Self::Groups(groups) => groups.len(),
        }
    }

    /// Draws as many units as there are, with replacement, and hands over the images of each.
    fn draw(&self, rng: &mut ChaCha8Rng, mut image: impl FnMut(usize)) {
        for _ in 0..self.count() {
            let unit = below(self.count(), rng);
            match self {
                Self::Images(_) => image(unit),
                Self::Groups(groups) => groups[unit].iter().for_each(|&i| image(i as usize)),
            }
        }
    }
}

/// Counts by group of equal scores, and then cumulative ones.
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

/// A number below `n`, uniform to n / 2³² (multiply and shift), and the same on every platform.
fn below(n: usize, rng: &mut ChaCha8Rng) -> usize {
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conventions::Conventions;
    use crate::naive::{self, Source};

    #[test]
    fn replicates_are_of_images_drawn_again_and_the_same_for_each_detector() {
        let mut source = Source::new(31);
        let (ins, outs) = (source.scores(30, 1.0, 0.5), source.scores(20, 0.0, 0.5));
        let marks = source.marks(30, 0.8);
        let paired = Paired::new(&ins, Some(&marks), &outs, 5, 9).unwrap();
        // By hand, from the definition.
        let (mut in_rng, mut out_rng) = (ChaCha8Rng::seed_from_u64(9), ChaCha8Rng::seed_from_u64(9));
        out_rng.set_stream(1);
        for summaries in &paired.replicates {
            let draw = |n: usize, rng: &mut ChaCha8Rng| (0..n).map(|_| below(n, rng)).collect::<Vec<_>>();
            let (a, b) = (draw(30, &mut in_rng), draw(20, &mut out_rng));
            let again: Vec<f64> = a.iter().map(|&i| ins[i]).collect();
            let right: Vec<bool> = a.iter().map(|&i| marks[i]).collect();
            let others: Vec<f64> = b.iter().map(|&i| outs[i]).collect();
            for conventions in Conventions::ALL {
                let want = naive::summary(&again, Some(&right), &others, &conventions);
                naive::assert_close(&summaries.by(&conventions), &want, "a replicate");
            }
        }
        // A detector that ranks the same is the same in every replicate; one that differs, mostly alike.
        let squeezed = |scores: &[f64]| scores.iter().map(|s| s.tanh()).collect::<Vec<_>>();
        let same = Paired::new(&squeezed(&ins), Some(&marks), &squeezed(&outs), 5, 9).unwrap();
        assert_eq!(
            (&same.summaries, &same.replicates),
            (&paired.summaries, &paired.replicates)
        );
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

    #[test]
    fn groups_of_one_image_draw_what_images_draw_and_wrong_groups_are_refused() {
        let mut source = Source::new(33);
        let (ins, outs) = (source.scores(40, 1.0, 0.0), source.scores(25, 0.0, 0.0));
        let one_each: Vec<u32> = (0..40).collect();
        let resampling = Resampling {
            replicates: 20,
            seed: 4,
            in_groups: Some(&one_each),
            ..Resampling::default()
        };
        let grouped = Paired::resampled(&ins, None, &outs, &resampling).unwrap();
        let alone = Paired::new(&ins, None, &outs, 20, 4).unwrap();
        assert_eq!(grouped.replicates, alone.replicates);
        // All in one group: every replicate is the set itself.
        let all = Resampling {
            in_groups: Some(&[7; 40]),
            out_groups: Some(&[7; 25]),
            ..resampling
        };
        let same = Paired::resampled(&ins, None, &outs, &all).unwrap();
        assert!(
            same.replicates
                .iter()
                .all(|replicate| *replicate == same.summaries)
        );
        let wrong = Resampling {
            out_groups: Some(&one_each),
            ..resampling
        };
        assert_eq!(
            Paired::resampled(&ins, None, &outs, &wrong).err(),
            Some(MetricsError::GroupCount {
                side: Side::Out,
                images: 25,
                groups: 40
            })
        );
    }

    #[test]
    fn intervals_of_groups_cover_where_those_of_images_do_not() {
        let mut source = Source::new(34);
        // 60 photographs of 8 crops a side; a photograph and a crop each add half of the variance.
        let (photographs, crops, rounds) = (60_u32, 8, 200);
        let groups: Vec<u32> = (0..photographs).flat_map(|photograph| [photograph; 8]).collect();
        let truth = naive::phi(1.5 / 2f64.sqrt());
        let mut draw = |centre: f64| -> Vec<f64> {
            let of_photographs = source.scores(photographs as usize, 0.0, 0.0);
            let of_crops = source.scores(photographs as usize * crops, 0.0, 0.0);
            let half = 0.5f64.sqrt();
            let crop = |(crop, group): (&f64, &u32)| centre + half * (of_photographs[*group as usize] + crop);
            of_crops.iter().zip(&groups).map(crop).collect()
        };
        let (mut by_group, mut by_image, mut fpr95) = (0, 0, 0);
        for seed in 0..rounds {
            let (ins, outs) = (draw(1.5), draw(0.0));
            let resampling = Resampling {
                replicates: 100,
                seed,
                set: 0,
                in_groups: Some(&groups),
                out_groups: Some(&groups),
            };
            let grouped = Paired::resampled(&ins, None, &outs, &resampling)
                .unwrap()
                .intervals();
            let alone = Paired::new(&ins, None, &outs, 40, seed).unwrap().intervals();
            let conventions = Conventions::default();
            by_group += u32::from(grouped.by(&conventions).auroc.contains(truth));
            fpr95 += u32::from(
                grouped
                    .by(&conventions)
                    .fpr95
                    .contains(naive::phi(1.644_853_627 - 1.5)),
            );
            by_image += u32::from(alone.by(&conventions).auroc.contains(truth));
        }
        let share = |held: u32| f64::from(held) / rounds as f64;
        println!(
            "by group {}, {}; by image {}",
            share(by_group),
            share(fpr95),
            share(by_image)
        );
        assert!((0.91..=0.98).contains(&share(by_group)) && (0.91..=0.98).contains(&share(fpr95)));
        assert!(share(by_image) < 0.8);
    }
}
