//! What the nodes of a graph compute.
use std::fmt;

/// A node, by its number in the order of computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) usize);

impl NodeId {
    pub fn index(self) -> usize {
        self.0
    }
}

/// An operation, and the earlier nodes whose values it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub operation: Operation,
    pub inputs: Vec<NodeId>,
}

/// What a node makes of its inputs. Maps are [B, C, H, W], tokens [B, N, D], vectors [B, D].
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// The normalised images, of any size or of this height and width alone.
    Image {
        channels: usize,
        size: Option<[usize; 2]>,
    },
    Convolution(Convolution),
    BatchNorm(BatchNorm),
    Activation(Activation),
    MaxPool(Window),
    /// The mean over each window; padding counts as zeros.
    AveragePool(Window),
    /// The mean over a whole map: a vector of its channels.
    GlobalAveragePool,
    /// The sum of two values of one shape.
    Add,
    Subsample(Subsample),
    /// Of every token, or of a vector.
    Linear(Linear),
    LayerNorm(LayerNorm),
    /// The pixels of a map as tokens, row by row: [B, C, H, W] to [B, H·W, C].
    Tokens,
    ClassToken(ClassToken),
    Positions(Positions),
    Attention(Attention),
    Scale(Scale),
    /// The first token.
    FirstToken,
    /// The mean of the tokens but for the first so many.
    MeanToken {
        skip: usize,
    },
}

/// Where a window is laid on a map; height first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub side: [usize; 2],
    pub stride: [usize; 2],
    /// Zeros (for a maximum, nothing) on both sides.
    pub padding: [usize; 2],
}

impl Window {
    /// A square window at every pixel, padded so that an odd side keeps the size of the map.
    pub fn square(side: usize) -> Self {
        Self {
            side: [side; 2],
            stride: [1; 2],
            padding: [side / 2; 2],
        }
    }

    /// The same at every `stride`-th pixel.
    pub fn every(self, stride: usize) -> Self {
        Self {
            stride: [stride; 2],
            ..self
        }
    }

    /// The same without padding.
    pub fn unpadded(self) -> Self {
        Self {
            padding: [0; 2],
            ..self
        }
    }
}

/// Tensors `NAME.weight` [to, from/groups, height, width] and, with a bias, `NAME.bias` [to].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convolution {
    pub name: String,
    pub to: usize,
    pub from: usize,
    pub window: Window,
    /// Into so many parts both channels in and channels out are divided, each part seeing its own alone.
    pub groups: usize,
    pub bias: bool,
}

/// Tensors `NAME.weight`, `NAME.bias`, `NAME.running_mean` and `NAME.running_var`, each [width].
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    pub name: String,
    pub width: usize,
    /// Added to the variance.
    pub epsilon: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    Relu,
    /// x Φ(x), with the exact normal distribution function Φ (Hendrycks and Gimpel, arXiv 1606.08415).
    Gelu,
}

/// Every `step`-th pixel, with channels of zeros before and after: a shortcut without tensors (He et al., arXiv 1512.03385,
/// section 4.2, option A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subsample {
    pub step: usize,
    pub before: usize,
    pub after: usize,
}

/// Tensors `NAME.weight` [to, from] and `NAME.bias` [to].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linear {
    pub name: String,
    pub to: usize,
    pub from: usize,
}

/// Tensors `NAME.weight` and `NAME.bias`, each [width]: every token, or vector, with its own mean and variance taken out.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorm {
    pub name: String,
    pub width: usize,
    /// Added to the variance.
    pub epsilon: f64,
}

/// A learned token before the others: the tensor `NAME` [1, 1, width].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassToken {
    pub name: String,
    pub width: usize,
}

/// What is added to each token for where it stands: the tensor `NAME` [1, skip + rows·columns, width].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positions {
    pub name: String,
    pub width: usize,
    /// Tokens before those of the grid.
    pub skip: usize,
    /// Rows and columns of tokens.
    pub grid: [usize; 2],
}

impl Positions {
    pub fn count(&self) -> usize {
        self.skip + self.grid[0] * self.grid[1]
    }
}

/// Self-attention softmax(Q Kᵀ / √d) V in heads of d = width / heads (Vaswani et al., arXiv 1706.03762), of tokens [3·width]
/// that are Q, K and V one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attention {
    pub heads: usize,
    pub width: usize,
    /// Whether only the first token asks, and the result is its vector.
    pub first_only: bool,
}

/// Each component times a number of its own, the tensor `NAME` [width]: layer scale (Touvron et al., arXiv 2103.17239).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    pub name: String,
    pub width: usize,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Convolution(Convolution { name, .. })
            | Self::BatchNorm(BatchNorm { name, .. })
            | Self::Linear(Linear { name, .. })
            | Self::LayerNorm(LayerNorm { name, .. })
            | Self::ClassToken(ClassToken { name, .. })
            | Self::Positions(Positions { name, .. })
            | Self::Scale(Scale { name, .. }) => name,
            Self::Image { .. } => "the image",
            Self::Activation(Activation::Relu) => "a ReLU",
            Self::Activation(Activation::Gelu) => "a GELU",
            Self::MaxPool(_) => "a max pool",
            Self::AveragePool(_) => "an average pool",
            Self::GlobalAveragePool => "the global average pool",
            Self::Add => "a sum",
            Self::Subsample(_) => "a shortcut without tensors",
            Self::Tokens => "the division into tokens",
            Self::Attention(_) => "self-attention",
            Self::FirstToken => "the choice of the class token",
            Self::MeanToken { .. } => "the mean of the tokens",
        })
    }
}
