//! Wide ResNet (Zagoruyko and Komodakis, arXiv 1605.07146): pre-activated basic blocks, without dropout.
mod folded;

use tch::Tensor;

use super::layers::{BatchNorm, Convolution, Head, Mode, Result};
use super::outputs::Outputs;
use super::weights::{Weights, WeightsError};
pub(super) use folded::Folded;
use odin_core::networks::WideResNetPlan;
use odin_detectors::LastLayer;

pub(super) struct WideResNet {
    conv1: Convolution,
    blocks: Vec<BasicBlock>,
    head: Head,
}

struct BasicBlock {
    bn1: BatchNorm,
    conv1: Convolution,
    bn2: BatchNorm,
    conv2: Convolution,
    /// Present where the width changes; the sum is then taken after the first activation.
    shortcut: Option<Convolution>,
}

impl WideResNet {
    pub(super) fn new(plan: &WideResNetPlan, weights: &Weights) -> std::result::Result<Self, WeightsError> {
        let mut blocks = Vec::new();
        for (b, pair) in plan.widths.windows(2).enumerate() {
            let widens = pair.first() != pair.last();
            for i in 0..plan.layers {
                let name = |part: &str| format!("block{}.layer.{i}.{part}", b + 1);
                let stride = if i == 0 && b > 0 { 2 } else { 1 };
                let shortcut = (i == 0 && widens)
                    .then(|| Convolution::take(weights, &name("convShortcut"), stride))
                    .transpose()?;
                blocks.push(BasicBlock {
                    bn1: BatchNorm::take(weights, &name("bn1"))?,
                    conv1: Convolution::take(weights, &name("conv1"), stride)?,
                    bn2: BatchNorm::take(weights, &name("bn2"))?,
                    conv2: Convolution::take(weights, &name("conv2"), 1)?,
                    shortcut,
                });
            }
        }
        Ok(Self {
            conv1: Convolution::take(weights, "conv1", 1)?,
            blocks,
            head: Head::take(weights)?,
        })
    }

    pub(super) fn last_layer(&self) -> Result<LastLayer> {
        self.head.last_layer()
    }

    /// Logits [B, C] and features [B, D] of images [B, 3, H, W].
    pub(super) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Outputs> {
        let mut x = self.conv1.forward(x)?;
        for block in &self.blocks {
            let active = block.bn1.relu(&x, mode)?;
            let middle = block.bn2.relu(&block.conv1.forward(&active)?, mode)?;
            let residual = block.conv2.forward(&middle)?;
            let kept = match &block.shortcut {
                Some(shortcut) => shortcut.forward(&active)?,
                None => x,
            };
            x = kept.f_add(&residual)?;
        }
        self.head.forward(&x, mode)
    }
}
