//! The few layers that both families are made of, in evaluation and in training.
use tch::{TchError, Tensor};

use super::weights::{Weights, WeightsError};

pub(super) type Result<T> = std::result::Result<T, TchError>;

/// PyTorch's defaults, which every network of the seed projects was trained with.
const MOMENTUM: f64 = 0.1;
pub(super) const EPSILON: f64 = 1e-5;

/// Whether batch normalisation uses its running statistics or those of the batch (and updates the running ones).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Evaluation,
    Training,
}

pub(super) struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
}

impl BatchNorm {
    pub(super) fn take(weights: &Weights, name: &str) -> std::result::Result<Self, WeightsError> {
        Ok(Self {
            weight: weights.get(&format!("{name}.weight"))?,
            bias: weights.get(&format!("{name}.bias"))?,
            mean: weights.get(&format!("{name}.running_mean"))?,
            variance: weights.get(&format!("{name}.running_var"))?,
        })
    }

    pub(super) fn relu(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        x.f_batch_norm(
            Some(&self.weight),
            Some(&self.bias),
            Some(&self.mean),
            Some(&self.variance),
            mode == Mode::Training,
            MOMENTUM,
            EPSILON,
            true,
        )?
        .f_relu_()
    }
}

/// A convolution without bias, padded so that stride 1 keeps the size.
pub(super) struct Convolution {
    weight: Tensor,
    stride: i64,
    padding: i64,
}

impl Convolution {
    pub(super) fn take(
        weights: &Weights,
        name: &str,
        stride: i64,
    ) -> std::result::Result<Self, WeightsError> {
        let weight = weights.get(&format!("{name}.weight"))?;
        let padding = weight.size().last().map_or(0, |side| side / 2);
        Ok(Self {
            weight,
            stride,
            padding,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        x.f_conv2d(&self.weight, None::<&Tensor>, stride, padding, [1, 1], 1)
    }
}

/// The end of both families: batch norm, ReLU, `avg_pool2d(8)`, a linear layer.
pub(super) struct Head {
    bn: BatchNorm,
    weight: Tensor,
    bias: Tensor,
}

impl Head {
    pub(super) fn take(weights: &Weights) -> std::result::Result<Self, WeightsError> {
        Ok(Self {
            bn: BatchNorm::take(weights, "bn1")?,
            weight: weights.get("fc.weight")?,
            bias: weights.get("fc.bias")?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let pooled = average_pool(&self.bn.relu(x, mode)?, 8)?;
        pooled.f_flatten(1, -1)?.f_linear(&self.weight, Some(&self.bias))
    }
}

pub(super) fn average_pool(x: &Tensor, side: i64) -> Result<Tensor> {
    x.f_avg_pool2d([side; 2], [side; 2], [0, 0], false, true, None)
}
