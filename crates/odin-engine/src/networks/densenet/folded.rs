//! The same network for scoring alone: twice as fast, and the gradient to the images without autograd.
//!
//! What it does differently, each exact but for rounding:
//! - the batch norm after a bottleneck's 1×1 convolution is folded into it;
//! - a transition pools before its 1×1 convolution, which is linear, and so convolves a quarter of the positions;
//! - a block's layers write into one buffer, instead of concatenating it anew each time;
//! - the gradient is taken for the images only: parameters need none, and half of autograd's work is theirs.
use tch::{TchError, Tensor};

use super::super::folded::{self, Head, Norm, fold, lost};
use super::super::layers::{Result, average_pool, spread};
use super::super::outputs::Outputs;
use super::super::weights::{Weights, WeightsError, channels_last};
use odin_core::networks::DenseNetPlan;

pub(crate) struct Folded {
    growth: i64,
    stem: Tensor,
    stem_back: Tensor,
    blocks: [Vec<Layer>; 3],
    transitions: [Transition; 2],
    head: Head,
}

/// `…_back` are the kernels of the transposed convolutions, as plain convolutions.
struct Layer {
    bn1: Norm,
    reduce: Tensor,
    reduce_bias: Tensor,
    reduce_back: Tensor,
    grow: Tensor,
    grow_back: Tensor,
}

struct Transition {
    bn1: Norm,
    conv: Tensor,
    conv_back: Tensor,
}

/// What the way back needs of the way there: activations, of which only where they are above 0 counts.
#[derive(Default)]
pub(crate) struct Tape {
    layers: Vec<(Tensor, Tensor)>,
    transitions: Vec<Tensor>,
    last: Option<Tensor>,
}

impl Folded {
    pub(crate) fn new(plan: &DenseNetPlan, weights: &Weights) -> std::result::Result<Self, WeightsError> {
        let layer = |b: usize, i: usize| -> std::result::Result<Layer, WeightsError> {
            let name = |part: &str| format!("block{b}.layer.{i}.{part}");
            let (reduce, reduce_bias) = fold(weights, &name("conv1"), &name("bn2"))?;
            let grow = weights.get(&name("conv2.weight"))?;
            Ok(Layer {
                bn1: Norm::take(weights, &name("bn1"))?,
                reduce_back: transposed(&reduce)?,
                reduce,
                reduce_bias,
                grow_back: transposed(&grow)?,
                grow,
            })
        };
        let block = |b: usize| {
            (0..plan.layers)
                .map(|i| layer(b, i))
                .collect::<std::result::Result<Vec<_>, _>>()
        };
        let transition = |b: usize| -> std::result::Result<Transition, WeightsError> {
            let conv = weights.get(&format!("trans{b}.conv1.weight"))?;
            let bn1 = Norm::take(weights, &format!("trans{b}.bn1"))?;
            Ok(Transition {
                bn1,
                conv_back: transposed(&conv)?,
                conv,
            })
        };
        let stem = weights.get("conv1.weight")?;
        Ok(Self {
            growth: plan.growth as i64,
            stem_back: transposed(&stem)?,
            stem,
            blocks: [block(1)?, block(2)?, block(3)?],
            transitions: [transition(1)?, transition(2)?],
            head: Head::take(weights)?,
        })
    }
}

impl folded::Folded for Folded {
    type Tape = Tape;

    fn forward(&self, images: &Tensor, mut tape: Option<&mut Tape>) -> Result<Outputs> {
        let mut x = convolve(images, &self.stem, None)?;
        let mut transitions = self.transitions.iter();
        for block in &self.blocks {
            let [batch, start, height, width] = shape(&x)?;
            let end = start + self.growth * block.len() as i64;
            let buffer = empty(&x, [batch, end, height, width])?;
            buffer.f_narrow(1, 0, start)?.f_copy_(&x)?;
            let mut filled = start;
            for layer in block {
                let active = layer.bn1.relu(&buffer.f_narrow(1, 0, filled)?)?;
                let narrow = convolve(&active, &layer.reduce, Some(&layer.reduce_bias))?.f_relu_()?;
                buffer
                    .f_narrow(1, filled, self.growth)?
                    .f_copy_(&convolve(&narrow, &layer.grow, None)?)?;
                filled += self.growth;
                if let Some(tape) = tape.as_deref_mut() {
                    tape.layers.push((active, narrow));
                }
            }
            let Some(transition) = transitions.next() else {
                x = buffer;
                break;
            };
            let active = transition.bn1.relu(&buffer)?;
            x = convolve(&average_pool(&active, 2)?, &transition.conv, None)?;
            if let Some(tape) = tape.as_deref_mut() {
                tape.transitions.push(active);
            }
        }
        let (outputs, active) = self.head.forward(&x)?;
        if let Some(tape) = tape {
            tape.last = Some(active);
        }
        Ok(outputs)
    }

    fn backward(&self, _images: &Tensor, logits: &Tensor, mut tape: Tape) -> Result<Tensor> {
        let active = tape.last.take().ok_or_else(lost)?;
        let mut gradient = self.head.backward(logits, &active)?;
        let mut transitions = self.transitions.iter().rev();
        for block in self.blocks.iter().rev() {
            let mut filled = shape(&gradient)?[1];
            for layer in block.iter().rev() {
                let (active, narrow) = tape.layers.pop().ok_or_else(lost)?;
                filled -= self.growth;
                let new = channels_last(&gradient.f_narrow(1, filled, self.growth)?)?;
                let narrow = narrow.f_threshold_backward(&convolve(&new, &layer.grow_back, None)?, 0.0)?;
                let old = active.f_threshold_backward(&convolve(&narrow, &layer.reduce_back, None)?, 0.0)?;
                let _ = gradient
                    .f_narrow(1, 0, filled)?
                    .f_addcmul_(&old, &layer.bn1.slope)?;
            }
            let start = channels_last(&gradient.f_narrow(1, 0, filled)?)?;
            let Some(transition) = transitions.next() else {
                return convolve(&start, &self.stem_back, None);
            };
            let active = tape.transitions.pop().ok_or_else(lost)?;
            let pooled = convolve(&start, &transition.conv_back, None)?.f_mul_scalar(0.25)?;
            gradient = spread(&pooled, 2, &active, &transition.bn1.slope)?;
        }
        Err(lost())
    }
}

/// The kernel with which a convolution of stride 1 goes back: in and out swapped, turned by half a turn.
fn transposed(kernel: &Tensor) -> Result<Tensor> {
    channels_last(&kernel.f_transpose(0, 1)?.f_flip([2, 3])?)
}

fn convolve(x: &Tensor, kernel: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let padding = [kernel.size().last().map_or(0, |side| side / 2); 2];
    x.f_conv2d(kernel, bias, [1, 1], padding, [1, 1], 1)
}

fn shape(x: &Tensor) -> Result<[i64; 4]> {
    x.size()
        .try_into()
        .map_err(|_| TchError::Shape("four dimensions are needed".into()))
}

/// Memory for [B, C, H, W], channels last, like `x` in kind and device.
fn empty(x: &Tensor, [b, c, h, w]: [i64; 4]) -> Result<Tensor> {
    Tensor::f_empty([b, h, w, c], (x.kind(), x.device()))?.f_permute([0, 3, 1, 2])
}

#[cfg(test)]
mod tests {
    use super::super::super::folded::Folded as _;
    use super::super::super::layers::Mode;
    use super::super::super::layers::samples::{agree, noise, off};
    use super::super::{DenseNet, varied};
    use super::*;
    use tch::Kind;

    #[test]
    fn it_gives_the_plain_networks_logits_and_gradient() {
        let (plan, weights) = varied(6);
        let (plain, folded) = (
            DenseNet::new(&plan, &weights).unwrap(),
            Folded::new(&plan, &weights).unwrap(),
        );
        let mut offs = Vec::new();
        // 36 leaves a map of 9 of which 8 are pooled, 34 drops a row in a transition too.
        for side in [32, 36, 34] {
            let x = channels_last(&noise(&[3, 3, side, side], side as u64)).unwrap();
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
            assert!(off(&logits, &want.detach()) < 1e-5, "side {side}");
            assert!(off(&alone.logits, &want.detach()) < 1e-5, "side {side}");
            offs.push(off(&gradient, &leaf.grad()));
        }
        assert!(agree(offs.clone()), "{offs:?}");
    }
}
