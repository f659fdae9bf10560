//! The inner loops: sums of products for one tile of positions and a few output channels.
//!
//! No `array::map` or `from_fn` here: the compiler leaves them as functions of their own, for which the instruction set is
//! not switched on, and every vector then goes through memory (a sixth of the whole pass).
use super::grid::{Grid, VECTORS};
use super::lanes::Lanes;

/// Output channels that are computed together. With two vectors each that is 12 sums, as many as the 16 registers of
/// AVX2 hold beside the operands, and enough to hide the latency of an addition.
pub const GROUP: usize = 6;

/// Sums of products, by output channel of the group and vector of the tile.
pub type Sums<V> = [[V; VECTORS]; GROUP];

/// Weights [out, in, side, side] in the order in which the loops read them: by groups of output channels
/// [groups][in · side²][GROUP], with zeros where the last group has no channel.
pub struct Packed {
    pub outputs: usize,
    steps: usize,
    values: Vec<f32>,
}

impl Packed {
    /// `weight(out, in, tap)` gives each value.
    pub fn new(
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
    pub fn groups(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.values.chunks_exact((self.steps * GROUP).max(1)).enumerate()
    }
}

/// Σ over channels of weight · value: a 1×1 convolution of the tile [channels][VECTORS · N]. Sums begin at `start`.
///
/// # Safety
/// The CPU has the vector's instruction set.
#[inline(always)]
pub unsafe fn pointwise<V: Lanes>(tile: &[f32], weights: &[f32], start: [f32; GROUP]) -> Sums<V> {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let mut sums = [[V::splat(0.0); VECTORS]; GROUP];
        for (sum, &value) in sums.iter_mut().zip(&start) {
            *sum = [V::splat(value); VECTORS];
        }
        for (x, w) in tile.chunks_exact(VECTORS * V::N).zip(weights.chunks_exact(GROUP)) {
            let x = [V::read(x), V::read(&x[V::N..])];
            for (sum, &w) in sums.iter_mut().zip(w) {
                let w = V::splat(w);
                *sum = [x[0].mul_add(w, sum[0]), x[1].mul_add(w, sum[1])];
            }
        }
        sums
    }
}

/// Σ over channels and 3×3 neighbours: a convolution of planes [channels][plane] at the positions of a tile.
///
/// # Safety
/// The CPU has the vector's instruction set.
#[inline(always)]
pub unsafe fn neighbours<V: Lanes>(planes: &[f32], grid: &Grid, tile: usize, weights: &[f32]) -> Sums<V> {
    // From the neighbour above to the left to the last one below to the right.
    let reach = 2 * grid.stride + 2 + V::N;
    let corners = [
        grid.at[tile * VECTORS] - grid.stride - 1,
        grid.at[tile * VECTORS + 1] - grid.stride - 1,
    ];
    // SAFETY: the caller vouches for the instruction set; the reads lie within `reach` of a window that was cut out
    // with its bounds checked (a check for each of them would cost a tenth of the time).
    unsafe {
        let mut sums = [[V::splat(0.0); VECTORS]; GROUP];
        for (plane, weights) in planes
            .chunks_exact(grid.plane)
            .zip(weights.chunks_exact(9 * GROUP))
        {
            let windows = [
                plane[corners[0]..corners[0] + reach].as_ptr(),
                plane[corners[1]..corners[1] + reach].as_ptr(),
            ];
            for tap in 0..9 {
                let offset = tap / 3 * grid.stride + tap % 3;
                let x = [
                    V::read_at(windows[0].add(offset)),
                    V::read_at(windows[1].add(offset)),
                ];
                for (sum, &w) in sums.iter_mut().zip(&weights[tap * GROUP..][..GROUP]) {
                    let w = V::splat(w);
                    *sum = [x[0].mul_add(w, sum[0]), x[1].mul_add(w, sum[1])];
                }
            }
        }
        sums
    }
}

/// Writes the sums as channels of a tile.
///
/// # Safety
/// The CPU has the vector's instruction set.
#[inline(always)]
pub unsafe fn write_group<V: Lanes>(sums: &Sums<V>, tile: &mut [f32]) {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let rows = tile[..GROUP * VECTORS * V::N].chunks_exact_mut(VECTORS * V::N);
        for (sum, row) in sums.iter().zip(rows) {
            sum[0].write(row);
            sum[1].write(&mut row[V::N..]);
        }
    }
}
