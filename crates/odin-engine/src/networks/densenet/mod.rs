//! DenseNet-BC (Huang et al., arXiv 1608.06993): bottleneck layers whose outputs are concatenated.
mod folded;
mod native;

use tch::Tensor;

use super::layers::{BatchNorm, Convolution, Head, Mode, Result, average_pool};
use super::outputs::Outputs;
use super::weights::{Weights, WeightsError};
pub(super) use folded::Folded;
pub(super) use native::{Native, pack};
use odin_core::networks::DenseNetPlan;
use odin_detectors::LastLayer;

pub(super) struct DenseNet {
    conv1: Convolution,
    blocks: [Vec<Bottleneck>; 3],
    transitions: [Transition; 2],
    head: Head,
}

struct Bottleneck {
    bn1: BatchNorm,
    conv1: Convolution,
    bn2: BatchNorm,
    conv2: Convolution,
}

struct Transition {
    bn1: BatchNorm,
    conv1: Convolution,
}

impl DenseNet {
    pub(super) fn new(plan: &DenseNetPlan, weights: &Weights) -> std::result::Result<Self, WeightsError> {
        let block = |b: usize| {
            let layer = |i| {
                let name = |part: &str| format!("block{b}.layer.{i}.{part}");
                Ok(Bottleneck {
                    bn1: BatchNorm::take(weights, &name("bn1"))?,
                    conv1: Convolution::take(weights, &name("conv1"), 1)?,
                    bn2: BatchNorm::take(weights, &name("bn2"))?,
                    conv2: Convolution::take(weights, &name("conv2"), 1)?,
                })
            };
            (0..plan.layers)
                .map(layer)
                .collect::<std::result::Result<Vec<_>, WeightsError>>()
        };
        let transition = |b: usize| {
            Ok::<_, WeightsError>(Transition {
                bn1: BatchNorm::take(weights, &format!("trans{b}.bn1"))?,
                conv1: Convolution::take(weights, &format!("trans{b}.conv1"), 1)?,
            })
        };
        Ok(Self {
            conv1: Convolution::take(weights, "conv1", 1)?,
            blocks: [block(1)?, block(2)?, block(3)?],
            transitions: [transition(1)?, transition(2)?],
            head: Head::take(weights)?,
        })
    }

    pub(super) fn last_layer(&self) -> Result<LastLayer> {
        self.head.last_layer()
    }

    /// Logits [B, C] and features [B, D] of images [B, 3, H, W].
    pub(super) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Outputs> {
        let mut x = self.conv1.forward(x)?;
        let [first, second, third] = &self.blocks;
        for (block, transition) in [first, second].into_iter().zip(&self.transitions) {
            x = run(block, x, mode)?;
            x = average_pool(&transition.conv1.forward(&transition.bn1.relu(&x, mode)?)?, 2)?;
        }
        self.head.forward(&run(third, x, mode)?, mode)
    }
}

fn run(block: &[Bottleneck], mut x: Tensor, mode: Mode) -> Result<Tensor> {
    for layer in block {
        let narrow = layer.conv1.forward(&layer.bn1.relu(&x, mode)?)?;
        let new = layer.conv2.forward(&layer.bn2.relu(&narrow, mode)?)?;
        x = Tensor::f_cat(&[x, new], 1)?;
    }
    Ok(x)
}

#[cfg(test)]
fn varied(growth: usize) -> (DenseNetPlan, Weights) {
    use odin_core::networks::{Architecture, Plan};
    let architecture = Architecture::DensenetBc { depth: 16, growth };
    let Ok(Plan::DenseNet(plan)) = architecture.plan(5) else {
        panic!("no plan")
    };
    (plan, super::layers::samples::varied(&architecture))
}
