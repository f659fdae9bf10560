//! Where a histogram's bins lie while scores are still arriving: on a grid of powers of two, over a range that never
//! shrinks.
use serde::{Deserialize, Serialize};

/// Number of bins in which a histogram counts; the bins that are drawn are made of these.
pub const FINE_BINS: usize = 512;
/// The range that is shown grows in steps of this many fine bins.
const BLOCK: i64 = 16;

/// `count` bins of equal width from `low` to `high`. A bin holds its lower edge; the last one holds `high` too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bins {
    /// The lower edge of the first bin.
    pub low: f64,
    /// The upper edge of the last bin.
    pub high: f64,
    /// Number of bins.
    pub count: usize,
}

impl Bins {
    /// The width of a bin, in units of the score.
    pub fn width(&self) -> f64 {
        (self.high - self.low) / self.count.max(1) as f64
    }

    /// The lower edge of bin `i`; `edge(count)` is `high`.
    pub fn edge(&self, i: usize) -> f64 {
        self.low + self.width() * i as f64
    }
}

/// Where a score falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Below the first bin.
    Under,
    /// In the bin of this number, from 0; less than [`FINE_BINS`].
    Bin(usize),
    /// Above the last bin.
    Over,
}

/// A window of [`FINE_BINS`] bins over the multiples of a power of two.
///
/// Growing doubles the width of a bin and keeps every old bin within one new bin, so counts move and scores
/// need not be seen again. It covers a value at the start and grows towards others; it never shrinks and
/// never slides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BinPlan {
    /// A bin is 2^exponent wide.
    exponent: i32,
    /// The first bin covers [first, first + 1) · 2^exponent.
    first: i64,
}

impl BinPlan {
    /// A very narrow window around a finite score.
    pub fn around(score: f64) -> Self {
        // 2^−40 of the score leaves whole numbers of bins exact in f64; and no window is narrower than 2^−60.
        let exponent = (log2_above(score) - 40).max(-60);
        Self {
            exponent,
            first: grid_index(score, exponent) - FINE_BINS as i64 / 2,
        }
    }

    /// The whole window.
    pub fn bins(&self) -> Bins {
        self.window(0, FINE_BINS as i64)
    }

    /// Fine bins `from..to` as bins.
    fn window(&self, from: i64, to: i64) -> Bins {
        let width = 2f64.powi(self.exponent);
        let edge = |offset: i64| (self.first + offset) as f64 * width;
        Bins {
            low: edge(from),
            high: edge(to),
            count: (to - from).max(0) as usize,
        }
    }

    /// Where a score falls; NaN counts as above.
    pub fn place(&self, score: f64) -> Place {
        let Bins { low, high, .. } = self.bins();
        if score < low {
            return Place::Under;
        }
        if score > high || score.is_nan() {
            return Place::Over;
        }
        let offset = grid_index(score, self.exponent) - self.first;
        Place::Bin(offset.clamp(0, FINE_BINS as i64 - 1) as usize)
    }

    /// Whether a score lies no further beyond the window than half its width.
    pub fn is_near(&self, score: f64) -> bool {
        let Bins { low, high, .. } = self.bins();
        let width = high - low;
        score >= low - 0.5 * width && score <= high + 0.5 * width
    }

    /// Doubles the window towards lower scores or else higher ones. Returns the new place of each old bin, or
    /// `None` where the window would exceed the range of `f64`.
    pub fn grow(&mut self, lower: bool) -> Option<impl Fn(usize) -> usize + use<>> {
        if self.exponent > 1000 {
            return None;
        }
        let old_first = self.first;
        let last = FINE_BINS as i64 - 1;
        self.exponent += 1;
        self.first = if lower {
            ((old_first + last) >> 1) - last
        } else {
            old_first >> 1
        };
        let first = self.first;
        Some(move |bin: usize| (((old_first + bin as i64) >> 1) - first).clamp(0, last) as usize)
    }

    /// The bins to show when the fine bins `from..=to` are the occupied ones: a range that only ever grows,
    /// as they do.
    pub(crate) fn shown(&self, from: usize, to: usize) -> (usize, Bins) {
        // Blocks lie on the grid, not on the window, so that they stay where they are when the window grows.
        let down = |index: i64| index.div_euclid(BLOCK) * BLOCK;
        let from = (down(self.first + from as i64) - self.first).max(0);
        let to = (down(self.first + to as i64) + BLOCK - self.first).min(FINE_BINS as i64);
        (from as usize, self.window(from, to))
    }
}

/// The least power of two above |score|, as an exponent.
fn log2_above(score: f64) -> i32 {
    if score == 0.0 {
        -60
    } else {
        (score.abs().log2().floor() as i32).saturating_add(1)
    }
}

fn grid_index(score: f64, exponent: i32) -> i64 {
    // Two steps, for 2^−exponent alone may overflow.
    let half = exponent / 2;
    (score * 2f64.powi(-half) * 2f64.powi(half - exponent)).floor() as i64
}
