//! Sums, percentiles and orders that several detectors share.
use std::cmp::Ordering;

/// log(1 + e^x)
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Eight sums, which the compiler keeps in vector registers.
    let mut sums = [0.0; 8];
    let (a_eights, b_eights) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_eights
        .remainder()
        .iter()
        .zip(b_eights.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a_eights.zip(b_eights) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}

pub(crate) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// Scaled to a norm of 1; 0 stays 0.
pub(crate) fn make_unit(a: &mut [f64]) {
    let norm = norm(a);
    if norm > 0.0 {
        for value in a {
            *value /= norm;
        }
    }
}

/// Means of the rows that are of each class, and how many these are; a class without rows has zeros.
pub(crate) fn class_means<R: AsRef<[T]>, T: Copy + Into<f64>>(
    rows: impl Iterator<Item = R>,
    classes: impl Iterator<Item = Option<usize>>,
    class_count: usize,
    width: usize,
) -> (Vec<f64>, Vec<usize>) {
    let mut means = vec![0.0; class_count * width];
    let mut counts = vec![0; class_count];
    for (row, class) in rows.zip(classes) {
        let Some(class) = class else { continue };
        counts[class] += 1;
        for (mean, &value) in means[class * width..][..width].iter_mut().zip(row.as_ref()) {
            *mean += value.into();
        }
    }
    for (mean, &count) in means.chunks_exact_mut(width).zip(&counts) {
        for value in mean {
            *value /= count.max(1) as f64;
        }
    }
    (means, counts)
}

/// The percentile of values in ascending order, between two of them in proportion, as NumPy's "linear". NaN without values.
pub(crate) fn percentile<T: Copy + Into<f64>>(ascending: &[T], percent: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = percent / 100.0 * last as f64;
    let below = (place.floor() as usize).min(last);
    let (a, b) = (ascending[below].into(), ascending[(below + 1).min(last)].into());
    between(a, b, place - below as f64)
}

/// So much of the way from a to b, from the nearer end, as NumPy: the same bits.
pub(crate) fn between(a: f64, b: f64, share: f64) -> f64 {
    if share < 0.5 {
        a + (b - a) * share
    } else {
        b - (b - a) * (1.0 - share)
    }
}

/// The places of a row's values from the greatest down; of equal values the first comes first. At most 65,536 values.
pub(crate) fn descending(row: &[f32]) -> Vec<u16> {
    // One integer a value, the order of which is that of (value descending, place): sorted several times as fast as pairs.
    let mut keys: Vec<u64> = row
        .iter()
        .enumerate()
        .map(|(place, &value)| {
            // −0 and 0 are equal.
            let bits = (value + 0.0).to_bits();
            let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
            u64::from(!ascending) << 32 | place as u64
        })
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| key as u16).collect()
}

/// How many of an image's greatest features stay when `percent` of them go: at least one.
pub(crate) fn kept(width: usize, percent: f64) -> usize {
    let gone = (width as f64 * percent / 100.0).round_ties_even() as usize;
    width.saturating_sub(gone).max(1)
}

/// The least of candidates whose value is first known roughly: `exact` is asked of those that may be the least, which are
/// within `slack` of the least rough one.
pub(crate) fn refined_least(rough: &[f64], slack: f64, exact: impl Fn(usize) -> f64) -> f64 {
    let least = rough.iter().copied().fold(f64::INFINITY, f64::min);
    let mut best = f64::INFINITY;
    for (place, &value) in rough.iter().enumerate() {
        if value <= least + slack {
            best = best.min(exact(place));
        }
    }
    best
}

pub(crate) fn down(a: &f64, b: &f64) -> Ordering {
    b.total_cmp(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_values_in_proportion() {
        let values = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(percentile(&values, 0.0), 1.0);
        assert_eq!(percentile(&values, 100.0), 8.0);
        assert_eq!(percentile(&values, 50.0), 3.0);
        assert!((percentile(&values, 90.0) - 6.8).abs() < 1e-12);
        assert_eq!(percentile(&[5.0], 37.0), 5.0);
        assert!(percentile::<f64>(&[], 50.0).is_nan());
    }

    #[test]
    fn the_greatest_come_first_and_ties_go_to_the_lower_place() {
        assert_eq!(descending(&[0.0, 3.0, -0.0, -2.0, 3.0, 7.5]), [5, 1, 4, 0, 2, 3]);
    }

    #[test]
    fn half_a_value_is_rounded_to_the_even_number_as_numpy_does() {
        assert_eq!(kept(10, 65.0), 4);
        assert_eq!(kept(10, 85.0), 2);
        assert_eq!(kept(342, 65.0), 120);
        assert_eq!(kept(10, 100.0), 1);
        assert_eq!(kept(10, 0.0), 10);
    }

    #[test]
    fn products_in_eights_are_products() {
        let a: Vec<f64> = (0..21).map(f64::from).collect();
        assert_eq!(dot(&a, &a), 2870.0);
        assert_eq!(dot(&a[..3], &a[..3]), 5.0);
    }
}
