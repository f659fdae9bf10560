//! Many f32 values in ascending order, in half of their memory.
use rayon::prelude::*;

use crate::number::between;

const HALF: usize = 1 << 16;

/// Values in ascending order: the upper halves of their bits are counted, the lower halves are kept. −0 is 0.
#[derive(Debug)]
pub(crate) struct Ascending {
    /// Where the lower halves of each upper half start; behind them, where all end.
    starts: Vec<usize>,
    lower: Vec<u16>,
}

/// The halves of an integer in the order of the values.
fn halves(value: f32) -> (usize, u16) {
    let bits = (value + 0.0).to_bits();
    let key = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    ((key >> 16) as usize, key as u16)
}

fn value(upper: usize, lower: u16) -> f32 {
    let key = (upper as u32) << 16 | u32::from(lower);
    f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key })
}

impl Ascending {
    pub(crate) fn new(values: &[f32]) -> Self {
        let mut starts = vec![0; HALF + 1];
        for &value in values {
            starts[halves(value).0 + 1] += 1;
        }
        for upper in 0..HALF {
            starts[upper + 1] += starts[upper];
        }
        let mut lower = vec![0; values.len()];
        let mut ends = starts.clone();
        for &value in values {
            let (upper, half) = halves(value);
            lower[ends[upper]] = half;
            ends[upper] += 1;
        }
        let mut parts = Vec::new();
        let mut rest = lower.as_mut_slice();
        for pair in starts.windows(2) {
            let (part, behind) = rest.split_at_mut(pair[1] - pair[0]);
            parts.push(part);
            rest = behind;
        }
        parts.into_par_iter().for_each(<[u16]>::sort_unstable);
        Self { starts, lower }
    }

    fn at(&self, place: usize) -> f64 {
        let upper = self.starts.partition_point(|&start| start <= place) - 1;
        f64::from(value(upper, self.lower[place]))
    }

    /// The percentile of the values, between two of them in proportion, as NumPy's "linear". NaN without values.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        let Some(last) = self.lower.len().checked_sub(1) else {
            return f64::NAN;
        };
        let place = percent / 100.0 * last as f64;
        let below = (place.floor() as usize).min(last);
        between(
            self.at(below),
            self.at((below + 1).min(last)),
            place - below as f64,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::percentile;

    #[test]
    fn percentiles_are_those_of_sorted_values() {
        let mut values: Vec<f32> = (0..3000)
            .map(|i| ((i as f32 * 0.618).fract() - 0.3).max(0.0) * 10f32.powi(i % 7 - 3))
            .chain([-0.0, -1.5, -1e-30, f32::MIN_POSITIVE, 1e30])
            .collect();
        let ascending = Ascending::new(&values);
        values.sort_by(f32::total_cmp);
        for percent in [0.0, 1e-3, 0.2, 17.0, 29.99, 50.0, 89.123, 99.99, 100.0] {
            assert_eq!(
                ascending.percentile(percent),
                percentile(&values, percent),
                "{percent}"
            );
        }
        assert_eq!(Ascending::new(&[5.0]).percentile(37.0), 5.0);
        assert!(Ascending::new(&[]).percentile(50.0).is_nan());
    }
}
