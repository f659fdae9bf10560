//! What a detector is, in one row.
use std::sync::Arc;

use crate::error::Error;
use crate::fit::Fit;
use crate::knob::{Knob, Values};
use crate::need::Need;
use crate::prepared::Block;

/// A detector's row in the table: kept beside its arithmetic.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// As sessions, the command line and files write it.
    pub key: &'static str,
    /// As screens and tables write it: short.
    pub label: &'static str,
    /// The score, higher for more in-distribution. What is computed may be a monotone transform of it; the module says so.
    pub formula: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// Time: of the fit, and of one image, in C classes, D features, M fit images.
    pub cost: &'static str,
    /// What a person may move.
    pub knobs: &'static [Knob],
    /// What it needs beyond the logits of the images.
    pub needs: &'static [Need],
    /// Whether its scores are log-odds, which stand for a probability.
    pub is_log_odds: bool,
    pub(crate) rule: Maker,
}

/// How a detector comes by its rule.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Maker {
    /// The score of one image by its logits alone.
    Logits(fn(&[f32], &Values) -> f64),
    /// By what is known beforehand; called once its needs are met.
    Fit(fn(&Arc<Fit>) -> Fitting),
}

/// A detector's rule, or why it cannot be fitted.
pub(crate) type Fitting = Result<Box<dyn Rule>, Error>;

/// A fitted detector.
pub(crate) trait Rule: Send + Sync {
    /// What the knobs decide for all images, then the score of each image of a block.
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error>;
}

/// The scores of a block's images, in order.
pub(crate) type Score<'a> = Box<dyn Fn(&Block) -> Vec<f64> + Send + Sync + 'a>;

/// A rule without knobs is the score itself.
impl<F: Fn(&Block) -> Vec<f64> + Send + Sync> Rule for F {
    fn at<'a>(&'a self, _: &Values) -> Result<Score<'a>, Error> {
        Ok(Box::new(self))
    }
}
