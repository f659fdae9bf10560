//! Matrix products [tiles, in] · [in, out], the lanes being output channels.
use pulp::Simd;

use crate::aligned::Aligned;
use crate::lanes::{read, write};

/// Vectors of output channels that are computed together.
const VECTORS: usize = 2;

/// Tiles that are computed together where there are 16 registers: with two vectors each that is 12 sums.
const FEW: usize = 6;

/// The same where there are 32.
const MANY: usize = 12;

/// How many rows a multiple of which [`multiply`] takes.
#[inline(always)]
pub(super) fn rows<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { MANY } else { FEW }
}

/// A matrix [in, out] as the loop reads it: [panels][in][lanes of `VECTORS` vectors], the last panel perhaps of one vector.
pub(super) struct Panels {
    inputs: usize,
    outputs: usize,
    values: Aligned,
}

impl Panels {
    pub(super) fn new(
        lanes: usize,
        outputs: usize,
        inputs: usize,
        value: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let mut values = Aligned::zeros(inputs * outputs);
        let panel = VECTORS * lanes;
        let mut all = values.iter_mut();
        for first in (0..outputs).step_by(panel) {
            for input in 0..inputs {
                for (output, to) in (first..outputs.min(first + panel)).zip(&mut all) {
                    *to = value(input, output);
                }
            }
        }
        Self {
            inputs,
            outputs,
            values,
        }
    }
}

/// `out` [count, out] of `x` [count, in]; `count` is a multiple of [`rows`].
#[inline(always)]
pub(super) fn multiply<S: Simd>(simd: S, x: &[f32], count: usize, panels: &Panels, out: &mut [f32]) {
    let Panels {
        inputs,
        outputs,
        values,
    } = panels;
    let panel = VECTORS * S::F32_LANES;
    let whole = outputs / panel;
    for p in 0..whole {
        let weights = &values[p * panel * inputs..][..panel * inputs];
        all_rows::<S, VECTORS>(simd, x, count, *inputs, weights, &mut out[p * panel..], *outputs);
    }
    if !outputs.is_multiple_of(panel) {
        let weights = &values[whole * panel * inputs..];
        all_rows::<S, 1>(
            simd,
            x,
            count,
            *inputs,
            weights,
            &mut out[whole * panel..],
            *outputs,
        );
    }
}

/// One panel, N vectors wide, of every row.
#[inline(always)]
fn all_rows<S: Simd, const N: usize>(
    simd: S,
    x: &[f32],
    count: usize,
    inputs: usize,
    weights: &[f32],
    out: &mut [f32],
    outputs: usize,
) {
    for row in (0..count).step_by(rows::<S>()) {
        let (x, out) = (&x[row * inputs..], &mut out[row * outputs..]);
        if S::REGISTER_COUNT >= 32 {
            block::<S, MANY, N>(simd, x, inputs, weights, out, outputs);
        } else {
            block::<S, FEW, N>(simd, x, inputs, weights, out, outputs);
        }
    }
}

/// R rows and N vectors of output channels: sums in registers over all input channels.
#[inline(always)]
fn block<S: Simd, const R: usize, const N: usize>(
    simd: S,
    x: &[f32],
    inputs: usize,
    weights: &[f32],
    out: &mut [f32],
    outputs: usize,
) {
    let mut rows = [&x[..inputs]; R];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = &x[r * inputs..][..inputs];
    }
    let mut sums = [[simd.splat_f32s(0.0); N]; R];
    for (i, weights) in weights.chunks_exact(N * S::F32_LANES).enumerate().take(inputs) {
        let mut w = [simd.splat_f32s(0.0); N];
        for (n, w) in w.iter_mut().enumerate() {
            *w = read(simd, &weights[n * S::F32_LANES..]);
        }
        for (row, sums) in rows.iter().zip(&mut sums) {
            let x = simd.splat_f32s(row[i]);
            for (sum, &w) in sums.iter_mut().zip(&w) {
                *sum = simd.mul_add_f32s(x, w, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (n, &sum) in sums.iter().enumerate() {
            write(simd, sum, &mut out[r * outputs + n * S::F32_LANES..]);
        }
    }
}
