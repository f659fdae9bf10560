//! Metrics of out-of-distribution (OOD) detection, from scores to confidence intervals.
//!
//! A detector gives every image a score; the higher, the more the image looks in-distribution (ID). A [`Comparison`] is the
//! ID scores of a test set against the scores of an OOD set. From it come the headline numbers ([`Summary`]), by the
//! [`Conventions`] on which papers differ, and their 95 % [`Intervals`]; curves and operating points; and, for scores that
//! arrive one by one, [`Stream`] and [`Histogram`]. [`Paired`] compares detectors on the same images, with groups of
//! dependent images where there are such, and [`SetAverage`] averages over OOD sets. Apart from these stand
//! [`expected_calibration_error`], [`risk_coverage`], [`autc`], [`rates_by_class`], and conformal
//! thresholds ([by TPR](conformal_threshold), [by FPR](conformal_fpr_threshold)) and [p-values](conformal_p_values).
//!
//! Scores are `f64`; ±∞ are ordered like numbers, NaN is refused. Metrics are fractions in [0, 1]. There is no I/O, and
//! results depend on the input and the seed alone, on every platform.
//!
//! ```
//! use odin_metrics::{Comparison, Conventions};
//!
//! let comparison = Comparison::new(&[3.0, 2.5, 2.0, 0.5], &[1.0, 0.0, -1.0])?;
//! let summary = comparison.summary(&Conventions::default());
//! assert_eq!(summary.auroc, 11.0 / 12.0);
//! # Ok::<(), odin_metrics::MetricsError>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

// Each module uses only those below it.
mod average;
mod change;
mod race;
mod best;
mod paired;
mod stream;
mod ranges;
mod metric;
mod intervals;
mod quantile_rate;
mod openood;
mod influence;
mod bootstrap;
mod resample;
mod summaries;
mod comparison;
mod vertices;
mod summary;
mod conventions;
mod histogram;
mod bins;
mod conformal;
mod by_class;
mod calibration;
mod threshold_curve;
mod curve;
mod binomial;
mod error;

#[cfg(test)]
mod coverage;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod oracles;

pub use average::SetAverage;
pub use best::may_be_best;
pub use binomial::{Interval, clopper_pearson};
pub use bins::{BinPlan, Bins, FINE_BINS, Place};
pub use by_class::{ClassRate, rates_by_class};
pub use calibration::{CALIBRATION_BINS, RiskCoverage, expected_calibration_error, risk_coverage};
pub use change::{Change, Changes};
pub use comparison::{Comparison, OperatingPoint, RocPoint};
pub use conformal::{
    ConformalFpr, ConformalThreshold, benjamini_hochberg, conformal_fpr_threshold, conformal_p_values,
    conformal_threshold,
};
pub use conventions::{AuprConvention, Conventions, ErrorConvention, Positive};
pub use error::{MetricsError, Side};
pub use histogram::{Densities, Histogram};
pub use intervals::{APPROXIMATE_BELOW, EachIntervals, Intervals};
pub use metric::{Metric, UnknownMetric};
pub use openood::OpenOod;
pub use paired::{Paired, Resampling};
pub use race::{Heat, Judge, Measured, Race, Worth};
pub use stream::{EXACT_UP_TO, Snapshot, Stream};
pub use summaries::Summaries;
pub use summary::{CCR_FPRS, Summary};
pub use threshold_curve::autc;

/// The README's example, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
