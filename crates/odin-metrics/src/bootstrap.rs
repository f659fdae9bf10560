//! Bootstrap replicates of a curve: the images of the ID and of the OOD set are resampled separately.
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::curve::{Tally, upto};
use crate::resample::Resampler;
use crate::vertices::kept_vertices;

/// Above this many distinct scores, replicates are taken of a coarser curve.
const MOST_GROUPS: usize = 20_000;
/// That many groups, even in accepted images and in the logarithm of the FPR.
const COARSE_GROUPS: usize = 4096;

/// Cumulative counts of a coarser curve.
struct Coarse {
    ins: Vec<u64>,
    outs: Vec<u64>,
    corrects: Option<Vec<u64>>,
}

/// `read` of the curve that is resampled, which is coarser than the exact one where there are many groups, and of each
/// replicate.
pub(crate) fn replicates<T>(
    tally: Tally<'_>,
    count: usize,
    seed: u64,
    read: impl Fn(&Tally<'_>) -> T,
) -> (T, impl Iterator<Item = T>) {
    let coarse = coarse(tally);
    let groups = coarse.ins.len();
    let estimate = read(&coarse.tally());

    // A cell of the ID set is a group of correctly classified images; then come as many for the others.
    let corrects = coarse
        .corrects
        .as_deref()
        .map_or_else(|| vec![0; groups], differences);
    let others = differences(&coarse.ins)
        .iter()
        .zip(&corrects)
        .map(|(all, correct)| all - correct)
        .collect::<Vec<_>>();
    let in_sampler = Resampler::new(corrects.into_iter().chain(others).collect());
    let out_sampler = Resampler::new(differences(&coarse.outs));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut in_counts, mut out_counts) = (vec![0; 2 * groups], vec![0; groups]);
    let mut drawn = coarse;
    let read_off = (0..count).map(move |_| {
        in_sampler.draw(&mut rng, &mut in_counts);
        out_sampler.draw(&mut rng, &mut out_counts);
        let (correct_counts, other_counts) = in_counts.split_at(groups);
        accumulate(
            correct_counts.iter().zip(other_counts).map(|(a, b)| a + b),
            &mut drawn.ins,
        );
        accumulate(out_counts.iter().copied(), &mut drawn.outs);
        if let Some(corrects) = &mut drawn.corrects {
            accumulate(correct_counts.iter().copied(), corrects);
        }
        read(&drawn.tally())
    });
    (estimate, read_off)
}

/// Cumulative counts at few points are the cumulative counts of the merged groups.
fn coarse(tally: Tally<'_>) -> Coarse {
    let kept: Vec<usize> = if tally.groups() > MOST_GROUPS {
        kept_vertices(tally.outs, tally.ins, COARSE_GROUPS)
    } else {
        (0..=tally.groups()).collect()
    };
    let take = |cumulative: &[u64]| {
        kept.iter()
            .skip(1)
            .map(|&vertex| upto(cumulative, vertex))
            .collect()
    };
    Coarse {
        ins: take(tally.ins),
        outs: take(tally.outs),
        corrects: tally.corrects.map(take),
    }
}

fn differences(cumulative: &[u64]) -> Vec<u64> {
    let before = std::iter::once(&0).chain(cumulative);
    cumulative
        .iter()
        .zip(before)
        .map(|(now, before)| now - before)
        .collect()
}

fn accumulate(counts: impl Iterator<Item = u64>, cumulative: &mut [u64]) {
    let mut sum = 0;
    for (slot, count) in cumulative.iter_mut().zip(counts) {
        sum += count;
        *slot = sum;
    }
}

impl Coarse {
    fn tally(&self) -> Tally<'_> {
        Tally {
            ins: &self.ins,
            outs: &self.outs,
            corrects: self.corrects.as_deref(),
        }
    }
}
