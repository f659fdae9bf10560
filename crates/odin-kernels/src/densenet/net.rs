//! A DenseNet's weights in the order in which the loops read them, and what is computed ahead.
use crate::tiles::{GROUP, Packed};
use crate::two_rows::TwoRows;

/// Slope and shift of a batch norm in evaluation, by channel: y = slope · x + shift.
pub type Norm = Vec<[f32; 2]>;

/// The weights of a DenseNet-BC of three blocks for images [3, H, W], of which nothing changes any more; threads share
/// them.
///
/// `…_back` are transposed convolutions, written as plain ones: in and out swapped, kernels turned by half a turn.
pub struct Net {
    /// Channels that a layer adds (the growth rate).
    pub growth: usize,
    /// The first convolution, 3×3, from 3 channels: [`Kernel::packed`].
    pub stem: Packed,
    /// The first convolution's [`Kernel::transposed`].
    pub stem_back: Packed,
    /// The layers of each dense block.
    pub blocks: [Vec<Layer>; 3],
    /// What lies between the blocks.
    pub transitions: [Transition; 2],
    /// The batch norm after the last block; a ReLU and the mean over 8×8 positions follow.
    pub head: Norm,
    /// The last layer's weights [classes, channels], row by row.
    pub weight: Vec<f32>,
    /// The last layer's bias, a value a class.
    pub bias: Vec<f32>,
}

/// A layer of a dense block: batch norm, ReLU, 1×1 convolution, batch norm, ReLU, 3×3 convolution.
pub struct Layer {
    pub(super) inputs: usize,
    /// Filled up to whole groups, with norms that let nothing through.
    pub(super) norm: Norm,
    pub(super) reduce: Packed,
    /// By groups.
    pub(super) reduce_bias: Vec<[f32; GROUP]>,
    pub(super) reduce_back: Packed,
    pub(super) grow: Convolution,
    pub(super) grow_back: Convolution,
}

/// A 3×3 convolution's weights for two rows at a time, and for maps whose vectors don't come in rows.
pub(super) struct Convolution {
    pub(super) by_two: TwoRows,
    pub(super) plain: Packed,
}

/// Batch norm, ReLU, 1×1 convolution, mean over 2×2 positions.
pub struct Transition {
    pub(super) norm: Norm,
    pub(super) conv: Packed,
    pub(super) conv_back: Packed,
}

/// A convolution's weights [outputs, inputs, side, side], row by row, as a file holds them.
pub struct Kernel {
    /// Output channels.
    pub outputs: usize,
    /// Input channels.
    pub inputs: usize,
    /// side²: 1 or 9.
    pub taps: usize,
    /// outputs · inputs · taps weights.
    pub values: Vec<f32>,
}

impl Layer {
    /// `reduce` is the 1×1 convolution with the batch norm after it folded in, whose shifts are `reduce_bias`; `grow` is the
    /// 3×3 convolution.
    pub fn new(mut norm: Norm, reduce: &Kernel, mut reduce_bias: Vec<f32>, grow: &Kernel) -> Self {
        let slopes: Vec<f32> = norm.iter().map(|[slope, _]| *slope).collect();
        norm.resize(norm.len().next_multiple_of(GROUP), [0.0; 2]);
        reduce_bias.resize(reduce.outputs.next_multiple_of(GROUP), 0.0);
        Self {
            inputs: reduce.inputs,
            norm,
            reduce: reduce.packed(),
            reduce_bias: reduce_bias.as_chunks().0.to_vec(),
            reduce_back: reduce.transposed(&slopes),
            grow: Convolution {
                by_two: TwoRows::new(grow.outputs, grow.inputs, |out, input, tap| {
                    grow.at(out, input, tap)
                }),
                plain: grow.packed(),
            },
            grow_back: Convolution {
                by_two: TwoRows::new(grow.inputs, grow.outputs, |out, input, tap| {
                    grow.at(input, out, 8 - tap)
                }),
                plain: grow.transposed(&[]),
            },
        }
    }
}

impl Transition {
    /// `conv` is the 1×1 convolution.
    pub fn new(norm: Norm, conv: &Kernel) -> Self {
        // With the quarter of pooling.
        let slopes: Vec<f32> = norm.iter().map(|[slope, _]| 0.25 * slope).collect();
        Self {
            norm,
            conv: conv.packed(),
            conv_back: conv.transposed(&slopes),
        }
    }
}

impl Kernel {
    fn at(&self, out: usize, input: usize, tap: usize) -> f32 {
        self.values[(out * self.inputs + input) * self.taps + tap]
    }

    /// The convolution.
    ///
    /// # Panics
    /// Where there are fewer values than the sizes say.
    pub fn packed(&self) -> Packed {
        Packed::new(self.outputs, self.inputs, self.taps, |out, input, tap| {
            self.at(out, input, tap)
        })
    }

    /// The transposed convolution, which takes a gradient to the outputs to one to the inputs; the latter is multiplied by
    /// a factor for each input channel (1 where there is none).
    ///
    /// # Panics
    /// As [`Kernel::packed`].
    pub fn transposed(&self, factors: &[f32]) -> Packed {
        Packed::new(self.inputs, self.outputs, self.taps, |out, input, tap| {
            factors.get(out).copied().unwrap_or(1.0) * self.at(input, out, self.taps - 1 - tap)
        })
    }
}
