//! One image through the whole network, and the gradient to it.
//!
//! # Safety
//! The generic functions need a CPU with the vector's instruction set.
use super::block::{block, block_back, convolve, normed, spread_out};
use super::net::Net;
use super::transition::{transition, transition_back};
use super::workspace::{POOL, Workspace};
use crate::Instructions;
use crate::grid::{Grid, VECTORS};
use crate::lanes::Lanes;
use crate::tiles::{Sums, neighbours, write_group};

/// Logits of an image [3, H, W]. `record` notes what [`backward`] needs.
pub fn forward(
    instructions: Instructions,
    net: &Net,
    space: &mut Workspace,
    image: &[f32],
    record: bool,
    logits: &mut [f32],
) {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => {
            #[target_feature(enable = "avx2,fma")]
            unsafe fn run(net: &Net, space: &mut Workspace, image: &[f32], record: bool, logits: &mut [f32]) {
                // SAFETY: switched on.
                unsafe { there::<std::arch::x86_64::__m256>(net, space, image, record, logits) }
            }
            // SAFETY: `Instructions` are made by detection alone.
            unsafe { run(net, space, image, record, logits) }
        }
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => {
            #[target_feature(enable = "avx512f")]
            unsafe fn run(net: &Net, space: &mut Workspace, image: &[f32], record: bool, logits: &mut [f32]) {
                // SAFETY: switched on.
                unsafe { there::<std::arch::x86_64::__m512>(net, space, image, record, logits) }
            }
            // SAFETY: as above.
            unsafe { run(net, space, image, record, logits) }
        }
    }
}

/// The gradient to the image of Σ seed · logits, after a recorded [`forward`].
pub fn backward(
    instructions: Instructions,
    net: &Net,
    space: &mut Workspace,
    seed: &[f32],
    image: &mut [f32],
) {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => {
            #[target_feature(enable = "avx2,fma")]
            unsafe fn run(net: &Net, space: &mut Workspace, seed: &[f32], image: &mut [f32]) {
                // SAFETY: switched on.
                unsafe { back::<std::arch::x86_64::__m256>(net, space, seed, image) }
            }
            // SAFETY: `Instructions` are made by detection alone.
            unsafe { run(net, space, seed, image) }
        }
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => {
            #[target_feature(enable = "avx512f")]
            unsafe fn run(net: &Net, space: &mut Workspace, seed: &[f32], image: &mut [f32]) {
                // SAFETY: switched on.
                unsafe { back::<std::arch::x86_64::__m512>(net, space, seed, image) }
            }
            // SAFETY: as above.
            unsafe { run(net, space, seed, image) }
        }
    }
}

#[inline(always)]
pub(super) unsafe fn there<V: Lanes>(
    net: &Net,
    space: &mut Workspace,
    image: &[f32],
    record: bool,
    logits: &mut [f32],
) {
    let [first, second, third] = &mut space.maps;
    let planes = first.planes.chunks_exact_mut(first.grid.plane);
    for (plane, values) in planes.zip(channels(&first.grid, image)) {
        for (y, row) in values.chunks_exact(first.grid.width).enumerate() {
            plane[first.grid.place(y, 0)..][..row.len()].copy_from_slice(row);
        }
    }
    // SAFETY: the caller vouches for the instruction set, as everywhere here.
    unsafe {
        convolve::<V>(first, &net.stem, 3, 0);
        block::<V>(&net.blocks[0], net.growth, first, record);
        transition::<V>(&net.transitions[0], first, second);
        block::<V>(&net.blocks[1], net.growth, second, record);
        transition::<V>(&net.transitions[1], second, third);
        block::<V>(&net.blocks[2], net.growth, third, record);
    }
    for (channel, (norm, mean)) in net.head.iter().zip(&mut space.pooled).enumerate() {
        let mut values = [0.0; 16];
        // SAFETY: as above.
        unsafe {
            let mut sum = V::splat(0.0);
            for (v, &lanes) in space.pool.iter().enumerate() {
                let value = normed::<V>(&third.x[third.index(channel, v)..], norm);
                sum = sum.add(value.relu().keep(lanes));
            }
            sum.write(&mut values);
        }
        *mean = values.iter().sum::<f32>() / (POOL * POOL) as f32;
    }
    let rows = net.weight.chunks_exact(space.pooled.len().max(1));
    for ((logit, weights), bias) in logits.iter_mut().zip(rows).zip(&net.bias) {
        let products = weights.iter().zip(&space.pooled);
        let sum: f64 = products.map(|(&w, &x)| f64::from(w) * f64::from(x)).sum();
        *logit = (sum + f64::from(*bias)) as f32;
    }
}

#[inline(always)]
pub(super) unsafe fn back<V: Lanes>(net: &Net, space: &mut Workspace, seed: &[f32], image: &mut [f32]) {
    let [first, second, third] = &mut space.maps;
    for (channel, norm) in net.head.iter().enumerate() {
        let weights = net.weight.iter().skip(channel).step_by(net.head.len());
        let sum: f64 = weights
            .zip(seed)
            .map(|(&w, &s)| f64::from(w) * f64::from(s))
            .sum();
        let gradient = (sum * f64::from(norm[0])) as f32 / (POOL * POOL) as f32;
        for (v, &lanes) in space.pool.iter().enumerate() {
            let at = third.index(channel, v);
            // SAFETY: as above.
            unsafe {
                let value = V::splat(gradient)
                    .keep(lanes)
                    .keep_where_positive(normed(&third.x[at..], norm));
                value.write(&mut third.gradient[at..]);
            }
        }
    }
    let start = net.stem.outputs;
    // SAFETY: as above.
    unsafe {
        block_back::<V>(&net.blocks[2], net.growth, third);
        transition_back::<V>(&net.transitions[1], second, third);
        block_back::<V>(&net.blocks[1], net.growth, second);
        transition_back::<V>(&net.transitions[0], first, second);
        block_back::<V>(&net.blocks[0], net.growth, first);
        spread_out::<V>(first, 0, start);
    }
    // The gradient's tiled map has done its work, and takes that of the image.
    let (grid, tile) = (&first.grid, first.grid.tile());
    for (t, gradient) in first.gradient.chunks_exact_mut(first.capacity * tile).enumerate() {
        for (_, weights) in net.stem_back.groups() {
            // SAFETY: as above.
            unsafe {
                let sums: Sums<V> = neighbours(&first.planes[..start * grid.plane], grid, t, weights);
                write_group(&sums, gradient);
            }
        }
    }
    for (channel, values) in image.chunks_exact_mut(grid.height * grid.width).enumerate() {
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

fn channels<'a>(grid: &Grid, image: &'a [f32]) -> impl Iterator<Item = &'a [f32]> {
    image.chunks_exact(grid.height * grid.width)
}
