//! The same network for scoring alone: the batch norm after a block's first convolution folded into it, and the gradient
//! to the images without autograd.
//!
//! Nearly all of a wide network's time is spent in convolutions that libtorch does at nine tenths of what a core can.
use tch::Tensor;

use super::super::folded::{self, Head, Norm, fold, lost};
use super::super::layers::{Convolution, Result};
use super::super::outputs::Outputs;
use super::super::weights::{Weights, WeightsError};
use odin_core::networks::WideResNetPlan;

pub(crate) struct Folded {
    stem: Convolution,
    blocks: Vec<Block>,
    head: Head,
}

struct Block {
    bn1: Norm,
    /// With the batch norm after it.
    conv1: Convolution,
    conv2: Convolution,
    shortcut: Option<Convolution>,
}

impl Folded {
    pub(crate) fn new(plan: &WideResNetPlan, weights: &Weights) -> std::result::Result<Self, WeightsError> {
        let mut blocks = Vec::new();
        for (b, pair) in plan.widths.windows(2).enumerate() {
            for i in 0..plan.layers {
                let name = |part: &str| format!("block{}.layer.{i}.{part}", b + 1);
                let stride = if i == 0 && b > 0 { 2 } else { 1 };
                let (kernel, bias) = fold(weights, &name("conv1"), &name("bn2"))?;
                let widens = i == 0 && pair.first() != pair.last();
                blocks.push(Block {
                    bn1: Norm::take(weights, &name("bn1"))?,
                    conv1: Convolution::of(kernel, Some(bias), stride),
                    conv2: Convolution::take(weights, &name("conv2"), 1)?,
                    shortcut: widens
                        .then(|| Convolution::take(weights, &name("convShortcut"), stride))
                        .transpose()?,
                });
            }
        }
        Ok(Self {
            stem: Convolution::take(weights, "conv1", 1)?,
            blocks,
            head: Head::take(weights)?,
        })
    }

    /// Another handle on the same tensors, for another thread.
    pub(crate) fn share(&self) -> Self {
        let share = |block: &Block| Block {
            bn1: block.bn1.share(),
            conv1: block.conv1.share(),
            conv2: block.conv2.share(),
            shortcut: block.shortcut.as_ref().map(Convolution::share),
        };
        Self {
            stem: self.stem.share(),
            blocks: self.blocks.iter().map(share).collect(),
            head: self.head.share(),
        }
    }
}

/// Each block's two activations, and the last one with nothing.
type Tape = Vec<(Tensor, Option<Tensor>)>;

impl folded::Folded for Folded {
    type Tape = Tape;

    fn forward(&self, images: &Tensor, mut tape: Option<&mut Tape>) -> Result<Outputs> {
        let mut x = self.stem.forward(images)?;
        for block in &self.blocks {
            let active = block.bn1.relu(&x)?;
            let middle = block.conv1.forward(&active)?.f_relu_()?;
            let mut sum = block.conv2.forward(&middle)?;
            x = match &block.shortcut {
                Some(shortcut) => sum.f_add_(&shortcut.forward(&active)?)?,
                None => sum.f_add_(&x)?,
            };
            if let Some(tape) = tape.as_deref_mut() {
                tape.push((active, Some(middle)));
            }
        }
        let (outputs, active) = self.head.forward(&x)?;
        if let Some(tape) = tape {
            tape.push((active, None));
        }
        Ok(outputs)
    }

    fn backward(&self, images: &Tensor, logits: &Tensor, mut tape: Tape) -> Result<Tensor> {
        let (active, _) = tape.pop().ok_or_else(lost)?;
        let mut gradient = self.head.backward(logits, &active)?;
        for block in self.blocks.iter().rev() {
            let (active, middle) = tape.pop().ok_or_else(lost)?;
            let middle = middle.ok_or_else(lost)?;
            let inner = middle.f_threshold_backward(&block.conv2.backward(&gradient, &middle)?, 0.0)?;
            let mut old = block.conv1.backward(&inner, &active)?;
            if let Some(shortcut) = &block.shortcut {
                old = old.f_add_(&shortcut.backward(&gradient, &active)?)?;
            }
            let mut old = active.f_threshold_backward(&old, 0.0)?.f_mul_(&block.bn1.slope)?;
            gradient = match &block.shortcut {
                Some(_) => old,
                None => old.f_add_(&gradient)?,
            };
        }
        self.stem.backward(&gradient, images)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::folded::Folded as _;
    use super::super::super::layers::Mode;
    use super::super::super::layers::samples::{agree, noise, off, varied};
    use super::super::super::weights::channels_last;
    use super::super::WideResNet;
    use super::*;
    use odin_core::networks::{Architecture, Plan};
    use tch::Kind;

    #[test]
    fn it_gives_the_plain_networks_logits_and_gradient() {
        let architecture = Architecture::WideResnet { depth: 16, widen: 1 };
        let Ok(Plan::WideResNet(plan)) = architecture.plan(5) else {
            panic!("no plan")
        };
        let weights = varied(&architecture);
        let plain = WideResNet::new(&plan, &weights).unwrap();
        let folded = Folded::new(&plan, &weights).unwrap().share();
        let mut offs = Vec::new();
        for (height, width) in [(32, 32), (36, 36), (35, 33)] {
            let x = channels_last(&noise(&[2, 3, height, width], height as u64)).unwrap();
            let leaf = x.copy().set_requires_grad(true);
            let Outputs {
                logits: want,
                features,
            } = plain.forward(&leaf, Mode::Evaluation).unwrap();
            let features = features.unwrap().detach();
            let seed = noise(&want.size(), 1);
            (&want * &seed).sum(Kind::Float).backward();
            let (outputs, gradient) = folded
                .outputs_and_gradient(&x, &|_| Ok(seed.shallow_clone()))
                .unwrap();
            let alone = folded.outputs(&x).unwrap();
            for outputs in [&outputs, &alone] {
                let found = outputs.features.as_ref().unwrap();
                assert!(found.size() == features.size() && off(found, &features) < 1e-5);
            }
            let logits = outputs.logits;
            assert!(off(&logits, &want.detach()) < 1e-5, "{height}×{width}");
            assert!(off(&alone.logits, &logits) < 1e-5, "{height}×{width}");
            offs.push(off(&gradient, &leaf.grad()));
        }
        assert!(agree(offs.clone()), "{offs:?}");
    }
}
