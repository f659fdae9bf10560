//! The greatest logit.
use crate::description::{Description, Maker};
use crate::log_odds::argmax;

pub(crate) const MAX_LOGIT: Description = Description {
    key: "max-logit",
    label: "max logit",
    formula: "max z",
    source: "arXiv 1911.11132",
    cost: "no fit; C an image",
    knobs: &[],
    needs: &[],
    is_log_odds: false,
    rule: Maker::Logits(|logits, _| max_logit(logits)),
};

/// NaN without logits.
pub(super) fn max_logit(logits: &[f32]) -> f64 {
    logits.get(argmax(logits)).copied().map_or(f64::NAN, f64::from)
}
