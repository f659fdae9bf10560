//! A dense block, forward and backward.
use pulp::Simd;

use super::net::Layer;
use super::workspace::{GROUPS_A_WORD, Map, words};
use crate::grid::{Grid, VECTORS};
use crate::lanes::{
    keep, keep_where_bit, keep_where_positive, read, read_words, relu, with_bit_where_positive, write,
    write_words,
};
use crate::tiles::{GROUP, Packed, Sums, neighbours, pointwise, write_group};

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
        let x = &mut x[first * tile..];
        let (pairs, rest) = weights.groups::<S>();
        for group in pairs {
            let [a, b] = neighbours::<S, true>(simd, planes, grid, t, weights, group);
            write_group(simd, &a, &mut x[group * GROUP * tile..]);
            write_group(simd, &b, &mut x[(group + 1) * GROUP * tile..]);
        }
        for group in rest {
            let [sums, _] = neighbours::<S, false>(simd, planes, grid, t, weights, group);
            write_group(simd, &sums, &mut x[group * GROUP * tile..]);
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
            let mut narrow = record.then_some(narrow);
            let (pairs, rest) = layer.reduce.groups::<S>();
            for group in pairs {
                let [a, b] = pointwise::<S, true>(simd, panel, &layer.reduce, group, &layer.reduce_bias);
                rectify(simd, &a, group, grid, t, planes, narrow.as_deref_mut());
                rectify(simd, &b, group + 1, grid, t, planes, narrow.as_deref_mut());
            }
            for group in rest {
                let [sums, _] = pointwise::<S, false>(simd, panel, &layer.reduce, group, &layer.reduce_bias);
                rectify(simd, &sums, group, grid, t, planes, narrow.as_deref_mut());
            }
        }
        convolve(simd, map, &layer.grow, 4 * growth, layer.inputs);
    }
}

/// Writes a bottleneck's activations to planes, and notes where they are above 0.
#[inline(always)]
fn rectify<S: Simd>(
    simd: S,
    sums: &Sums<S>,
    group: usize,
    grid: &Grid,
    t: usize,
    planes: &mut [f32],
    mut narrow: Option<&mut [u32]>,
) {
    let n = S::F32_LANES;
    let planes = &mut planes[group * GROUP * grid.plane..][..GROUP * grid.plane];
    for v in 0..VECTORS {
        let (at, real) = (grid.at[t * VECTORS + v], grid.real(t * VECTORS + v));
        for (r, sum) in sums.iter().enumerate() {
            let value = keep(simd, relu(simd, sum[v]), real);
            write(simd, value, &mut planes[r * grid.plane + at..]);
        }
        if let Some(narrow) = &mut narrow {
            let at = (group / GROUPS_A_WORD * VECTORS + v) * n;
            let mut words = read_words(simd, &narrow[at..]);
            for (r, sum) in sums.iter().enumerate() {
                words = with_bit_where_positive(simd, words, bit(group, r), sum[v]);
            }
            write_words(simd, words, &mut narrow[at..]);
        }
    }
}

/// The bit of a channel in its group's word.
#[inline(always)]
fn bit(group: usize, channel: usize) -> u32 {
    (group % GROUPS_A_WORD * GROUP + channel) as u32
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
            let (pairs, rest) = layer.grow_back.groups::<S>();
            for group in pairs {
                let [a, b] = neighbours::<S, true>(simd, planes, grid, t, &layer.grow_back, group);
                gate(simd, &a, group, narrow, panel);
                gate(simd, &b, group + 1, narrow, panel);
            }
            for group in rest {
                let [sums, _] = neighbours::<S, false>(simd, planes, grid, t, &layer.grow_back, group);
                gate(simd, &sums, group, narrow, panel);
            }
            let panel = &panel[..inner * tile];
            let (pairs, rest) = layer.reduce_back.groups::<S>();
            for group in pairs {
                let [a, b] = pointwise::<S, true>(simd, panel, &layer.reduce_back, group, &[]);
                add_where_open(simd, &a, group, &layer.norm, x, gradient);
                add_where_open(simd, &b, group + 1, &layer.norm, x, gradient);
            }
            for group in rest {
                let [sums, _] = pointwise::<S, false>(simd, panel, &layer.reduce_back, group, &[]);
                add_where_open(simd, &sums, group, &layer.norm, x, gradient);
            }
        }
    }
}

/// Writes the gradient to a bottleneck's channels to the panel, where their activation was above 0.
#[inline(always)]
fn gate<S: Simd>(simd: S, sums: &Sums<S>, group: usize, narrow: &[u32], panel: &mut [f32]) {
    let n = S::F32_LANES;
    let panel = &mut panel[group * GROUP * VECTORS * n..][..GROUP * VECTORS * n];
    for v in 0..VECTORS {
        let words = read_words(simd, &narrow[(group / GROUPS_A_WORD * VECTORS + v) * n..]);
        for (r, sum) in sums.iter().enumerate() {
            let value = keep_where_bit(simd, sum[v], words, bit(group, r));
            write(simd, value, &mut panel[(r * VECTORS + v) * n..]);
        }
    }
}

/// Adds to the gradient of a layer's inputs where their batch norm's ReLU lets through.
#[inline(always)]
fn add_where_open<S: Simd>(
    simd: S,
    sums: &Sums<S>,
    group: usize,
    norms: &[[f32; 2]],
    x: &[f32],
    gradient: &mut [f32],
) {
    let (n, tile, from) = (S::F32_LANES, VECTORS * S::F32_LANES, group * GROUP);
    let norms = &norms[from..][..GROUP];
    let x = &x[from * tile..][..GROUP * tile];
    let gradient = &mut gradient[from * tile..][..GROUP * tile];
    for (r, sum) in sums.iter().enumerate() {
        for (v, &sum) in sum.iter().enumerate() {
            let at = r * tile + v * n;
            let value = keep_where_positive(simd, sum, normed(simd, &x[at..], &norms[r]));
            let value = simd.add_f32s(read(simd, &gradient[at..]), value);
            write(simd, value, &mut gradient[at..]);
        }
    }
}
