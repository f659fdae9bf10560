//! One image through the whole network, and the gradient to it.
use pulp::{Simd, WithSimd};

use super::block::{self, convolve, normed, spread_out};
use super::net::Net;
use super::transition;
use super::workspace::{POOL, Workspace};
use crate::Instructions;
use crate::grid::{Grid, VECTORS};
use crate::lanes::{keep, keep_where_positive, relu, write};
use crate::tiles::{neighbours, write_group};

/// Computes the logits of an image [3, H, W]; its features are then in the workspace ([`Workspace::features`]). `record`
/// notes what [`backward`] needs.
///
/// # Panics
/// Where the workspace was made for vectors of another length than `instructions` has, or the image is of another size
/// than the workspace.
pub fn forward(
    instructions: Instructions,
    net: &Net,
    space: &mut Workspace,
    image: &[f32],
    record: bool,
    logits: &mut [f32],
) {
    space.check(instructions, image);
    instructions.run(Forward {
        net,
        space,
        image,
        record,
        logits,
    });
}

/// Computes the gradient to the image [3, H, W] of Σ seed · logits, after a recorded [`forward`] pass in this workspace.
///
/// # Panics
/// As [`forward`].
pub fn backward(
    instructions: Instructions,
    net: &Net,
    space: &mut Workspace,
    seed: &[f32],
    gradient: &mut [f32],
) {
    space.check(instructions, gradient);
    instructions.run(Backward {
        net,
        space,
        seed,
        gradient,
    });
}

struct Forward<'a> {
    net: &'a Net,
    space: &'a mut Workspace,
    image: &'a [f32],
    record: bool,
    logits: &'a mut [f32],
}

struct Backward<'a> {
    net: &'a Net,
    space: &'a mut Workspace,
    seed: &'a [f32],
    gradient: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            net,
            space,
            image,
            record,
            logits,
        } = self;
        let [first, second, third] = &mut space.maps;
        let planes = first.planes.chunks_exact_mut(first.grid.plane);
        for (plane, values) in planes.zip(channels(&first.grid, image)) {
            for (y, row) in values.chunks_exact(first.grid.width).enumerate() {
                plane[first.grid.place(y, 0)..][..row.len()].copy_from_slice(row);
            }
        }
        convolve(simd, first, &net.stem, 3, 0);
        block::forward(simd, &net.blocks[0], net.growth, first, record);
        transition::forward(simd, &net.transitions[0], first, second);
        block::forward(simd, &net.blocks[1], net.growth, second, record);
        transition::forward(simd, &net.transitions[1], second, third);
        block::forward(simd, &net.blocks[2], net.growth, third, record);
        for (channel, (norm, mean)) in net.head.iter().zip(&mut space.pooled).enumerate() {
            let mut values = [0.0; 16];
            let mut sum = simd.splat_f32s(0.0);
            for (v, lanes) in space.pool.chunks_exact(S::F32_LANES).enumerate() {
                let value = normed(simd, &third.x[third.index(channel, v)..], norm);
                sum = simd.add_f32s(sum, keep(simd, relu(simd, value), lanes));
            }
            write(simd, sum, &mut values);
            *mean = values.iter().sum::<f32>() / (POOL * POOL) as f32;
        }
        let rows = net.weight.chunks_exact(space.pooled.len().max(1));
        for ((logit, weights), bias) in logits.iter_mut().zip(rows).zip(&net.bias) {
            let products = weights.iter().zip(&space.pooled);
            let sum: f64 = products.map(|(&w, &x)| f64::from(w) * f64::from(x)).sum();
            *logit = (sum + f64::from(*bias)) as f32;
        }
    }
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            net,
            space,
            seed,
            gradient,
        } = self;
        let [first, second, third] = &mut space.maps;
        for (channel, norm) in net.head.iter().enumerate() {
            let weights = net.weight.iter().skip(channel).step_by(net.head.len());
            let sum: f64 = weights
                .zip(seed)
                .map(|(&w, &s)| f64::from(w) * f64::from(s))
                .sum();
            let value = (sum * f64::from(norm[0])) as f32 / (POOL * POOL) as f32;
            for (v, lanes) in space.pool.chunks_exact(S::F32_LANES).enumerate() {
                let at = third.index(channel, v);
                let value = keep(simd, simd.splat_f32s(value), lanes);
                let value = keep_where_positive(simd, value, normed(simd, &third.x[at..], norm));
                write(simd, value, &mut third.gradient[at..]);
            }
        }
        let start = net.stem.outputs;
        block::backward(simd, &net.blocks[2], net.growth, third);
        transition::backward(simd, &net.transitions[1], second, third);
        block::backward(simd, &net.blocks[1], net.growth, second);
        transition::backward(simd, &net.transitions[0], first, second);
        block::backward(simd, &net.blocks[0], net.growth, first);
        spread_out(simd, first, 0, start);
        // The block's gradient has been used; its memory takes that of the image.
        let (grid, tile) = (&first.grid, first.grid.tile());
        for (t, to) in first.gradient.chunks_exact_mut(first.capacity * tile).enumerate() {
            // The image's three channels are one group.
            let [sums, _] = neighbours::<S, false>(
                simd,
                &first.planes[..start * grid.plane],
                grid,
                t,
                &net.stem_back,
                0,
            );
            write_group(simd, &sums, to);
        }
        for (channel, values) in gradient.chunks_exact_mut(grid.height * grid.width).enumerate() {
            for v in 0..grid.at.len() {
                let lanes = &first.gradient[first.index(channel, v)..][..tile / VECTORS];
                for (lane, &value) in lanes.iter().enumerate() {
                    if let Some((y, x)) = grid.position(v, lane) {
                        values[y * grid.width + x] = value;
                    }
                }
            }
        }
    }
}

fn channels<'a>(grid: &Grid, image: &'a [f32]) -> impl Iterator<Item = &'a [f32]> {
    image.chunks_exact(grid.height * grid.width)
}
