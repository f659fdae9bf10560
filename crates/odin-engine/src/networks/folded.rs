//! What networks for scoring alone share: batch norms folded into the convolutions before them, the gradient to the images
//! by hand instead of by autograd, and the end of both families.
use tch::{TchError, Tensor};

use super::layers::{BatchNorm, Mode, Result, affine, average_pool, spread};
use super::outputs::Outputs;
use super::weights::{Weights, WeightsError, channels_last};

type Taken<T> = std::result::Result<T, WeightsError>;

/// Side of the last pool.
const POOL: i64 = 8;

/// A network whose forward pass can note what its backward pass needs.
pub(super) trait Folded {
    /// What is noted: activations, of which only where they are above 0 counts.
    type Tape: Default;

    /// Logits [B, C] and features [B, D] of images [B, 3, H, W].
    fn forward(&self, images: &Tensor, tape: Option<&mut Self::Tape>) -> Result<Outputs>;

    /// The gradient to the images, from that to the logits.
    fn backward(&self, images: &Tensor, logits: &Tensor, tape: Self::Tape) -> Result<Tensor>;

    /// Logits [B, C] and features [B, D] of images [B, 3, H, W].
    fn outputs(&self, images: &Tensor) -> Result<Outputs> {
        tch::no_grad(|| self.forward(images, None))
    }

    /// The same, and the gradient to the images of Σ weights ⊙ logits, with the weights a function of the logits that is
    /// held constant.
    fn outputs_and_gradient(
        &self,
        images: &Tensor,
        weights: &dyn Fn(&Tensor) -> Result<Tensor>,
    ) -> Result<(Outputs, Tensor)> {
        tch::no_grad(|| {
            let mut tape = Self::Tape::default();
            let outputs = self.forward(images, Some(&mut tape))?;
            let gradient = self.backward(images, &weights(&outputs.logits)?, tape)?;
            Ok((outputs, gradient))
        })
    }
}

/// The forward pass noted less than the backward pass asks for.
pub(super) fn lost() -> TchError {
    TchError::Shape("the tape of the forward pass is short".into())
}

/// A batch norm before a ReLU, and its slope [1, C, 1, 1].
pub(super) struct Norm {
    bn: BatchNorm,
    pub slope: Tensor,
}

impl Norm {
    pub(super) fn take(weights: &Weights, name: &str) -> Taken<Self> {
        let (slope, _) = affine(weights, name)?;
        Ok(Self {
            bn: BatchNorm::take(weights, name)?,
            slope: slope.f_view([1, -1, 1, 1])?,
        })
    }

    /// Another handle on the same tensors.
    pub(super) fn share(&self) -> Self {
        Self {
            bn: self.bn.share(),
            slope: self.slope.shallow_clone(),
        }
    }

    pub(super) fn relu(&self, x: &Tensor) -> Result<Tensor> {
        self.bn.relu(x, Mode::Evaluation)
    }
}

/// Kernel, channels last, and bias of a convolution with the batch norm after it.
pub(super) fn fold(weights: &Weights, convolution: &str, norm: &str) -> Taken<(Tensor, Tensor)> {
    let (slope, shift) = affine(weights, norm)?;
    let kernel = weights.get(&format!("{convolution}.weight"))?;
    Ok((
        channels_last(&kernel.f_mul(&slope.f_view([-1, 1, 1, 1])?)?)?,
        shift,
    ))
}

/// The end of both families: batch norm, ReLU, `avg_pool2d(8)`, a linear layer.
pub(super) struct Head {
    norm: Norm,
    weight: Tensor,
    bias: Tensor,
}

impl Head {
    pub(super) fn take(weights: &Weights) -> Taken<Self> {
        Ok(Self {
            norm: Norm::take(weights, "bn1")?,
            weight: weights.get("fc.weight")?,
            bias: weights.get("fc.bias")?,
        })
    }

    /// Another handle on the same tensors.
    pub(super) fn share(&self) -> Self {
        Self {
            norm: self.norm.share(),
            weight: self.weight.shallow_clone(),
            bias: self.bias.shallow_clone(),
        }
    }

    /// Logits and features, and the activation that the way back needs.
    pub(super) fn forward(&self, x: &Tensor) -> Result<(Outputs, Tensor)> {
        let active = self.norm.relu(x)?;
        let pooled = average_pool(&active, POOL)?.f_flatten(1, -1)?;
        let outputs = Outputs {
            logits: pooled.f_linear(&self.weight, Some(&self.bias))?,
            features: Some(pooled),
        };
        Ok((outputs, active))
    }

    /// The gradient to the head's input, from that to the logits.
    pub(super) fn backward(&self, logits: &Tensor, active: &Tensor) -> Result<Tensor> {
        let pooled = logits
            .f_matmul(&self.weight)?
            .f_mul_scalar(1.0 / (POOL * POOL) as f64)?
            .f_unsqueeze(-1)?
            .f_unsqueeze(-1)?;
        spread(&pooled, POOL, active, &self.norm.slope)
    }
}
