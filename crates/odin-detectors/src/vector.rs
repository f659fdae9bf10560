//! Exponentials, logarithms and sums of whole rows, compiled for the widest vector units that the CPU has.
//!
//! `exp` and `ln` are plain arithmetic without branches, which the compiler turns into vectors; they are true to two units
//! in the last place.
use std::f64::consts::{LOG2_E, SQRT_2};

use pulp::{Arch, Simd, WithSimd};

/// ln 2 in two parts: the first has so few bits that its product with an exponent is exact.
const LN_2: (f64, f64) = (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10);

/// Below this, e^x is no normal number any more.
const LEAST: f64 = -708.0;

/// e^x of an x below 700; 0 below −708.
#[inline(always)]
fn exp(x: f64) -> f64 {
    // Added to a small number, 1.5 · 2^52 leaves it rounded to a whole number k, in the last bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let rounded = x * LOG2_E + ROUND;
    let k = rounded - ROUND;
    // |r| ≤ ln 2 / 2: Taylor's 14th term is below 1e-17.
    let r = (x - k * LN_2.0) - k * LN_2.1;
    // In pairs, then pairs of these: a chain of sums would wait for itself.
    let (r2, r4) = (r * r, r * r * r * r);
    let low = (1.0 + r) + (1.0 / 2.0 + r * (1.0 / 6.0)) * r2;
    let middle = (1.0 / 24.0 + r * (1.0 / 120.0)) + (1.0 / 720.0 + r * (1.0 / 5_040.0)) * r2;
    let high = (1.0 / 40_320.0 + r * (1.0 / 362_880.0)) + (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0)) * r2;
    let highest = 1.0 / 479_001_600.0 + r * (1.0 / 6_227_020_800.0);
    let sum = (low + middle * r4) + (high + highest * r4) * (r4 * r4);
    let power = f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52);
    if x < LEAST { 0.0 } else { sum * power }
}

/// ln x of a normal x above 0.
#[inline(always)]
fn ln(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
    let bits = x.to_bits();
    let exponent = f64::from_bits((bits >> 52) | TWO_TO_52.to_bits()) - (TWO_TO_52 + 1023.0);
    let mantissa = f64::from_bits((bits & MANTISSA) | 1f64.to_bits());
    let is_high = mantissa > SQRT_2;
    let m = if is_high { 0.5 * mantissa } else { mantissa };
    let k = if is_high { exponent + 1.0 } else { exponent };
    // ln m = 2 artanh s with |s| ≤ 0.172: the 12th term is below 1e-17.
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut sum = 1.0 / 23.0;
    for odd in [21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        sum = sum * square + 1.0 / odd;
    }
    k * LN_2.0 + (2.0 * s * square * sum + k * LN_2.1 + 2.0 * s)
}

#[inline(always)]
fn greatest(values: &[f64]) -> f64 {
    let larger = |a: f64, b: f64| if b > a { b } else { a };
    let mut tops = [f64::NEG_INFINITY; 8];
    let eights = values.chunks_exact(8);
    let rest = eights.remainder().iter().copied().fold(f64::NEG_INFINITY, larger);
    for eight in eights {
        for (top, &value) in tops.iter_mut().zip(eight) {
            *top = larger(*top, value);
        }
    }
    tops.into_iter().fold(rest, larger)
}

/// In eight parts, as NumPy sums at most 128 values: where 1 − p is at the last bits of p, the same bits.
#[inline(always)]
pub(crate) fn sum(values: &[f64]) -> f64 {
    let eights = values.chunks_exact(8);
    let rest = eights.remainder().iter();
    let Some(first) = values.first_chunk::<8>() else {
        return rest.fold(0.0, |sum, value| sum + value);
    };
    let mut parts = *first;
    for eight in eights.skip(1) {
        for (part, value) in parts.iter_mut().zip(eight) {
            *part += value;
        }
    }
    let [a, b, c, d, e, f, g, h] = parts;
    rest.fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, value| {
        sum + value
    })
}

/// Turns values into exp(value − the greatest), which is returned.
#[inline(always)]
fn exponentials(values: &mut [f64]) -> f64 {
    let top = greatest(values);
    for value in values.iter_mut() {
        *value = exp(*value - top);
    }
    top
}

/// log Σ exp(factor · z + b) of each row z of `stride` values, of which those count that b has: factors are asked for row by
/// row.
pub(crate) fn energies<T: Copy + Into<f64>>(
    rows: &[T],
    stride: usize,
    bias: &[f64],
    factor: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let factors: Vec<f64> = (0..rows.len() / stride).map(factor).collect();
    Arch::new().dispatch(Energies {
        rows,
        stride,
        bias,
        factors,
    })
}

struct Energies<'a, T> {
    rows: &'a [T],
    stride: usize,
    bias: &'a [f64],
    factors: Vec<f64>,
}

// What is inlined into `with_simd` is compiled for the CPU's vector units; a closure would not be.
impl<T: Copy + Into<f64>> WithSimd for Energies<'_, T> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f64> {
        let mut scratch = vec![0.0; self.bias.len()];
        let mut out = self.factors;
        for (row, factor) in self.rows.chunks_exact(self.stride).zip(&mut out) {
            for ((value, &z), b) in scratch.iter_mut().zip(row).zip(self.bias) {
                *value = *factor * z.into() + b;
            }
            let top = exponentials(&mut scratch);
            *factor = top + sum(&scratch).ln();
        }
        out
    }
}

/// log Σ exp z.
pub(crate) fn log_sum_exp(values: Vec<f64>) -> f64 {
    let (terms, top) = Arch::new().dispatch(Exponentials(values));
    top + sum(&terms).ln()
}

/// exp(z) over their sum, and the logarithm of that; less the greatest logit first: where one class is all but certain, no
/// digit of the others is lost.
pub(crate) fn softmax(logits: &[f32]) -> (Vec<f64>, Vec<f64>) {
    let values: Vec<f64> = logits.iter().map(|&z| f64::from(z)).collect();
    let (mut terms, top) = Arch::new().dispatch(Exponentials(values));
    let sum = sum(&terms);
    let log_sum = sum.ln();
    for term in &mut terms {
        *term /= sum;
    }
    let logs = logits.iter().map(|&z| f64::from(z) - top - log_sum);
    (terms, logs.collect())
}

struct Exponentials(Vec<f64>);

impl WithSimd for Exponentials {
    type Output = (Vec<f64>, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> Self::Output {
        let top = exponentials(&mut self.0);
        (self.0, top)
    }
}

/// Σ (p (1 − p))^γ of probabilities. One of 0 counts nothing.
pub(crate) fn sum_of_spread_powers(probabilities: Vec<f64>, gamma: f64) -> f64 {
    sum(&Arch::new().dispatch(SpreadPowers(probabilities, gamma)))
}

struct SpreadPowers(Vec<f64>, f64);

impl WithSimd for SpreadPowers {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> Vec<f64> {
        for p in &mut self.0 {
            let spread = *p * (1.0 - *p);
            let power = exp(self.1 * ln(spread));
            *p = if spread > f64::MIN_POSITIVE { power } else { 0.0 };
        }
        self.0
    }
}

/// ln x of normal values above 0.
pub(crate) fn logarithms(values: &mut [f64]) {
    Arch::new().dispatch(Logarithms(values));
}

struct Logarithms<'a>(&'a mut [f64]);

impl WithSimd for Logarithms<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for value in self.0 {
            *value = ln(*value);
        }
    }
}

/// 1 − exp(−exp x): from 0 far below 0 to 1 above.
pub(crate) fn steps(values: &mut [f64]) {
    Arch::new().dispatch(Steps(values));
}

struct Steps<'a>(&'a mut [f64]);

impl WithSimd for Steps<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for value in self.0 {
            // Above 5 it is 1 to the last digit.
            let x = if *value > 5.0 { 5.0 } else { *value };
            *value = 1.0 - exp(-exp(x));
        }
    }
}

/// Distances of a row to some rows of a matrix as wide.
pub(crate) fn distances(row: &[f64], matrix: &[f64], rows: impl Iterator<Item = usize>) -> Vec<f64> {
    let others: Vec<&[f64]> = rows
        .map(|place| &matrix[place * row.len()..][..row.len()])
        .collect();
    Arch::new().dispatch(Distances { row, others })
}

struct Distances<'a> {
    row: &'a [f64],
    others: Vec<&'a [f64]>,
}

impl WithSimd for Distances<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        let mut distances = Vec::with_capacity(self.others.len());
        let (values, tail) = S::as_simd_f64s(self.row);
        let (fours, rest) = values.as_chunks::<4>();
        for other in self.others {
            let (others, other_tail) = S::as_simd_f64s(other);
            let (other_fours, other_rest) = others.as_chunks::<4>();
            // Four sums, of which none waits for another.
            let mut sums = [simd.splat_f64s(0.0); 4];
            for (values, others) in fours.iter().zip(other_fours) {
                for ((sum, &value), &other) in sums.iter_mut().zip(values).zip(others) {
                    let gap = simd.sub_f64s(value, other);
                    *sum = simd.mul_add_e_f64s(gap, gap, *sum);
                }
            }
            let [mut a, b, c, d] = sums;
            for (&value, &other) in rest.iter().zip(other_rest) {
                let gap = simd.sub_f64s(value, other);
                a = simd.mul_add_e_f64s(gap, gap, a);
            }
            let sum = simd.add_f64s(simd.add_f64s(a, b), simd.add_f64s(c, d));
            let mut square = simd.reduce_sum_f64s(sum);
            for (value, other) in tail.iter().zip(other_tail) {
                square += (value - other) * (value - other);
            }
            distances.push(square.sqrt());
        }
        distances
    }
}

/// Appends those of the values that are not below `least` and not NaN.
pub(crate) fn append_from(least: f64, values: &[f64], to: &mut Vec<f64>) {
    Arch::new().dispatch(AppendFrom { least, values, to });
}

struct AppendFrom<'a> {
    least: f64,
    values: &'a [f64],
    to: &'a mut Vec<f64>,
}

impl WithSimd for AppendFrom<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { least, values, to } = self;
        for eight in values.chunks(8) {
            // Where all are below, as most are, nothing is written.
            if greatest(eight) >= least {
                let mut end = to.len();
                to.resize(end + eight.len(), 0.0);
                // Without a branch: which of them are not cannot be foreseen.
                for &value in eight {
                    to[end] = value;
                    end += usize::from(value >= least);
                }
                to.truncate(end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, want: f64, x: f64) {
        assert!(
            (got - want).abs() <= 2.0 * f64::EPSILON * want.abs(),
            "{x}: {got}, not {want}"
        );
    }

    #[test]
    fn exponentials_and_logarithms_are_true_to_two_units_in_the_last_place() {
        for step in 0..70_000 {
            let x = -0.01 * f64::from(step) - 0.003;
            near(exp(x), x.exp(), x);
            let y = x.exp();
            near(ln(y), y.ln(), y);
            let y = 0.25 + f64::from(step) * 1e-4;
            near(ln(y), y.ln(), y);
        }
        assert_eq!((exp(0.0), exp(-709.0), exp(f64::NEG_INFINITY)), (1.0, 0.0, 0.0));
        assert!(exp(f64::NAN).is_nan() && ln(1.0) == 0.0);
    }

    #[test]
    fn energies_are_what_the_formula_says() {
        for classes in [1, 2, 7, 8, 9, 100] {
            let stride = classes + 3;
            let rows: Vec<f32> = (0..5 * stride)
                .map(|i| (i as f32 * 0.618).fract() * 40.0 - 20.0)
                .collect();
            let bias: Vec<f64> = (0..classes).map(|c| 0.1 * c as f64).collect();
            let factor = |row: usize| 0.5 + row as f64;
            let got = energies(&rows, stride, &bias, factor);
            for (row, got) in got.into_iter().enumerate() {
                let z = |c: usize| factor(row) * f64::from(rows[row * stride + c]) + bias[c];
                let want = (0..classes).map(|c| z(c).exp()).sum::<f64>().ln();
                assert!((got - want).abs() <= 1e-13 * want.abs().max(1.0), "{got} {want}");
                assert_eq!(got, log_sum_exp((0..classes).map(z).collect()));
            }
        }
        assert!(log_sum_exp(vec![0.0, f64::NAN]).is_nan());
        assert!(log_sum_exp(vec![0.0, f64::INFINITY]).is_nan());
    }

    #[test]
    fn distances_are_roots_of_sums_of_squares() {
        for width in [1, 8, 19] {
            let row: Vec<f64> = (0..width).map(|i| i as f64).collect();
            let matrix: Vec<f64> = (0..3 * width).map(|i| 0.5 * i as f64).collect();
            let got = distances(&row, &matrix, [2, 0].into_iter());
            for (got, place) in got.into_iter().zip([2, 0]) {
                let gap = |i: usize| i as f64 - 0.5 * (place * width + i) as f64;
                let want = (0..width).map(|i| gap(i) * gap(i)).sum::<f64>().sqrt();
                assert!((got - want).abs() < 1e-12, "{got}, not {want}");
            }
        }
    }

    #[test]
    fn steps_rise_from_0_to_1() {
        let mut values: Vec<f64> = (-40..60).map(|step| 0.25 * f64::from(step)).collect();
        values.push(-1e9);
        let want: Vec<f64> = values.iter().map(|x| -(-x.exp()).exp_m1()).collect();
        steps(&mut values);
        for (got, want) in values.into_iter().zip(want) {
            assert!((got - want).abs() <= 3e-16, "{got}, not {want}");
        }
    }

    #[test]
    fn sums_in_eights_are_sums() {
        let a: Vec<f64> = (0..21).map(f64::from).collect();
        assert_eq!((sum(&a), sum(&a[..3])), (210.0, 3.0));
    }
}
