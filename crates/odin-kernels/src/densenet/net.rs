//! A DenseNet's weights in the order in which the loops read them, and what is computed ahead.
use crate::tiles::{GROUP, Packed};

/// Slope and shift of a batch norm in evaluation, by channel. Its ReLU lets through what is above 0.
pub type Norm = Vec<[f32; 2]>;

/// Weights that nothing changes any more; threads share them.
///
/// `…_back` are transposed convolutions, as plain ones: in and out swapped, kernels turned by half a turn.
pub struct Net {
    pub growth: usize,
    pub stem: Packed,
    pub stem_back: Packed,
    pub blocks: [Vec<Layer>; 3],
    pub transitions: [Transition; 2],
    pub head: Norm,
    /// [classes][channels]
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

pub struct Layer {
    pub(super) inputs: usize,
    /// Filled up to whole groups, with norms that let nothing through.
    pub(super) norm: Norm,
    pub(super) reduce: Packed,
    /// Filled up to whole groups.
    pub(super) reduce_bias: Vec<f32>,
    pub(super) reduce_back: Packed,
    pub(super) grow: Packed,
    pub(super) grow_back: Packed,
}

pub struct Transition {
    pub(super) norm: Norm,
    pub(super) conv: Packed,
    pub(super) conv_back: Packed,
}

/// A kernel [out, in, side, side] as plain numbers.
pub struct Kernel {
    pub outputs: usize,
    pub inputs: usize,
    /// side².
    pub taps: usize,
    pub values: Vec<f32>,
}

impl Layer {
    /// Batch norm, ReLU, the 1×1 convolution `reduce` with the batch norm after it folded in, ReLU, the 3×3 convolution
    /// `grow`.
    pub fn new(mut norm: Norm, reduce: &Kernel, mut reduce_bias: Vec<f32>, grow: &Kernel) -> Self {
        let slopes: Vec<f32> = norm.iter().map(|[slope, _]| *slope).collect();
        norm.resize(norm.len().next_multiple_of(GROUP), [0.0; 2]);
        reduce_bias.resize(reduce.outputs.next_multiple_of(GROUP), 0.0);
        Self {
            inputs: reduce.inputs,
            norm,
            reduce: reduce.there(),
            reduce_bias,
            reduce_back: reduce.back(&slopes),
            grow: grow.there(),
            grow_back: grow.back(&[]),
        }
    }
}

impl Transition {
    pub fn new(norm: Norm, conv: &Kernel) -> Self {
        // With the quarter of pooling.
        let slopes: Vec<f32> = norm.iter().map(|[slope, _]| 0.25 * slope).collect();
        Self {
            norm,
            conv: conv.there(),
            conv_back: conv.back(&slopes),
        }
    }
}

impl Kernel {
    fn at(&self, out: usize, input: usize, tap: usize) -> f32 {
        let place = (out * self.inputs + input) * self.taps + tap;
        self.values.get(place).copied().unwrap_or(0.0)
    }

    pub fn there(&self) -> Packed {
        Packed::new(self.outputs, self.inputs, self.taps, |out, input, tap| {
            self.at(out, input, tap)
        })
    }

    /// The way back, times a factor for each of its outputs (1 where there is none).
    pub fn back(&self, factors: &[f32]) -> Packed {
        Packed::new(self.inputs, self.outputs, self.taps, |out, input, tap| {
            factors.get(out).copied().unwrap_or(1.0) * self.at(input, out, self.taps - 1 - tap)
        })
    }
}
