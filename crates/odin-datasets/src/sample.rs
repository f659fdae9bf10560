//! Which images of a set are taken where not all are: a seeded sample, the same for everyone and in every version.
//!
//! Sets are often sorted by class, so the first n images may be of a few classes only. Where there are labels, the sample
//! is stratified by them.
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// All `len` images in the order in which samples take them: the first n are the sample of n, for every n.
///
/// Without labels a random order. With labels (one an image), in every beginning each class has its share of the set, give
/// or take an image; a class rarer than one in n may be absent from the first n.
pub fn sampling_order(labels: Option<&[u16]>, len: usize, seed: u64) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..len).collect();
    for at in (1..len).rev() {
        // 64 random bits as a fraction of at + 1.
        let other = (u128::from(rng.next_u64()) * (at as u128 + 1)) >> 64;
        order.swap(at, other as usize);
    }
    let Some(labels) = labels else {
        return order;
    };
    assert_eq!(labels.len(), len, "an image has one label");
    let classes = labels.iter().max().map_or(0, |&label| usize::from(label) + 1);
    let mut sizes = vec![0u64; classes];
    labels.iter().for_each(|&label| sizes[usize::from(label)] += 1);
    // The j-th of a class's m images comes at (j + ½)/m of the way; as whole numbers 2j + 1 and 2m, which compare exactly.
    let mut taken = vec![0u64; classes];
    let mut placed: Vec<(u64, u64, usize)> = order
        .into_iter()
        .map(|index| {
            let class = usize::from(labels[index]);
            taken[class] += 1;
            (2 * taken[class] - 1, 2 * sizes[class], index)
        })
        .collect();
    // Stable: ties keep their random order.
    placed.sort_by(|(a, m, _), (b, n, _)| {
        (u128::from(*a) * u128::from(*n)).cmp(&(u128::from(*b) * u128::from(*m)))
    });
    placed.into_iter().map(|(_, _, index)| index).collect()
}

/// A sample of `count` of the `len` images, in the order of the set; all of them where there are no more.
pub fn sample(labels: Option<&[u16]>, len: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut chosen = sampling_order(labels, len, seed);
    chosen.truncate(count);
    chosen.sort_unstable();
    chosen
}

/// The images of a slice of the file, as papers take them: `skip` are passed over, then at most `limit` taken.
pub fn slice(len: usize, skip: usize, limit: Option<usize>) -> Vec<usize> {
    let end = limit.map_or(len, |limit| skip.saturating_add(limit).min(len));
    (skip..end).collect()
}

/// The classes of which the set has images and `chosen` has none, in the order of their labels.
pub fn absent_classes(labels: &[u16], chosen: &[usize]) -> Vec<u16> {
    let present: std::collections::BTreeSet<u16> =
        chosen.iter().filter_map(|&i| labels.get(i).copied()).collect();
    let all: std::collections::BTreeSet<u16> = labels.iter().copied().collect();
    all.difference(&present).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kept scores are of these very images, so the sample may never change.
    #[test]
    fn the_sample_is_the_same_in_every_version() {
        assert_eq!(sample(None, 1000, 8, 0), UNLABELLED);
        let labels: Vec<u16> = (0..1000).map(|i| i / 250).collect();
        assert_eq!(sample(Some(&labels), 1000, 8, 7), LABELLED);
    }

    const UNLABELLED: [usize; 8] = [138, 151, 272, 390, 459, 588, 802, 834];
    const LABELLED: [usize; 8] = [31, 245, 329, 436, 517, 526, 828, 833];

    #[test]
    fn every_beginning_holds_each_class_by_its_share() {
        // Sorted by class: 600, 300, 90 and 10 images.
        let sizes = [600usize, 300, 90, 10];
        let labels: Vec<u16> = sizes
            .iter()
            .zip(0..)
            .flat_map(|(&size, label)| std::iter::repeat_n(label, size))
            .collect();
        for seed in 0..5 {
            let order = sampling_order(Some(&labels), 1000, seed);
            let mut all = order.clone();
            all.sort_unstable();
            assert!(all.iter().copied().eq(0..1000));
            let mut counts = [0usize; 4];
            for (n, &index) in (1..).zip(&order) {
                counts[usize::from(labels[index])] += 1;
                for (count, size) in counts.iter().zip(sizes) {
                    let share = (n * size) as f64 / 1000.0;
                    assert!((*count as f64 - share).abs() <= 1.5, "{count} of {share} at {n}");
                }
            }
        }
    }

    #[test]
    fn a_sorted_set_of_a_thousand_classes_is_sampled_whole() {
        let labels: Vec<u16> = (0..50_000).map(|i| i / 50).collect();
        let chosen = sample(Some(&labels), 50_000, 5_000, 0);
        assert!(chosen.is_sorted() && chosen.len() == 5_000);
        let mut counts = vec![0; 1000];
        chosen
            .iter()
            .for_each(|&index| counts[usize::from(labels[index])] += 1);
        assert!(counts.iter().all(|&count| count == 5));
        assert_ne!(chosen, sample(Some(&labels), 50_000, 5_000, 1));
        let smaller = sample(Some(&labels), 50_000, 1_000, 0);
        assert!(smaller.iter().all(|index| chosen.binary_search(index).is_ok()));
        assert!(absent_classes(&labels, &chosen).is_empty());
        assert_eq!(
            absent_classes(&labels, &slice(50_000, 100, Some(49_850))),
            [0, 1, 999]
        );
        assert_eq!(absent_classes(&labels, &slice(50_000, 100, None)), [0, 1]);
        assert!(slice(10, 20, Some(3)).is_empty());
        assert_eq!(sample(None, 3, 9, 0), [0, 1, 2]);
    }
}
