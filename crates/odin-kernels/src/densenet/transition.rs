//! From one block to the next, forward and backward: batch norm, ReLU, 1×1 convolution, pooling of 2×2.
//!
//! The convolution is linear and comes after the pool here, on a quarter of the positions.
use pulp::Simd;

use super::block::normed;
use super::net::Transition;
use super::workspace::Map;
use crate::grid::VECTORS;
use crate::lanes::{keep, keep_where_positive, read, relu, write};
use crate::tiles::{GROUP, Packed, pointwise, write_group};

/// Fills the first channels of the next block's x.
#[inline(always)]
pub(super) fn forward<S: Simd>(simd: S, transition: &Transition, from: &mut Map, to: &mut Map) {
    let n = S::F32_LANES;
    let tile = VECTORS * n;
    let (grid, small) = (&from.grid, &to.grid);
    let capacity = transition.norm.len().next_multiple_of(GROUP);
    let at_once = planes_at_once(from, to);
    for (turn, norms) in transition.norm.chunks(at_once).enumerate() {
        let first = turn * at_once;
        for (t, x) in from.x.chunks_exact(from.capacity * tile).enumerate() {
            let rows = x[first * tile..].chunks_exact(tile).zip(norms);
            for ((x, norm), plane) in rows.zip(from.planes.chunks_exact_mut(grid.plane)) {
                for v in 0..VECTORS {
                    let (at, real) = (grid.at[t * VECTORS + v], grid.real(t * VECTORS + v));
                    let value = relu(simd, normed(simd, &x[v * n..], norm));
                    write(simd, keep(simd, value, real), &mut plane[at..]);
                }
            }
        }
        let planes = from
            .planes
            .chunks_exact(grid.plane)
            .zip(to.planes.chunks_exact_mut(small.plane));
        for (plane, pooled) in planes.take(norms.len()) {
            for y in 0..small.height {
                let row = |y| plane[grid.place(y, 0)..][..2 * small.width].chunks_exact(2);
                let pooled = &mut pooled[small.place(y, 0)..][..small.width];
                for ((pooled, a), b) in pooled.iter_mut().zip(row(2 * y)).zip(row(2 * y + 1)) {
                    *pooled = 0.25 * ((a[0] + a[1]) + (b[0] + b[1]));
                }
            }
        }
        for (t, pooled) in to.pooled.chunks_exact_mut(capacity * tile).enumerate() {
            let rows = pooled[first * tile..].chunks_exact_mut(tile).take(norms.len());
            for (row, plane) in rows.zip(to.planes.chunks_exact(small.plane)) {
                for v in 0..VECTORS {
                    let at = small.at[t * VECTORS + v];
                    write(simd, read(simd, &plane[at..]), &mut row[v * n..]);
                }
            }
        }
    }
    let inputs = transition.norm.len() * tile;
    let maps = to.pooled.chunks_exact(capacity * tile);
    for (pooled, x) in maps.zip(to.x.chunks_exact_mut(to.capacity * tile)) {
        mix(simd, &pooled[..inputs], &transition.conv, x);
    }
}

/// Sets the gradient of the whole block before from that of the next one's first channels.
#[inline(always)]
pub(super) fn backward<S: Simd>(simd: S, transition: &Transition, from: &mut Map, to: &mut Map) {
    let n = S::F32_LANES;
    let tile = VECTORS * n;
    let (grid, small) = (&from.grid, &to.grid);
    let capacity = transition.norm.len().next_multiple_of(GROUP);
    let inputs = transition.conv.outputs * tile;
    let maps = to.pooled.chunks_exact_mut(capacity * tile);
    for (pooled, gradient) in maps.zip(to.gradient.chunks_exact(to.capacity * tile)) {
        mix(simd, &gradient[..inputs], &transition.conv_back, pooled);
    }
    let at_once = planes_at_once(from, to);
    for (turn, norms) in transition.norm.chunks(at_once).enumerate() {
        let first = turn * at_once;
        for (t, pooled) in to.pooled.chunks_exact(capacity * tile).enumerate() {
            let rows = pooled[first * tile..].chunks_exact(tile).take(norms.len());
            for (row, plane) in rows.zip(to.planes.chunks_exact_mut(small.plane)) {
                for v in 0..VECTORS {
                    let (at, real) = (small.at[t * VECTORS + v], small.real(t * VECTORS + v));
                    let value = keep(simd, read(simd, &row[v * n..]), real);
                    write(simd, value, &mut plane[at..]);
                }
            }
        }
        let planes = from
            .planes
            .chunks_exact_mut(grid.plane)
            .zip(to.planes.chunks_exact(small.plane));
        for (plane, pooled) in planes.take(norms.len()) {
            for y in 0..grid.height {
                let row = &mut plane[grid.place(y, 0)..][..grid.width];
                // Positions beyond the last whole window were not pooled.
                let (pairs, rest) = row.split_at_mut(if y < 2 * small.height { 2 * small.width } else { 0 });
                rest.fill(0.0);
                let pooled = &pooled[small.place(y / 2, 0)..];
                for (pair, &value) in pairs.chunks_exact_mut(2).zip(pooled) {
                    pair.fill(value);
                }
            }
        }
        let all = from.capacity * tile;
        let maps = from.x.chunks_exact(all).zip(from.gradient.chunks_exact_mut(all));
        for (t, (x, gradient)) in maps.enumerate() {
            let rows = x[first * tile..]
                .chunks_exact(tile)
                .zip(gradient[first * tile..].chunks_exact_mut(tile));
            for (((x, gradient), plane), norm) in rows.zip(from.planes.chunks_exact(grid.plane)).zip(norms) {
                for v in 0..VECTORS {
                    let value = read(simd, &plane[grid.at[t * VECTORS + v]..]);
                    let value = keep_where_positive(simd, value, normed(simd, &x[v * n..], norm));
                    write(simd, value, &mut gradient[v * n..]);
                }
            }
        }
    }
}

/// A 1×1 convolution of a tile into another.
#[inline(always)]
fn mix<S: Simd>(simd: S, tile: &[f32], weights: &Packed, to: &mut [f32]) {
    let channels = GROUP * VECTORS * S::F32_LANES;
    let (pairs, rest) = weights.groups::<S>();
    for group in pairs {
        let [a, b] = pointwise::<S, true>(simd, tile, weights, group, &[]);
        write_group(simd, &a, &mut to[group * channels..]);
        write_group(simd, &b, &mut to[(group + 1) * channels..]);
    }
    for group in rest {
        let [sums, _] = pointwise::<S, false>(simd, tile, weights, group, &[]);
        write_group(simd, &sums, &mut to[group * channels..]);
    }
}

/// Channels that both maps have planes for.
fn planes_at_once(from: &Map, to: &Map) -> usize {
    (from.planes.len() / from.grid.plane)
        .min(to.planes.len() / to.grid.plane)
        .max(1)
}
