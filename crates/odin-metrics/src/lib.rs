//! What a set of in-distribution (ID) and a set of out-of-distribution (OOD) scores say about a detector.
//!
//! Lives here: the ROC of two score sets and every number read off it, the conventions those numbers depend
//! on, confidence intervals, histograms, and their live forms that fill while images are scored. May not live
//! here: tensors, files, drawing, or anything else of this crate; scores come in as `f64` and leave as `f64`.
//! A score is higher the more an image looks in-distribution; ±∞ are ordered like numbers, NaN is refused.
mod average;
mod binomial;
mod best;
mod bins;
mod bootstrap;
mod change;
mod comparison;
mod conventions;
mod curve;
mod error;
mod histogram;
mod influence;
mod intervals;
mod landmarks;
mod leaves;
mod metric;
mod paired;
mod quantile_rate;
mod readings;
mod resample;
mod stream;
mod summary;

#[cfg(test)]
mod naive;
#[cfg(test)]
mod scikit_learn;

pub use average::SetAverage;
pub use best::may_be_best;
pub use binomial::{Interval, clopper_pearson};
pub use bins::{BinPlan, Bins, FINE_BINS, Place};
pub use change::{Change, Changes};
pub use comparison::{Comparison, OperatingPoint, RocPoint};
pub use conventions::{AuprConvention, Conventions, ErrorConvention, Positive};
pub use error::{MetricsError, Side};
pub use histogram::{Densities, Histogram};
pub use intervals::{APPROXIMATE_BELOW, EachIntervals, Intervals};
pub use metric::{Metric, UnknownMetric};
pub use paired::{Paired, Resampling};
pub use readings::Readings;
pub use stream::{EXACT_UP_TO, Snapshot, Stream};
pub use summary::{CCR_FPRS, Summary};
