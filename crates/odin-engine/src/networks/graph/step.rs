//! The operations of a graph with their tensors in place.
use tch::{Kind, TchError, Tensor};

use super::super::layers::{BatchNorm, Convolution, Mode, Result, exact_affine, size_at};
use super::super::weights::{Weights, WeightsError};
use super::attention;
use super::linear::Linear;
use super::tokens::{self, LayerNorm, Patches};
use odin_core::networks::graph::{self, Attention, Operation, Subsample};

type Taken<T> = std::result::Result<T, WeightsError>;

/// One operation. Maps are [B, C, H, W], tokens [B, N, D], vectors [B, D].
pub(super) enum Step {
    /// Of any size, or of this height and width alone.
    Image(Option<[usize; 2]>),
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
    Gelu,
    LayerNorm(LayerNorm),
    /// A layer norm whose scale and shift are in the linear layer after it. What comes back has no mean.
    Normalise(f64),
    Tokens,
    /// A convolution and the division into tokens in one.
    Patches(Patches),
    ClassToken(Tensor),
    Positions(Tensor),
    Attention(Attention),
    Scale(Tensor),
    FirstToken,
    MeanToken(i64),
}

#[derive(Clone, Copy)]
pub(super) struct Window {
    pub side: [i64; 2],
    pub stride: [i64; 2],
    pub padding: [i64; 2],
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
            Operation::Image { size, .. } => Self::Image(*size),
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
            Operation::Activation(graph::Activation::Gelu) => Self::Gelu,
            Operation::LayerNorm(norm) => Self::LayerNorm(LayerNorm::take(norm, weights)?),
            Operation::Tokens => Self::Tokens,
            Operation::ClassToken(token) => Self::ClassToken(weights.get(&token.name)?),
            Operation::Positions(positions) => Self::Positions(weights.get(&positions.name)?),
            Operation::Attention(attention) => Self::Attention(*attention),
            Operation::Scale(scale) => Self::Scale(weights.get(&scale.name)?),
            Operation::FirstToken => Self::FirstToken,
            Operation::MeanToken { skip } => Self::MeanToken(*skip as i64),
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
            Self::Image(size) => Self::Image(*size),
            Self::Convolution(convolution) => Self::Convolution(convolution.share()),
            Self::BatchNorm(norm) => Self::BatchNorm(norm.share()),
            Self::Affine(slope, shift) => Self::Affine(slope.shallow_clone(), shift.shallow_clone()),
            Self::Relu => Self::Relu,
            Self::MaxPool(window) => Self::MaxPool(*window),
            Self::AveragePool(window) => Self::AveragePool(*window),
            Self::GlobalAveragePool => Self::GlobalAveragePool,
            Self::Add => Self::Add,
            Self::Subsample(subsample) => Self::Subsample(*subsample),
            Self::Linear(linear) => Self::Linear(linear.share()),
            Self::Gelu => Self::Gelu,
            Self::LayerNorm(norm) => Self::LayerNorm(norm.share()),
            Self::Normalise(epsilon) => Self::Normalise(*epsilon),
            Self::Tokens => Self::Tokens,
            Self::Patches(patches) => Self::Patches(patches.share()),
            Self::ClassToken(token) => Self::ClassToken(token.shallow_clone()),
            Self::Positions(positions) => Self::Positions(positions.shallow_clone()),
            Self::Attention(attention) => Self::Attention(*attention),
            Self::Scale(scale) => Self::Scale(scale.shallow_clone()),
            Self::FirstToken => Self::FirstToken,
            Self::MeanToken(skip) => Self::MeanToken(*skip),
        }
    }

    /// What it makes of its inputs, which stay as they are.
    pub(super) fn forward(&self, inputs: &[&Tensor], mode: Mode) -> Result<Tensor> {
        let x = inputs.first().copied().ok_or_else(absent)?;
        match self {
            Self::Image(_) => Ok(x.shallow_clone()),
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
            Self::Linear(linear) => linear.forward(x),
            Self::Gelu => x.f_gelu("none"),
            Self::LayerNorm(norm) => norm.forward(x),
            Self::Normalise(epsilon) => Ok(tokens::normalised(x, *epsilon)?.0),
            Self::Tokens => tokens::of_map(x),
            Self::Patches(patches) => patches.forward(x),
            Self::ClassToken(token) => tokens::after_token(token, x),
            Self::Positions(positions) => x.f_add(positions),
            Self::Attention(attention) => attention::forward(*attention, x),
            Self::Scale(scale) => x.f_mul(scale),
            Self::FirstToken => x.f_select(1, 0),
            Self::MeanToken(skip) => {
                let count = size_at(x, 1)? - skip;
                x.f_narrow(1, *skip, count)?
                    .f_mean_dim([1i64].as_slice(), false, Kind::Float)
            }
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
