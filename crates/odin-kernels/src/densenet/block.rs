//! A dense block, forward and backward.
use pulp::Simd;

use super::net::Layer;
use super::workspace::{GROUPS_A_WORD, Map, words};
use crate::grid::VECTORS;
use crate::lanes::{keep, keep_where_bit, keep_where_positive, note_positive, read, read_words, relu, write};
use crate::tiles::{GROUP, Packed, neighbours, pointwise, write_group};

/// A batch norm's value, of which its ReLU lets through what is above 0.
#[inline(always)]
pub(super) fn normed<S: Simd>(simd: S, x: &[f32], &[slope, shift]: &[f32; 2]) -> S::f32s {
    simd.mul_add_f32s(read(simd, x), simd.splat_f32s(slope), simd.splat_f32s(shift))
}

/// 3×3 convolution of the first `inputs` planes into the channels of x from `first` on.
#[inline(always)]
pub(super) fn convolve<S: Simd>(simd: S, map: &mut Map, weights: &Packed, inputs: usize, first: usize) {
    let (grid, tile) = (&map.grid, map.grid.tile());
    let planes = &map.planes[..inputs * grid.plane];
    for (t, x) in map.x.chunks_exact_mut(map.capacity * tile).enumerate() {
        for (group, weights) in weights.groups() {
            let sums = neighbours(simd, planes, grid, t, weights);
            write_group(simd, &sums, &mut x[(first + group * GROUP) * tile..]);
        }
    }
}

/// Fills the channels of x that the layers add. `record` notes what the backward pass needs.
#[inline(always)]
pub(super) fn forward<S: Simd>(simd: S, layers: &[Layer], growth: usize, map: &mut Map, record: bool) {
    let n = S::F32_LANES;
    let tile = VECTORS * n;
    let noted = words(growth) * tile;
    for (l, layer) in layers.iter().enumerate() {
        let (grid, planes) = (&map.grid, &mut map.planes);
        let panel = &mut map.panel[..layer.inputs * tile];
        for (t, x) in map.x.chunks_exact(map.capacity * tile).enumerate() {
            let rows = x.chunks_exact(tile).zip(panel.chunks_exact_mut(tile));
            for ((x, to), norm) in rows.zip(&layer.norm) {
                for v in 0..VECTORS {
                    let value = relu(simd, normed(simd, &x[v * n..], norm));
                    write(simd, value, &mut to[v * n..]);
                }
            }
            let narrow = &mut map.narrow[(l * grid.tiles() + t) * noted..][..noted];
            if record {
                narrow.fill(0);
            }
            for (group, weights) in layer.reduce.groups() {
                let bias = &layer.reduce_bias[group];
                let planes = &mut planes[group * GROUP * grid.plane..][..GROUP * grid.plane];
                let narrow = &mut narrow[group / GROUPS_A_WORD * tile..][..tile];
                let bit = (group % GROUPS_A_WORD * GROUP) as u32;
                let sums = pointwise(simd, panel, weights, bias);
                for v in 0..VECTORS {
                    let (at, real) = (grid.at[t * VECTORS + v], grid.real(t * VECTORS + v));
                    for (r, sum) in sums.iter().enumerate() {
                        let value = relu(simd, sum[v]);
                        write(simd, keep(simd, value, real), &mut planes[r * grid.plane + at..]);
                        if record {
                            note_positive(simd, value, &mut narrow[v * n..], bit + r as u32);
                        }
                    }
                }
            }
        }
        convolve(simd, map, &layer.grow, 4 * growth, layer.inputs);
    }
}

/// Channels `first..first + count` of the gradient as planes.
#[inline(always)]
pub(super) fn spread_out<S: Simd>(simd: S, map: &mut Map, first: usize, count: usize) {
    let (grid, tile) = (&map.grid, map.grid.tile());
    for (t, gradient) in map.gradient.chunks_exact(map.capacity * tile).enumerate() {
        let rows = gradient[first * tile..][..count * tile].chunks_exact(tile);
        for (row, plane) in rows.zip(map.planes.chunks_exact_mut(grid.plane)) {
            for v in 0..VECTORS {
                let (at, real) = (grid.at[t * VECTORS + v], grid.real(t * VECTORS + v));
                let value = keep(simd, read(simd, &row[v * S::F32_LANES..]), real);
                write(simd, value, &mut plane[at..]);
            }
        }
    }
}

/// Adds to the gradient of each layer's inputs what comes through the channels that the layer has added.
#[inline(always)]
pub(super) fn backward<S: Simd>(simd: S, layers: &[Layer], growth: usize, map: &mut Map) {
    let n = S::F32_LANES;
    let inner = 4 * growth;
    let tile = VECTORS * n;
    let noted = words(growth) * tile;
    for (l, layer) in layers.iter().enumerate().rev() {
        spread_out(simd, map, layer.inputs, growth);
        let grid = &map.grid;
        let (planes, panel) = (&map.planes[..growth * grid.plane], &mut map.panel);
        let all = map.capacity * tile;
        let maps = map.x.chunks_exact(all).zip(map.gradient.chunks_exact_mut(all));
        for (t, (x, gradient)) in maps.enumerate() {
            let narrow = &map.narrow[(l * grid.tiles() + t) * noted..][..noted];
            for (group, weights) in layer.grow_back.groups() {
                let narrow = &narrow[group / GROUPS_A_WORD * tile..][..tile];
                let bit = (group % GROUPS_A_WORD * GROUP) as u32;
                let panel = &mut panel[group * GROUP * tile..][..GROUP * tile];
                let sums = neighbours(simd, planes, grid, t, weights);
                for v in 0..VECTORS {
                    let words = read_words(simd, &narrow[v * n..]);
                    for (r, sum) in sums.iter().enumerate() {
                        let value = keep_where_bit(simd, sum[v], words, bit + r as u32);
                        write(simd, value, &mut panel[r * tile + v * n..]);
                    }
                }
            }
            for (group, weights) in layer.reduce_back.groups() {
                let from = group * GROUP;
                let norms = &layer.norm[from..][..GROUP];
                let x = &x[from * tile..][..GROUP * tile];
                let gradient = &mut gradient[from * tile..][..GROUP * tile];
                let sums = pointwise(simd, &panel[..inner * tile], weights, &[0.0; GROUP]);
                for (r, sum) in sums.iter().enumerate() {
                    for (v, &sum) in sum.iter().enumerate() {
                        let at = r * tile + v * n;
                        let value = keep_where_positive(simd, sum, normed(simd, &x[at..], &norms[r]));
                        let value = simd.add_f32s(read(simd, &gradient[at..]), value);
                        write(simd, value, &mut gradient[at..]);
                    }
                }
            }
        }
    }
}
