//! GradNorm: the last layer's gradient in closed form.
use crate::description::{Description, Maker};
use crate::need::Need;
use crate::prepared::Block;
use crate::vector::softmax;

pub(crate) const GRADNORM: Description = Description {
    key: "gradnorm",
    label: "GradNorm",
    formula: "‖h‖₁ Σ |p − 1/C|",
    source: "arXiv 2110.00218",
    cost: "no fit; C + D an image",
    knobs: &[],
    needs: &[Need::Features],
    is_log_odds: false,
    rule: Maker::Fit(|_| Ok(Box::new(scores))),
};

fn scores(block: &Block) -> Vec<f64> {
    let even = 1.0 / block.logits().width() as f64;
    let rows = block.features().iter().zip(block.logits().iter());
    rows.map(|(features, logits)| {
        let norm: f64 = features.iter().map(|&h| f64::from(h).abs()).sum();
        let uneven: f64 = softmax(logits).0.iter().map(|p| (p - even).abs()).sum();
        norm * uneven
    })
    .collect()
}
