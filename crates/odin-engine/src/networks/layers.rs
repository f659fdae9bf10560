//! The few layers that networks are made of, in evaluation and in training.
use std::sync::Arc;

use odin_kernels::Instructions;
use tch::{Kind, TchError, Tensor};

use super::outputs::{Outputs, last_layer};
use super::weights::{Weights, WeightsError, channels_last};
use super::winograd::Winograd;
use odin_detectors::LastLayer;

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
    epsilon: f64,
}

impl BatchNorm {
    pub(super) fn take(weights: &Weights, name: &str) -> std::result::Result<Self, WeightsError> {
        Self::with_epsilon(weights, name, EPSILON)
    }

    pub(super) fn with_epsilon(
        weights: &Weights,
        name: &str,
        epsilon: f64,
    ) -> std::result::Result<Self, WeightsError> {
        Ok(Self {
            epsilon,
            weight: weights.get(&format!("{name}.weight"))?,
            bias: weights.get(&format!("{name}.bias"))?,
            mean: weights.get(&format!("{name}.running_mean"))?,
            variance: weights.get(&format!("{name}.running_var"))?,
        })
    }

    /// Another handle on the same tensors.
    pub(super) fn share(&self) -> Self {
        Self {
            epsilon: self.epsilon,
            weight: self.weight.shallow_clone(),
            bias: self.bias.shallow_clone(),
            mean: self.mean.shallow_clone(),
            variance: self.variance.shallow_clone(),
        }
    }

    pub(super) fn relu(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.forward(x, mode)?.f_relu_()
    }

    pub(super) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        x.f_batch_norm(
            Some(&self.weight),
            Some(&self.bias),
            Some(&self.mean),
            Some(&self.variance),
            mode == Mode::Training,
            MOMENTUM,
            self.epsilon,
            true,
        )
    }
}

/// A convolution, with a bias or without.
pub(super) struct Convolution {
    pub weight: Tensor,
    pub bias: Option<Tensor>,
    pub stride: [i64; 2],
    pub padding: [i64; 2],
    pub groups: i64,
    /// What computes it more quickly.
    pub quick: Option<Arc<Winograd>>,
}

impl Convolution {
    pub(super) fn take(
        weights: &Weights,
        name: &str,
        stride: i64,
    ) -> std::result::Result<Self, WeightsError> {
        Ok(Self::of(weights.get(&format!("{name}.weight"))?, None, stride))
    }

    /// Padded so that stride 1 keeps the size.
    pub(super) fn of(weight: Tensor, bias: Option<Tensor>, stride: i64) -> Self {
        let padding = weight.size().last().map_or(0, |side| side / 2);
        Self {
            weight,
            bias,
            stride: [stride; 2],
            padding: [padding; 2],
            groups: 1,
            quick: None,
        }
    }

    /// Another handle on the same tensors.
    pub(super) fn share(&self) -> Self {
        Self {
            weight: self.weight.shallow_clone(),
            bias: self.bias.as_ref().map(Tensor::shallow_clone),
            quick: self.quick.clone(),
            ..*self
        }
    }

    /// By kernels of our own, where these are made for it. Weight and bias must not change from here on.
    pub(super) fn quicken(&mut self, instructions: Instructions) -> Result<()> {
        if (self.stride, self.padding, self.groups) == ([1; 2], [1; 2], 1) {
            self.quick = Winograd::of(&self.weight, self.bias.as_ref(), instructions)?.map(Arc::new);
        }
        Ok(())
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if let Some(quick) = &self.quick {
            return quick.forward(x);
        }
        let (stride, padding) = (self.stride, self.padding);
        x.f_conv2d(
            &self.weight,
            self.bias.as_ref(),
            stride,
            padding,
            [1, 1],
            self.groups,
        )
    }

    /// The gradient to an input of the size of `like`, from that to the output.
    pub(super) fn backward(&self, gradient: &Tensor, like: &Tensor) -> Result<Tensor> {
        self.backward_to(gradient, [size_at(like, 2)?, size_at(like, 3)?])
    }

    /// The gradient to an input of this height and width, from that to the output.
    pub(super) fn backward_to(&self, gradient: &Tensor, size: [i64; 2]) -> Result<Tensor> {
        if let Some(quick) = &self.quick {
            return quick.backward(gradient);
        }
        // A stride loses the rows and columns beyond its last step, which get no gradient.
        let mut lost = size;
        for (at, lost) in lost.iter_mut().enumerate() {
            let (from, side) = (size_at(gradient, at + 2)?, size_at(&self.weight, at + 2)?);
            *lost -= (from - 1) * self.stride[at] - 2 * self.padding[at] + side;
        }
        let (stride, padding) = (self.stride, self.padding);
        let bias = None::<&Tensor>;
        gradient.f_conv_transpose2d(&self.weight, bias, stride, padding, lost, self.groups, [1, 1])
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

    pub(super) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Outputs> {
        let pooled = average_pool(&self.bn.relu(x, mode)?, 8)?.f_flatten(1, -1)?;
        Ok(Outputs {
            logits: pooled.f_linear(&self.weight, Some(&self.bias))?,
            features: Some(pooled),
        })
    }

    pub(super) fn last_layer(&self) -> Result<LastLayer> {
        last_layer(&self.weight, &self.bias)
    }
}

pub(super) fn average_pool(x: &Tensor, side: i64) -> Result<Tensor> {
    x.f_avg_pool2d([side; 2], [side; 2], [0, 0], false, true, None)
}

/// Slope and shift of a batch norm in evaluation, computed in f64 to lose nothing.
pub(super) fn affine(weights: &Weights, name: &str) -> std::result::Result<(Tensor, Tensor), WeightsError> {
    let (slope, shift) = exact_affine(weights, name, EPSILON)?;
    Ok((slope.f_to_kind(Kind::Float)?, shift.f_to_kind(Kind::Float)?))
}

/// The same in f64.
pub(super) fn exact_affine(
    weights: &Weights,
    name: &str,
    epsilon: f64,
) -> std::result::Result<(Tensor, Tensor), WeightsError> {
    let get = |part: &str| -> std::result::Result<Tensor, WeightsError> {
        Ok(weights.get(&format!("{name}.{part}"))?.f_to_kind(Kind::Double)?)
    };
    let slope = get("weight")?.f_div(&get("running_var")?.f_add_scalar(epsilon)?.f_sqrt()?)?;
    let shift = get("bias")?.f_sub(&get("running_mean")?.f_mul(&slope)?)?;
    Ok((slope, shift))
}

/// Goes back through pool, ReLU and batch norm: each pooled value's gradient to every position that it was pooled
/// from (positions beyond the last whole window get none), where the activation is above 0, times the slope [1, C, 1, 1].
pub(super) fn spread(pooled: &Tensor, side: i64, active: &Tensor, slope: &Tensor) -> Result<Tensor> {
    let (whole, part) = (active.size(), pooled.size());
    let (&[_, _, height, width], &[_, _, rows, columns]) = (whole.as_slice(), part.as_slice()) else {
        return Err(TchError::Shape("four dimensions are needed".into()));
    };
    let (h, w) = (rows * side, columns * side);
    let up = pooled.f_upsample_nearest2d([h, w], None, None)?;
    let up = if (h, w) == (height, width) {
        up
    } else {
        up.f_constant_pad_nd([0, width - w, 0, height - h])?
    };
    channels_last(&active.f_threshold_backward(&up, 0.0)?.f_mul(slope)?)
}

pub(super) fn size_at(x: &Tensor, dimension: usize) -> Result<i64> {
    let size = x.size();
    let at = size.get(dimension).copied();
    at.ok_or_else(|| TchError::Shape(format!("{size:?} has no dimension {dimension}")))
}

/// For tests: small networks with weights of no pattern. libtorch's own generator is shared by all tests of a process.
#[cfg(test)]
pub(super) mod samples {
    use rand::{RngExt, SeedableRng};
    use tch::{Device, Tensor};

    use super::super::weights::Weights;
    use odin_core::networks::{Architecture, Parameter, Role};

    /// Uniform in −1 to 1.
    pub(crate) fn noise(shape: &[i64], seed: u64) -> Tensor {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let count = shape.iter().product::<i64>();
        let values: Vec<f32> = (0..count).map(|_| rng.random_range(-1.0..1.0)).collect();
        Tensor::from_slice(&values).view(shape)
    }

    /// Weights for five classes whose batch norms are not the identity.
    pub(crate) fn varied(architecture: &Architecture) -> Weights {
        varied_of(&architecture.parameters(5).unwrap())
    }

    /// Weights of these tensors.
    pub(crate) fn varied_of(parameters: &[Parameter]) -> Weights {
        let vary = |(seed, p): (usize, &Parameter)| {
            let noise = noise(&p.shape, seed as u64);
            let fan = p.shape.iter().skip(1).product::<i64>().max(1) as f64;
            let tensor = match p.role {
                Role::Convolution | Role::LinearWeight => noise * (6.0 / fan).sqrt(),
                Role::NormScale | Role::RunningVariance | Role::LayerScale => noise * 0.5 + 1.0,
                Role::ClassToken | Role::Positions { .. } => noise,
                Role::NormShift | Role::RunningMean | Role::LinearBias | Role::ConvolutionBias => noise * 0.5,
            };
            (p.name.clone(), tensor)
        };
        let weights: Weights = parameters.iter().enumerate().map(vary).collect();
        weights.prepared(Device::Cpu).unwrap()
    }

    /// The greatest difference, as a share of the greatest value.
    pub(crate) fn off(a: &Tensor, b: &Tensor) -> f64 {
        ((a - b).abs().max() / b.abs().max()).double_value(&[])
    }

    /// Whether gradients agree, of which one may have met an activation at the edge of its ReLU, where rounding decides.
    pub(crate) fn agree(mut offs: Vec<f64>) -> bool {
        offs.sort_by(f64::total_cmp);
        let most = offs.len() - 1;
        offs[..most].iter().all(|&off| off < 1e-4) && offs[most] < 0.2
    }
}
