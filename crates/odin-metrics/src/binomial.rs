//! Exact intervals of a proportion, and the distributions that intervals rest on.
use serde::{Deserialize, Serialize};

/// A confidence interval, in the unit of what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// The least interval that holds both.
    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    /// Of a value that is known.
    pub(crate) fn at(value: f64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    /// The part of it from `least` to `most`.
    pub(crate) fn within(self, least: f64, most: f64) -> Self {
        Self {
            low: self.low.clamp(least, most),
            high: self.high.clamp(least, most),
        }
    }

    /// Whether `value` lies in it, its ends included.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The exact interval of a proportion after `k` successes in `n` trials (Clopper & Pearson 1934), at `level`
/// (0.95 is usual). [0, 1] where `n` is 0; a `k` above `n` counts as `n`.
pub fn clopper_pearson(k: u64, n: u64, level: f64) -> Interval {
    let k = k.min(n);
    let tail = ((1.0 - level) / 2.0).clamp(0.0, 0.5);
    let (successes, failures) = (k as f64, (n - k) as f64);
    Interval {
        low: if k == 0 {
            0.0
        } else {
            beta_quantile(tail, successes, failures + 1.0)
        },
        high: if k == n {
            1.0
        } else {
            1.0 - beta_quantile(tail, failures, successes + 1.0)
        },
    }
}

/// The probability below the upper end of a two-sided 95 % interval.
pub(crate) const T_TAIL: f64 = 0.975;
/// The 97.5 % quantile of the normal distribution.
pub(crate) const NORMAL: f64 = 1.959_963_984_540_054;

/// The quantile of Student's t distribution; `p` > ½, `freedom` > 0, and above 10⁶ the normal distribution's.
pub(crate) fn student_quantile(p: f64, freedom: f64) -> f64 {
    let freedom = freedom.min(1e6);
    // P(|T| > t) = I_x(ν/2, ½) with x = ν / (ν + t²) (NIST DLMF 8.17); in x it is ascending.
    let x = beta_quantile(2.0 * (1.0 - p), 0.5 * freedom, 0.5);
    (freedom * (1.0 - x) / x).sqrt()
}

/// Calls `each` with every number that is not negligibly unlikely under a binomial (n, p), and its chance; in no order.
pub(crate) fn for_each_likely(n: u64, p: f64, mut each: impl FnMut(u64, f64)) {
    const NEGLIGIBLE: f64 = 1e-10;
    if p <= 0.0 || p >= 1.0 {
        return each(if p <= 0.0 { 0 } else { n }, 1.0);
    }
    let mode = ((n + 1) as f64 * p).floor().min(n as f64) as u64;
    let ln_choose =
        ln_gamma(n as f64 + 1.0) - ln_gamma(mode as f64 + 1.0) - ln_gamma((n - mode) as f64 + 1.0);
    let greatest = (ln_choose + mode as f64 * p.ln() + (n - mode) as f64 * (-p).ln_1p()).exp();
    let odds = p / (1.0 - p);
    let (mut k, mut chance) = (mode, greatest);
    while chance > NEGLIGIBLE {
        each(k, chance);
        if k == n {
            break;
        }
        chance *= odds * (n - k) as f64 / (k + 1) as f64;
        k += 1;
    }
    (k, chance) = (mode, greatest);
    while k > 0 {
        chance *= k as f64 / (odds * (n - k + 1) as f64);
        k -= 1;
        if chance <= NEGLIGIBLE {
            break;
        }
        each(k, chance);
    }
}

/// x with I_x(a, b) = p, by bisection to the last bits; `a`, `b` ≥ ½.
pub(crate) fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if beta_cdf(middle, a, b) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The regularised incomplete beta function I_x(a, b), for 0 < x < 1.
fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    // The continued fraction converges fast on its own side of the mean only.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(1.0 - x, b, a) / b
    }
}

/// The continued fraction of I_x(a, b) by Lentz's method (NIST DLMF 8.17.22).
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let guard = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / guard(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    // It takes O(√max(a, b)) rounds: this is enough for some 10¹⁰ images.
    for round in 1..200_000 {
        let m = f64::from(round);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        fraction *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// ln Γ(x) for x > 0: Stirling's series (NIST DLMF 5.11.1) after shifting x above 10.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 1.0);
    while x < 10.0 {
        shift *= x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let coefficients = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
    ];
    let series = coefficients.iter().rev().fold(0.0, |sum, c| sum * square + c) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - f64::ln(shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact"), scipy 1.17.1.
        let cases = [
            (1, 2, 0.01257911709367899, 0.987420882906321),
            (0, 1, 0.0, 0.975),
            (1, 50, 0.0005062279831152354, 0.10646954571150097),
            (49, 50, 0.893530454288499, 0.9994937720168847),
            (3, 10, 0.06673951117773447, 0.652452850060008),
            (950, 1000, 0.9346095120845064, 0.9626646023953394),
            (3470, 10000, 0.33766593423938673, 0.356423246843269),
            (1, 1000000, 2.5317805139113815e-08, 5.571630655512304e-06),
            (347000, 1000000, 0.346066970473269, 0.34793391581284777),
            (999999, 1000000, 0.9999944283693444, 0.9999999746821948),
        ];
        for (k, n, low, high) in cases {
            let got = clopper_pearson(k, n, 0.95);
            assert!(
                (got.low - low).abs() < 1e-10 * (1.0 + low) && (got.high - high).abs() < 1e-10,
                "{k} of {n}: {got:?}"
            );
        }
    }

    #[test]
    fn quantiles_of_t_agree_with_scipy() {
        // scipy.stats.t.ppf(0.975, df), scipy 1.17.1.
        for (freedom, want) in [
            (1.0, 12.706204736174705),
            (4.5, 2.6589123472044034),
            (30.0, 2.0422724563012378),
            (1e5, 1.9599877075346095),
            (f64::INFINITY, 1.9599639845400542),
        ] {
            let got = student_quantile(T_TAIL, freedom);
            assert!((got - want).abs() < 1e-5, "{freedom}: {got}");
        }
    }

    #[test]
    fn chances_are_those_of_a_binomial() {
        for (n, p) in [
            (1, 0.95),
            (20, 0.95),
            (1000, 1e-3),
            (1_000_000, 0.05),
            (7, 0.0),
            (7, 1.0),
        ] {
            let (mut sum, mut mean, mut square) = (0.0, 0.0, 0.0);
            for_each_likely(n, p, |k, chance| {
                sum += chance;
                mean += chance * k as f64;
                square += chance * (k as f64 - n as f64 * p).powi(2);
            });
            let (want, variance) = (n as f64 * p, n as f64 * p * (1.0 - p));
            assert!((sum - 1.0).abs() < 1e-6, "{n} {p}: {sum}");
            assert!((mean - want).abs() <= 1e-6 * want, "{n} {p}: {mean}");
            assert!((square - variance).abs() <= 1e-4 * variance, "{n} {p}: {square}");
        }
    }

    #[test]
    fn nothing_found_is_not_nothing_possible() {
        let none = clopper_pearson(0, 50, 0.95);
        assert_eq!(none.low, 0.0);
        // The closed form for k = 0.
        assert!((none.high - (1.0 - 0.025f64.powf(1.0 / 50.0))).abs() < 1e-13);
        let all = clopper_pearson(50, 50, 0.95);
        assert_eq!(all.high, 1.0);
        assert!((all.low + none.high - 1.0).abs() < 1e-13);
        assert_eq!(clopper_pearson(0, 0, 0.95), Interval { low: 0.0, high: 1.0 });
        assert_eq!(clopper_pearson(9, 5, 0.95), clopper_pearson(5, 5, 0.95));
    }
}
