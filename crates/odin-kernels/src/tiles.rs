//! The inner loops: sums of products for one tile of positions and a few output channels.
//!
//! No `array::map` or `from_fn` here: the compiler leaves them as functions of their own, for which the instruction set is
//! not switched on, and every vector then goes through memory (a sixth of the whole pass).
use std::ops::Range;

use pulp::Simd;

use crate::grid::{Grid, VECTORS};
use crate::lanes::{read, write};

/// Output channels that are computed together. With two vectors each that is 12 sums, as many as the 16 registers of
/// AVX2 hold beside the operands, and enough to hide the latency of an addition. Where there are 32 registers, two groups
/// are computed together, which halves the reads of their common input.
pub(crate) const GROUP: usize = 6;

/// Sums of products, by output channel of the group and vector of the tile.
pub(crate) type Sums<S> = [[<S as Simd>::f32s; VECTORS]; GROUP];

/// Weights of a convolution in the order in which the loops read them.
///
/// `[groups][in · taps][GROUP]`, by groups of output channels, with zeros where the last group has no channel.
pub struct Packed {
    pub(crate) outputs: usize,
    steps: usize,
    values: Vec<[f32; GROUP]>,
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
        let mut values = Vec::with_capacity(outputs.div_ceil(GROUP) * steps);
        for first in (0..outputs).step_by(GROUP) {
            for step in 0..steps {
                let one = |channel| {
                    if first + channel < outputs {
                        weight(first + channel, step / taps, step % taps)
                    } else {
                        0.0
                    }
                };
                values.push(std::array::from_fn(one));
            }
        }
        Self {
            outputs,
            steps,
            values,
        }
    }

    /// The first groups of each two that are computed together, and the groups that are computed alone.
    #[inline(always)]
    pub(crate) fn groups<S: Simd>(&self) -> (impl Iterator<Item = usize> + use<S>, Range<usize>) {
        let groups = self.outputs.div_ceil(GROUP);
        let paired = if S::REGISTER_COUNT >= 32 {
            groups / 2 * 2
        } else {
            0
        };
        ((0..paired).step_by(2), paired..groups)
    }

    /// The weights [steps][GROUP] of a group, and where two are computed together those of the next one.
    #[inline(always)]
    pub(crate) fn weights<const PAIR: bool>(&self, group: usize) -> [&[[f32; GROUP]]; 2] {
        let of = |group| &self.values[group * self.steps..][..self.steps];
        [of(group), of(if PAIR { group + 1 } else { group })]
    }
}

/// Adds weight · vector to each sum of a group.
#[inline(always)]
pub(crate) fn accumulate<S: Simd>(
    simd: S,
    sums: &mut Sums<S>,
    x: [S::f32s; VECTORS],
    weights: &[f32; GROUP],
) {
    for (sum, &w) in sums.iter_mut().zip(weights) {
        let w = simd.splat_f32s(w);
        *sum = [
            simd.mul_add_f32s(x[0], w, sum[0]),
            simd.mul_add_f32s(x[1], w, sum[1]),
        ];
    }
}

/// Σ over channels of weight · value: a 1×1 convolution of the tile [channels][VECTORS · N] for a group, and the next one
/// where it is a PAIR. Sums begin at `start`, or at 0 where it is empty.
#[inline(always)]
pub(crate) fn pointwise<S: Simd, const PAIR: bool>(
    simd: S,
    tile: &[f32],
    weights: &Packed,
    group: usize,
    start: &[[f32; GROUP]],
) -> [Sums<S>; 2] {
    let weights = weights.weights::<PAIR>(group);
    let mut one = start_at(simd, start.get(group));
    let mut two = start_at(simd, start.get(group + 1));
    let rows = tile.chunks_exact(VECTORS * S::F32_LANES);
    for ((x, first), second) in rows.zip(weights[0]).zip(weights[1]) {
        let x = [read(simd, x), read(simd, &x[S::F32_LANES..])];
        accumulate(simd, &mut one, x, first);
        if PAIR {
            accumulate(simd, &mut two, x, second);
        }
    }
    [one, two]
}

/// Sums before anything is added: each channel's value, or 0.
#[inline(always)]
pub(crate) fn start_at<S: Simd>(simd: S, values: Option<&[f32; GROUP]>) -> Sums<S> {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; GROUP];
    if let Some(values) = values {
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum = [simd.splat_f32s(value); VECTORS];
        }
    }
    sums
}

/// Σ over channels and 3×3 neighbours: a convolution of planes [channels][plane] at the positions of a tile, for a group,
/// and the next one where it is a PAIR.
#[inline(always)]
pub(crate) fn neighbours<S: Simd, const PAIR: bool>(
    simd: S,
    planes: &[f32],
    grid: &Grid,
    tile: usize,
    weights: &Packed,
    group: usize,
) -> [Sums<S>; 2] {
    let weights = weights.weights::<PAIR>(group);
    let weights = [weights[0].as_chunks::<9>().0, weights[1].as_chunks::<9>().0];
    let stride = grid.stride;
    let corners = [
        grid.at[tile * VECTORS] - stride - 1,
        grid.at[tile * VECTORS + 1] - stride - 1,
    ];
    let (mut one, mut two) = (start_at(simd, None), start_at(simd, None));
    let planes = planes.chunks_exact(grid.plane);
    for ((plane, first), second) in planes.zip(weights[0]).zip(weights[1]) {
        for row in 0..3 {
            // From the left neighbour of the first lane to the right one of the last.
            let windows = [
                &plane[corners[0] + row * stride..][..S::F32_LANES + 2],
                &plane[corners[1] + row * stride..][..S::F32_LANES + 2],
            ];
            for column in 0..3 {
                let x = [
                    read(simd, &windows[0][column..]),
                    read(simd, &windows[1][column..]),
                ];
                accumulate(simd, &mut one, x, &first[3 * row + column]);
                if PAIR {
                    accumulate(simd, &mut two, x, &second[3 * row + column]);
                }
            }
        }
    }
    [one, two]
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
