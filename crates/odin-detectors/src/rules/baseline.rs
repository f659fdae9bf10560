//! Max softmax.
use crate::description::{Description, Maker};
use crate::log_odds::log_odds;

/// Scores are the log-odds log(p / (1 − p)) of p = max softmax: they rise with it, and keep every digit where it crowds
/// below 1.
pub(crate) const BASELINE: Description = Description {
    key: "baseline",
    label: "baseline",
    formula: "max softmax(z)",
    source: "arXiv 1610.02136",
    cost: "no fit; C an image",
    knobs: &[],
    needs: &[],
    is_log_odds: true,
    rule: Maker::Logits(|logits, _| log_odds(logits, 1.0)),
};
