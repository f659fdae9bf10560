//! The few vertices that are enough to draw a long ROC, on a linear and on a logarithmic FPR axis.
use crate::curve::{share, upto};

/// At most `max` (but at least 2) vertices of the curve through (0, 0) and the pairs of `x` and `y`,
/// ascending; vertex 0 is (0, 0), vertex i is entry i − 1. `x` and `y` are cumulative counts.
///
/// Kept are both ends, the last vertex at x = 0 (where a logarithmic axis begins), and every first vertex
/// past equal steps of (x + y) and of log x. A dropped vertex lies less than one step of each from a kept
/// one: 4 / max of the sum of both axes. Costs O(max · log n).
pub(crate) fn kept_vertices(x: &[u64], y: &[u64], max: usize) -> Vec<usize> {
    let count = x.len().min(y.len());
    let max = max.max(2);
    if count < max {
        return (0..=count).collect();
    }
    let n_x = upto(x, count).max(1);
    let n_y = upto(y, count).max(1);
    let mut kept = vec![0, count];
    if max > 2 {
        kept.push(x.partition_point(|&x| x == 0));
    }
    let steps = max.saturating_sub(3) / 2;
    for step in 1..=steps {
        let part = step as f64 / (steps + 1) as f64;
        kept.push(
            1 + first(count, |i| {
                share(upto(x, i + 1), n_x) + share(upto(y, i + 1), n_y) >= 2.0 * part
            }),
        );
        kept.push(1 + first(count, |i| upto(x, i + 1) as f64 >= (n_x as f64).powf(part)));
    }
    kept.sort_unstable();
    kept.dedup();
    // Floating point may find the last step nowhere; the last vertex is kept anyway.
    kept.retain(|&vertex| vertex <= count);
    kept
}

/// The first index below `count` for which a monotone condition holds, or `count`.
fn first(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dropped_vertex_is_near_a_kept_one() {
        // Steep at the left, where a logarithmic axis looks closely.
        let x: Vec<u64> = (0..100_000u64).map(|i| i * i / 1_000_000).collect();
        let y: Vec<u64> = (0..100_000u64)
            .map(|i| ((i as f64).sqrt() * 300.0) as u64)
            .collect();
        let (n_x, n_y) = (*x.last().unwrap() as f64, *y.last().unwrap() as f64);
        let at = |vertex: usize| (upto(&x, vertex) as f64, upto(&y, vertex) as f64);
        for max in [7, 50, 400] {
            let kept = kept_vertices(&x, &y, max);
            assert!(kept.len() <= max);
            assert_eq!((kept.first(), kept.last()), (Some(&0), Some(&100_000)));
            let steps = ((max - 3) / 2 + 1) as f64;
            for pair in kept.windows(2) {
                // All between two kept vertices lie in the box of the first and the last before the second.
                let ((x0, y0), (x1, y1)) = (at(pair[0]), at(pair[1] - 1));
                assert!(
                    (x1 - x0) / n_x + (y1 - y0) / n_y <= 2.0 / steps + 1e-9,
                    "{max}: {pair:?}"
                );
                if x0 > 0.0 {
                    assert!((x1 / x0).ln() <= n_x.ln() / steps + 1e-9, "{max}: {pair:?}");
                }
            }
        }
    }

    #[test]
    fn short_curves_and_silly_limits_are_fine() {
        assert_eq!(kept_vertices(&[0, 1], &[1, 1], 10), [0, 1, 2]);
        assert_eq!(kept_vertices(&[0, 1, 1, 2], &[1, 1, 2, 2], 0), [0, 4]);
        assert_eq!(kept_vertices(&[0, 1, 1, 2], &[1, 1, 2, 2], 3), [0, 1, 4]);
        assert_eq!(kept_vertices(&[], &[], 3), [0]);
        assert_eq!(kept_vertices(&[1; 20], &[0; 20], 9), [0, 1, 20]);
    }
}
