//! The inner loops: sums of products for one tile of positions and a few output channels.
//!
//! No `array::map` or `from_fn` here: the compiler leaves them as functions of their own, for which the instruction set is
//! not switched on, and every vector then goes through memory (a sixth of the whole pass).
use pulp::Simd;

use crate::grid::{Grid, VECTORS};
use crate::lanes::{read, write};

/// Output channels that are computed together. With two vectors each that is 12 sums, as many as the 16 registers of
/// AVX2 hold beside the operands, and enough to hide the latency of an addition.
pub(crate) const GROUP: usize = 6;

/// Sums of products, by output channel of the group and vector of the tile.
pub(crate) type Sums<S> = [[<S as Simd>::f32s; VECTORS]; GROUP];

/// Weights of a convolution in the order in which the loops read them.
///
/// By groups of output channels [groups][in · taps][GROUP], with zeros where the last group has no channel.
pub struct Packed {
    pub(crate) outputs: usize,
    steps: usize,
    values: Vec<f32>,
}

impl Packed {
    /// `weight(out, in, tap)` gives each value.
    pub(crate) fn new(
        outputs: usize,
        inputs: usize,
        taps: usize,
        weight: impl Fn(usize, usize, usize) -> f32,
    ) -> Self {
        let steps = inputs * taps;
        let mut values = Vec::with_capacity(outputs.next_multiple_of(GROUP) * steps);
        for first in (0..outputs).step_by(GROUP) {
            for step in 0..steps {
                let one = |out| {
                    if out < outputs {
                        weight(out, step / taps, step % taps)
                    } else {
                        0.0
                    }
                };
                values.extend((first..first + GROUP).map(one));
            }
        }
        Self {
            outputs,
            steps,
            values,
        }
    }

    /// For each group of outputs, its number and its weights [steps][GROUP].
    #[inline(always)]
    pub(crate) fn groups(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.values.chunks_exact((self.steps * GROUP).max(1)).enumerate()
    }
}

/// Adds weight · vector to each sum of the group.
#[inline(always)]
fn accumulate<S: Simd>(simd: S, sums: &mut Sums<S>, x: [S::f32s; VECTORS], weights: &[f32; GROUP]) {
    for (sum, &w) in sums.iter_mut().zip(weights) {
        let w = simd.splat_f32s(w);
        *sum = [
            simd.mul_add_f32s(x[0], w, sum[0]),
            simd.mul_add_f32s(x[1], w, sum[1]),
        ];
    }
}

/// Σ over channels of weight · value: a 1×1 convolution of the tile [channels][VECTORS · N]. Sums begin at `start`.
#[inline(always)]
pub(crate) fn pointwise<S: Simd>(simd: S, tile: &[f32], weights: &[f32], start: &[f32; GROUP]) -> Sums<S> {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; GROUP];
    for (sum, &value) in sums.iter_mut().zip(start) {
        *sum = [simd.splat_f32s(value); VECTORS];
    }
    for (x, weights) in tile
        .chunks_exact(VECTORS * S::F32_LANES)
        .zip(weights.as_chunks().0)
    {
        let x = [read(simd, x), read(simd, &x[S::F32_LANES..])];
        accumulate(simd, &mut sums, x, weights);
    }
    sums
}

/// Σ over channels and 3×3 neighbours: a convolution of planes [channels][plane] at the positions of a tile.
#[inline(always)]
pub(crate) fn neighbours<S: Simd>(
    simd: S,
    planes: &[f32],
    grid: &Grid,
    tile: usize,
    weights: &[f32],
) -> Sums<S> {
    let stride = grid.stride;
    let corners = [
        grid.at[tile * VECTORS] - stride - 1,
        grid.at[tile * VECTORS + 1] - stride - 1,
    ];
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; GROUP];
    for (plane, weights) in planes
        .chunks_exact(grid.plane)
        .zip(weights.as_chunks::<GROUP>().0.as_chunks::<9>().0)
    {
        for (row, weights) in weights.as_chunks::<3>().0.iter().enumerate() {
            // From the left neighbour of the first lane to the right one of the last.
            let first = &plane[corners[0] + row * stride..][..S::F32_LANES + 2];
            let second = &plane[corners[1] + row * stride..][..S::F32_LANES + 2];
            for (column, weights) in weights.iter().enumerate() {
                let x = [read(simd, &first[column..]), read(simd, &second[column..])];
                accumulate(simd, &mut sums, x, weights);
            }
        }
    }
    sums
}

/// Writes the sums as channels of a tile.
#[inline(always)]
pub(crate) fn write_group<S: Simd>(simd: S, sums: &Sums<S>, tile: &mut [f32]) {
    let rows = tile[..GROUP * VECTORS * S::F32_LANES].chunks_exact_mut(VECTORS * S::F32_LANES);
    for (sum, row) in sums.iter().zip(rows) {
        write(simd, sum[0], row);
        write(simd, sum[1], &mut row[S::F32_LANES..]);
    }
}
