//! The same network for scoring alone: the batch norm after a block's first convolution folded into it, and the gradient
//! to the images without autograd.
//!
//! Nearly all of a wide network's time is spent in convolutions that libtorch does at nine tenths of what a core can.
use tch::{TchError, Tensor};

use super::super::layers::{BatchNorm, Convolution, Mode, Result, affine, average_pool, spread};
use super::super::weights::{Weights, WeightsError, channels_last};
use odin_core::networks::WideResNetPlan;

/// Side of the last pool.
const POOL: i64 = 8;

pub struct Folded {
    stem: Convolution,
    blocks: Vec<Block>,
    head: BatchNorm,
    head_slope: Tensor,
    weight: Tensor,
    bias: Tensor,
}

struct Block {
    bn1: BatchNorm,
    slope: Tensor,
    /// With the batch norm after it.
    conv1: Convolution,
    conv1_bias: Tensor,
    conv2: Convolution,
    shortcut: Option<Convolution>,
}

impl Folded {
    pub fn new(plan: &WideResNetPlan, weights: &Weights) -> std::result::Result<Self, WeightsError> {
        let slope_of = |name: &str| -> std::result::Result<Tensor, WeightsError> {
            Ok(affine(weights, name)?.0.f_view([1, -1, 1, 1])?)
        };
        let mut blocks = Vec::new();
        for (b, pair) in plan.widths.windows(2).enumerate() {
            for i in 0..plan.layers {
                let name = |part: &str| format!("block{}.layer.{i}.{part}", b + 1);
                let stride = if i == 0 && b > 0 { 2 } else { 1 };
                let (slope, shift) = affine(weights, &name("bn2"))?;
                let folded = weights
                    .get(&name("conv1.weight"))?
                    .f_mul(&slope.f_view([-1, 1, 1, 1])?)?;
                let widens = i == 0 && pair.first() != pair.last();
                blocks.push(Block {
                    bn1: BatchNorm::take(weights, &name("bn1"))?,
                    slope: slope_of(&name("bn1"))?,
                    conv1: Convolution::of(channels_last(&folded)?, stride),
                    conv1_bias: shift,
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
            head: BatchNorm::take(weights, "bn1")?,
            head_slope: slope_of("bn1")?,
            weight: weights.get("fc.weight")?,
            bias: weights.get("fc.bias")?,
        })
    }

    /// Another handle on the same tensors, for another thread.
    pub fn share(&self) -> Self {
        let share = |block: &Block| Block {
            bn1: block.bn1.share(),
            slope: block.slope.shallow_clone(),
            conv1: block.conv1.share(),
            conv1_bias: block.conv1_bias.shallow_clone(),
            conv2: block.conv2.share(),
            shortcut: block.shortcut.as_ref().map(Convolution::share),
        };
        Self {
            stem: self.stem.share(),
            blocks: self.blocks.iter().map(share).collect(),
            head: self.head.share(),
            head_slope: self.head_slope.shallow_clone(),
            weight: self.weight.shallow_clone(),
            bias: self.bias.shallow_clone(),
        }
    }

    /// Logits [B, C] of images [B, 3, H, W].
    pub fn logits(&self, images: &Tensor) -> Result<Tensor> {
        tch::no_grad(|| self.forward(images, None))
    }

    /// Logits, and the gradient to the images of Σ weights ⊙ logits, with the weights a function of the logits that is
    /// held constant.
    pub fn logits_and_gradient(
        &self,
        images: &Tensor,
        weights: &dyn Fn(&Tensor) -> Result<Tensor>,
    ) -> Result<(Tensor, Tensor)> {
        tch::no_grad(|| {
            let mut tape = Vec::new();
            let logits = self.forward(images, Some(&mut tape))?;
            let gradient = self.backward(images, &weights(&logits)?, tape)?;
            Ok((logits, gradient))
        })
    }

    /// The tape takes each block's two activations, and the last one with nothing.
    fn forward(
        &self,
        images: &Tensor,
        mut tape: Option<&mut Vec<(Tensor, Option<Tensor>)>>,
    ) -> Result<Tensor> {
        let mut x = self.stem.forward(images)?;
        for block in &self.blocks {
            let active = block.bn1.relu(&x, Mode::Evaluation)?;
            let middle = block.conv1.forward_with(&active, &block.conv1_bias)?.f_relu_()?;
            let mut sum = block.conv2.forward(&middle)?;
            x = match &block.shortcut {
                Some(shortcut) => sum.f_add_(&shortcut.forward(&active)?)?,
                None => sum.f_add_(&x)?,
            };
            if let Some(tape) = tape.as_deref_mut() {
                tape.push((active, Some(middle)));
            }
        }
        let active = self.head.relu(&x, Mode::Evaluation)?;
        let pooled = average_pool(&active, POOL)?.f_flatten(1, -1)?;
        if let Some(tape) = tape {
            tape.push((active, None));
        }
        pooled.f_linear(&self.weight, Some(&self.bias))
    }

    fn backward(
        &self,
        images: &Tensor,
        logits: &Tensor,
        mut tape: Vec<(Tensor, Option<Tensor>)>,
    ) -> Result<Tensor> {
        let lost = || TchError::Shape("the tape of the forward pass is short".into());
        let (active, _) = tape.pop().ok_or_else(lost)?;
        let pooled = logits
            .f_matmul(&self.weight)?
            .f_mul_scalar(1.0 / (POOL * POOL) as f64)?
            .f_unsqueeze(-1)?
            .f_unsqueeze(-1)?;
        let mut gradient = spread(&pooled, POOL, &active, &self.head_slope)?;
        for block in self.blocks.iter().rev() {
            let (active, middle) = tape.pop().ok_or_else(lost)?;
            let middle = middle.ok_or_else(lost)?;
            let inner = middle.f_threshold_backward(&block.conv2.backward(&gradient, &middle)?, 0.0)?;
            let mut old = block.conv1.backward(&inner, &active)?;
            if let Some(shortcut) = &block.shortcut {
                old = old.f_add_(&shortcut.backward(&gradient, &active)?)?;
            }
            let mut old = active.f_threshold_backward(&old, 0.0)?.f_mul_(&block.slope)?;
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
    use super::super::super::layers::samples::{agree, noise, off, varied};
    use super::super::WideResNet;
    use super::*;
    use odin_core::networks::{Architecture, Plan};
    use tch::Kind;

    #[test]
    fn it_gives_the_plain_networks_logits_and_gradient() {
        let architecture = Architecture::WideResnet { depth: 16, widen: 1 };
        let Ok(Plan::WideResNet(plan)) = architecture.plan() else {
            panic!("no plan")
        };
        let weights = varied(&architecture);
        let plain = WideResNet::new(&plan, &weights).unwrap();
        let folded = Folded::new(&plan, &weights).unwrap().share();
        let mut offs = Vec::new();
        for (height, width) in [(32, 32), (36, 36), (35, 33)] {
            let x = channels_last(&noise(&[2, 3, height, width], height as u64)).unwrap();
            let leaf = x.copy().set_requires_grad(true);
            let want = plain.forward(&leaf, Mode::Evaluation).unwrap();
            let seed = noise(&want.size(), 1);
            (&want * &seed).sum(Kind::Float).backward();
            let (logits, gradient) = folded
                .logits_and_gradient(&x, &|_| Ok(seed.shallow_clone()))
                .unwrap();
            assert!(off(&logits, &want.detach()) < 1e-5, "{height}×{width}");
            assert!(
                off(&folded.logits(&x).unwrap(), &logits) < 1e-5,
                "{height}×{width}"
            );
            offs.push(off(&gradient, &leaf.grad()));
        }
        assert!(agree(offs.clone()), "{offs:?}");
    }
}
