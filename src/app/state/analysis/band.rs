//! The band around a ROC of few images.
use odin_metrics::{Comparison, Interval};

/// A point of the ROC, with intervals that hold for both rates together with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    pub fpr: Interval,
    pub tpr: Interval,
}

/// The curve has a band while either set has fewer images than this.
const FEW: u64 = 2000;
/// Points of the band at most.
const BAND: usize = 48;

/// z for a two-sided interval at √0.95: both rates then lie in their intervals together 95 % of the time.
const Z: f64 = 2.236;

/// Points of the ROC with the intervals of both rates (Wilson 1927: cheap, and as close to the exact ones as can be
/// drawn). Empty where there are so many images that the band could not be seen.
pub(super) fn band(comparison: &Comparison) -> Vec<BandPoint> {
    let (n_in, n_out) = (comparison.n_in(), comparison.n_out());
    if n_in.min(n_out) >= FEW {
        return Vec::new();
    }
    let points = comparison.roc_polyline(BAND).into_iter();
    points
        .map(|(fpr, tpr)| BandPoint {
            fpr: wilson(fpr, n_out),
            tpr: wilson(tpr, n_in),
        })
        .collect()
}

/// Wilson's interval of a rate among `n` images; a comparison has at least one image on each side.
fn wilson(rate: f64, n: u64) -> Interval {
    let n = n as f64;
    let (middle, spread) = (rate + Z * Z / (2.0 * n), 1.0 + Z * Z / n);
    let half = Z * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
    Interval {
        low: ((middle - half) / spread).max(0.0),
        high: ((middle + half) / spread).min(1.0),
    }
}
