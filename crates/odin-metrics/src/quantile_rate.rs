//! The interval of a rate at a threshold that is itself estimated: FPR at the threshold that accepts 95 % of one set, CCR
//! at the one that accepts 1 % of the other.
//!
//! If a share p of a population lies above a threshold, the number of its n images above it is binomial (n, p): that says
//! between which order statistics the threshold lies, and how likely. Given the threshold, the other rate is a binomial
//! proportion. The interval's ends are the quantiles of both chances together, each by halves between what the data allow
//! at least and at most, as the mid-P version of Clopper & Pearson does (Lancaster 1961). That needs no resampling, and
//! holds where the threshold is an extreme order statistic, which no bootstrap replicate can exceed.
use crate::binomial::{Interval, for_each_likely};
use crate::curve::upto;

const TAIL: f64 = 0.025;

/// The 95 % interval of the share of `n` images above the threshold that accepts a share `accepted` of the ranking set.
/// `ranking` and `counted` are cumulative counts of both sets in the same groups, the highest scores first; `counted` may
/// count only some of its set.
pub(crate) fn interval(ranking: &[u64], counted: &[u64], n: u64, accepted: f64) -> Interval {
    let above = Above::new(ranking, counted, accepted);
    // P(rate ≤ x) = P(B ≥ k) of a binomial B (n, x), where k images lie above the threshold; for B = k it counts half.
    let below = |x: f64| {
        let mut sum = 0.0;
        for_each_likely(n, x, |b, chance| {
            sum += chance * 0.5 * (above.at_most(b) + b.checked_sub(1).map_or(0.0, |b| above.at_most(b)));
        });
        sum
    };
    let step = 1.0 / (n as f64).sqrt();
    let guess = above.first as f64 / n as f64;
    Interval {
        low: crossing(below, TAIL, guess, step),
        high: crossing(below, 1.0 - TAIL, guess, step),
    }
}

/// How many counted images lie above the threshold, as a distribution.
struct Above {
    first: u64,
    /// The chance that there are at most `first`, `first` + 1, …; 1 beyond.
    at_most: Vec<f64>,
}

impl Above {
    fn new(ranking: &[u64], counted: &[u64], accepted: f64) -> Self {
        let total = upto(ranking, ranking.len());
        // With m images of the ranking set accepted, the threshold lies above the (m + 1)-th highest of them and at or
        // below the m-th.
        let at_rank = |rank: u64| ranking.partition_point(|&count| count < rank);
        let fewest = |m: u64| if m == 0 { 0 } else { upto(counted, at_rank(m) + 1) };
        let most = |m: u64| {
            let group = if m == total { ranking.len() } else { at_rank(m + 1) };
            upto(counted, group)
        };
        let mut chances = Vec::new();
        for_each_likely(total, accepted, |m, chance| {
            chances.push((fewest(m), 0.5 * chance));
            chances.push((most(m), 0.5 * chance));
        });
        let (first, last) = chances.iter().fold((u64::MAX, 0), |(first, last), &(count, _)| {
            (first.min(count), last.max(count))
        });
        let mut at_most = vec![0.0; (last - first) as usize + 1];
        for (count, chance) in chances {
            at_most[(count - first) as usize] += chance;
        }
        let mut sum = 0.0;
        for chance in &mut at_most {
            sum += *chance;
            *chance = sum;
        }
        Self { first, at_most }
    }

    fn at_most(&self, count: u64) -> f64 {
        let Some(index) = count.checked_sub(self.first) else {
            return 0.0;
        };
        self.at_most.get(index as usize).copied().unwrap_or(1.0)
    }
}

/// Where an ascending function on [0, 1] crosses `target`, to 1e-9, from a guess and a step of the right size.
fn crossing(f: impl Fn(f64) -> f64, target: f64, guess: f64, step: f64) -> f64 {
    let (mut low, mut high, mut width) = (guess.clamp(0.0, 1.0), guess.clamp(0.0, 1.0), step);
    while low > 0.0 && f(low) >= target {
        high = low;
        low = (low - width).max(0.0);
        width *= 2.0;
    }
    width = step;
    while high < 1.0 && f(high) < target {
        low = low.max(high);
        high = (high + width).min(1.0);
        width *= 2.0;
    }
    // An atom at 0, as of a lower bound of nothing seen.
    if low == 0.0 && f(0.0) >= target {
        return 0.0;
    }
    while high - low > 1e-9 {
        let middle = 0.5 * (low + high);
        if f(middle) < target {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial::clopper_pearson;

    #[test]
    fn a_threshold_that_makes_no_difference_leaves_a_proportion() {
        // Every image of the ranking set lies above 30 of 100 others and below 70.
        let ranking: Vec<u64> = (0..=500).chain([500]).collect();
        let counted: Vec<u64> = std::iter::repeat_n(30, 501).chain([100]).collect();
        let ranking = &ranking[1..];
        let counted = &counted[1..];
        let got = interval(ranking, counted, 100, 0.95);
        // The mid-P interval: within the exact one, and not by much.
        let exact = clopper_pearson(30, 100, 0.95);
        assert!(
            got.low > exact.low && got.low < exact.low + 0.01,
            "{got:?} {exact:?}"
        );
        assert!(
            got.high < exact.high && got.high > exact.high - 0.01,
            "{got:?} {exact:?}"
        );
    }

    #[test]
    fn a_rate_that_is_known_leaves_the_order_statistics() {
        // The counted set is so large and so even that its rate is the threshold's rank.
        let n = 400_u64;
        let ranking: Vec<u64> = (1..=n).collect();
        let counted: Vec<u64> = (1..=n).map(|rank| rank * 1_000_000).collect();
        let got = interval(&ranking, &counted, n * 1_000_000, 0.5);
        // scipy.stats.binom(400, 0.5).ppf([0.025, 0.975]) is 180, 220.
        assert!(
            (got.low - 180.0 / 400.0).abs() < 0.004 && (got.high - 221.0 / 400.0).abs() < 0.004,
            "{got:?}"
        );
    }

    #[test]
    fn few_images_do_not_bound_an_extreme_threshold() {
        // The 95 % quantile of 20 images may lie beyond them all.
        let ranking: Vec<u64> = (1..=20).chain([20]).collect();
        let counted: Vec<u64> = std::iter::repeat_n(0, 20).chain([50]).collect();
        let got = interval(&ranking, &counted, 50, 0.95);
        assert!(got.low == 0.0 && got.high > 0.999_999, "{got:?}");
    }
}
