//! 3×3 convolutions of two rows at a time by Winograd's F(2, 3), with four products down a column in place of six.
//!
//! Of the rows d₀ … d₃ and a column's weights g₀ … g₂ the two sums are
//! d₀g₀ + d₁g₁ + d₂g₂ = m₀ + m₁ + m₂ and d₁g₀ + d₂g₁ + d₃g₂ = m₁ − m₂ − m₃ with
//! m₀ = (d₀ − d₂) g₀, m₁ = (d₁ + d₂) (g₀ + g₁ + g₂)/2, m₂ = (d₂ − d₁) (g₀ − g₁ + g₂)/2, m₃ = (d₁ − d₃) g₂.
//! Each m is summed over channels and columns before they are put together (Lavin and Gray 2016, arXiv 1509.09308).
use pulp::Simd;

use crate::grid::{Grid, Quad};
use crate::lanes::read;
use crate::tiles::{Packed, Sums, accumulate, start_at};

/// A 3×3 convolution's weights for m₀ … m₃, each three columns wide.
pub(crate) struct TwoRows([Packed; 4]);

impl TwoRows {
    /// `weight(out, in, tap)` gives each of the nine.
    pub(crate) fn new(outputs: usize, inputs: usize, weight: impl Fn(usize, usize, usize) -> f32) -> Self {
        let packed = |of: fn([f64; 3]) -> f64| {
            Packed::new(outputs, inputs, 3, |out, input, column| {
                let row = |row: usize| f64::from(weight(out, input, 3 * row + column));
                of([row(0), row(1), row(2)]) as f32
            })
        };
        Self([
            packed(|[g0, _, _]| g0),
            packed(|[g0, g1, g2]| (g0 + g1 + g2) / 2.0),
            packed(|[g0, g1, g2]| (g0 - g1 + g2) / 2.0),
            packed(|[_, _, g2]| g2),
        ])
    }

    /// The weights by which outputs are counted and grouped.
    #[inline(always)]
    pub(crate) fn groups(&self) -> &Packed {
        &self.0[0]
    }
}

/// The upper row's and the lower row's sums at a quad of vectors, each for a group, and the next one where it is a PAIR.
#[inline(always)]
pub(crate) fn two_rows<S: Simd, const PAIR: bool>(
    simd: S,
    planes: &[f32],
    grid: &Grid,
    quad: &Quad,
    weights: &TwoRows,
    group: usize,
) -> [[Sums<S>; 2]; 2] {
    let TwoRows([w0, w1, w2, w3]) = weights;
    let add = |a, b| simd.add_f32s(a, b);
    let subtract = |a, b| simd.sub_f32s(a, b);
    let m1 = products::<S, PAIR>(simd, planes, grid, quad, w1, group, [1, 2], add);
    let m2 = products::<S, PAIR>(simd, planes, grid, quad, w2, group, [2, 1], subtract);
    let upper = [both(&m1[0], &m2[0], add), both(&m1[1], &m2[1], add)];
    let lower = [both(&m1[0], &m2[0], subtract), both(&m1[1], &m2[1], subtract)];
    let m0 = products::<S, PAIR>(simd, planes, grid, quad, w0, group, [0, 2], subtract);
    let upper = [both(&upper[0], &m0[0], add), both(&upper[1], &m0[1], add)];
    let m3 = products::<S, PAIR>(simd, planes, grid, quad, w3, group, [1, 3], subtract);
    let lower = [
        both(&lower[0], &m3[0], subtract),
        both(&lower[1], &m3[1], subtract),
    ];
    [upper, lower]
}

/// One m: of the rows two, put together, times its weights.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a loop's insides, each argument once")]
fn products<S: Simd, const PAIR: bool>(
    simd: S,
    planes: &[f32],
    grid: &Grid,
    quad: &Quad,
    weights: &Packed,
    group: usize,
    rows: [usize; 2],
    together: impl Fn(S::f32s, S::f32s) -> S::f32s,
) -> [Sums<S>; 2] {
    let [first, second] = weights.weights::<PAIR>(group);
    let (first, second) = (first.as_chunks::<3>().0, second.as_chunks::<3>().0);
    // From the left neighbour of a vector's first lane to the right one of its last, in each of the two rows.
    let place =
        |vector: usize, row: usize| grid.at[quad[vector].upper] - grid.stride - 1 + rows[row] * grid.stride;
    let at = [[place(0, 0), place(0, 1)], [place(1, 0), place(1, 1)]];
    let reach = S::F32_LANES + 2;
    let (mut one, mut two) = (start_at(simd, None), start_at(simd, None));
    let planes = planes.chunks_exact(grid.plane);
    for ((plane, first), second) in planes.zip(first).zip(second) {
        let windows = [
            [&plane[at[0][0]..][..reach], &plane[at[0][1]..][..reach]],
            [&plane[at[1][0]..][..reach], &plane[at[1][1]..][..reach]],
        ];
        for column in 0..3 {
            let x = [
                together(
                    read(simd, &windows[0][0][column..]),
                    read(simd, &windows[0][1][column..]),
                ),
                together(
                    read(simd, &windows[1][0][column..]),
                    read(simd, &windows[1][1][column..]),
                ),
            ];
            accumulate(simd, &mut one, x, &first[column]);
            if PAIR {
                accumulate(simd, &mut two, x, &second[column]);
            }
        }
    }
    [one, two]
}

#[inline(always)]
fn both<V: Copy, const N: usize, const M: usize>(
    a: &[[V; N]; M],
    b: &[[V; N]; M],
    together: impl Fn(V, V) -> V,
) -> [[V; N]; M] {
    let mut made = *a;
    for (made, b) in made.iter_mut().zip(b) {
        for (made, &b) in made.iter_mut().zip(b) {
            *made = together(*made, b);
        }
    }
    made
}
