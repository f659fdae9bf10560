//! The operations of a graph with their tensors in place.
use tch::{Kind, TchError, Tensor};

use super::super::layers::{BatchNorm, Convolution, Mode, Result, exact_affine};
use super::super::weights::{Weights, WeightsError};
use odin_core::networks::graph::{self, Operation, Subsample};

type Taken<T> = std::result::Result<T, WeightsError>;

/// One operation. Maps are [B, C, H, W], vectors [B, D].
pub(super) enum Step {
    Image,
    Convolution(Convolution),
    BatchNorm(BatchNorm),
    /// A batch norm in evaluation: slope and shift, each [1, C, 1, 1].
    Affine(Tensor, Tensor),
    Relu,
    MaxPool(Window),
    AveragePool(Window),
    GlobalAveragePool,
    Add,
    Subsample(Subsample),
    Linear(Linear),
}

#[derive(Clone, Copy)]
pub(super) struct Window {
    pub side: [i64; 2],
    pub stride: [i64; 2],
    pub padding: [i64; 2],
}

/// Weight [C, D] and bias [C].
pub(super) struct Linear {
    pub weight: Tensor,
    pub bias: Tensor,
}

impl Window {
    fn of(window: &graph::Window) -> Self {
        let of = |sides: [usize; 2]| sides.map(|side| side as i64);
        Self {
            side: of(window.side),
            stride: of(window.stride),
            padding: of(window.padding),
        }
    }
}

impl Step {
    /// The operation as it is written.
    pub(super) fn take(operation: &Operation, weights: &Weights) -> Taken<Self> {
        let tensor = |name: &str, part: &str| weights.get(&format!("{name}.{part}"));
        Ok(match operation {
            Operation::Image { .. } => Self::Image,
            Operation::Convolution(convolution) => {
                let name = &convolution.name;
                let window = Window::of(&convolution.window);
                Self::Convolution(Convolution {
                    weight: tensor(name, "weight")?,
                    bias: convolution.bias.then(|| tensor(name, "bias")).transpose()?,
                    stride: window.stride,
                    padding: window.padding,
                    groups: convolution.groups as i64,
                    quick: None,
                })
            }
            Operation::BatchNorm(norm) => {
                Self::BatchNorm(BatchNorm::with_epsilon(weights, &norm.name, norm.epsilon)?)
            }
            Operation::Activation(graph::Activation::Relu) => Self::Relu,
            Operation::MaxPool(window) => Self::MaxPool(Window::of(window)),
            Operation::AveragePool(window) => Self::AveragePool(Window::of(window)),
            Operation::GlobalAveragePool => Self::GlobalAveragePool,
            Operation::Add => Self::Add,
            Operation::Subsample(subsample) => Self::Subsample(*subsample),
            Operation::Linear(linear) => Self::Linear(Linear {
                weight: tensor(&linear.name, "weight")?,
                bias: tensor(&linear.name, "bias")?,
            }),
        })
    }

    /// A batch norm in evaluation that stands alone.
    pub(super) fn affine(weights: &Weights, norm: &graph::BatchNorm) -> Taken<Self> {
        let (slope, shift) = exact_affine(weights, &norm.name, norm.epsilon)?;
        let map = |x: Tensor| x.f_to_kind(Kind::Float)?.f_view([1, -1, 1, 1]);
        Ok(Self::Affine(map(slope)?, map(shift)?))
    }

    /// Another handle on the same tensors.
    pub(super) fn share(&self) -> Self {
        match self {
            Self::Image => Self::Image,
            Self::Convolution(convolution) => Self::Convolution(convolution.share()),
            Self::BatchNorm(norm) => Self::BatchNorm(norm.share()),
            Self::Affine(slope, shift) => Self::Affine(slope.shallow_clone(), shift.shallow_clone()),
            Self::Relu => Self::Relu,
            Self::MaxPool(window) => Self::MaxPool(*window),
            Self::AveragePool(window) => Self::AveragePool(*window),
            Self::GlobalAveragePool => Self::GlobalAveragePool,
            Self::Add => Self::Add,
            Self::Subsample(subsample) => Self::Subsample(*subsample),
            Self::Linear(linear) => Self::Linear(Linear {
                weight: linear.weight.shallow_clone(),
                bias: linear.bias.shallow_clone(),
            }),
        }
    }

    /// What it makes of its inputs, which stay as they are.
    pub(super) fn forward(&self, inputs: &[&Tensor], mode: Mode) -> Result<Tensor> {
        let x = inputs.first().copied().ok_or_else(absent)?;
        match self {
            Self::Image => Ok(x.shallow_clone()),
            Self::Convolution(convolution) => convolution.forward(x),
            Self::BatchNorm(norm) => norm.forward(x, mode),
            Self::Affine(slope, shift) => x.f_mul(slope)?.f_add_(shift),
            Self::Relu => x.f_relu(),
            Self::MaxPool(Window {
                side,
                stride,
                padding,
            }) => x.f_max_pool2d(side, stride, padding, [1, 1], false),
            Self::AveragePool(Window {
                side,
                stride,
                padding,
            }) => x.f_avg_pool2d(side, stride, padding, false, true, None),
            Self::GlobalAveragePool => x.f_mean_dim([2i64, 3].as_slice(), false, Kind::Float),
            Self::Add => x.f_add(inputs.get(1).copied().ok_or_else(absent)?),
            Self::Subsample(Subsample { step, before, after }) => {
                let step = *step as i64;
                let kept = x.f_slice(2, None, None, step)?.f_slice(3, None, None, step)?;
                kept.f_constant_pad_nd([0, 0, 0, 0, *before as i64, *after as i64])
            }
            Self::Linear(Linear { weight, bias }) => x.f_linear(weight, Some(bias)),
        }
    }
}

/// A value is asked for that no earlier node left, which a checked graph does not do.
pub(super) fn absent() -> TchError {
    TchError::Shape("an operation lacks an input".into())
}

/// For each node, the inputs that no later node reads; what the network gives is kept.
pub(super) fn spent(inputs: &[Vec<usize>], kept: [usize; 2]) -> Vec<Vec<usize>> {
    let mut last = vec![None; inputs.len()];
    for (node, inputs) in inputs.iter().enumerate() {
        for &input in inputs {
            last[input] = Some(node);
        }
    }
    let mut spent = vec![Vec::new(); inputs.len()];
    for (input, node) in last.into_iter().enumerate() {
        if let Some(node) = node.filter(|_| !kept.contains(&input)) {
            spent[node].push(input);
        }
    }
    spent
}
