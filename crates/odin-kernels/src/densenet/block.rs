//! A dense block, forward and backward.
use pulp::Simd;

use super::net::{Convolution, Layer};
use super::workspace::{GROUPS_A_WORD, Map, words};
use crate::grid::{Grid, Quad, VECTORS};
use crate::lanes::{
    keep, keep_where_bit, keep_where_positive, read, read_words, relu, with_bit_where_positive, write,
    write_words,
};
use crate::tiles::{GROUP, Packed, Sums, neighbours, pointwise, write_group};
use crate::two_rows::{TwoRows, two_rows};

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

/// The same for a layer, two rows at a time where the map can be dealt out so.
#[inline(always)]
fn grow<S: Simd>(simd: S, map: &mut Map, weights: &Convolution, inputs: usize, first: usize) {
    if map.grid.quads.is_empty() {
        return convolve(simd, map, &weights.plain, inputs, first);
    }
    let (grid, weights) = (&map.grid, &weights.by_two);
    let planes = &map.planes[..inputs * grid.plane];
    for quad in &grid.quads {
        let places = Places::in_tiles(quad, map.capacity, S::F32_LANES, first);
        let (pairs, rest) = weights.groups().groups::<S>();
        for group in pairs {
            let [upper, lower] = two_rows::<S, true>(simd, planes, grid, quad, weights, group);
            write_rows(simd, &upper[0], &lower[0], &places, group, &mut map.x);
            write_rows(simd, &upper[1], &lower[1], &places, group + 1, &mut map.x);
        }
        for group in rest {
            let [upper, lower] = two_rows::<S, false>(simd, planes, grid, quad, weights, group);
            write_rows(simd, &upper[0], &lower[0], &places, group, &mut map.x);
        }
    }
}

/// Where the vectors of a quad begin in a tiled map.
struct Places {
    upper: [usize; 2],
    lower: [usize; 2],
}

impl Places {
    /// At the channel `first` of a map with so many channels.
    #[inline(always)]
    fn in_tiles(&[left, right]: &Quad, capacity: usize, lanes: usize, first: usize) -> Self {
        let at = |vector: usize| ((vector / VECTORS * capacity + first) * VECTORS + vector % VECTORS) * lanes;
        Self {
            upper: [at(left.upper), at(right.upper)],
            lower: [at(left.lower), at(right.lower)],
        }
    }
}

#[inline(always)]
fn write_rows<S: Simd>(
    simd: S,
    upper: &Sums<S>,
    lower: &Sums<S>,
    places: &Places,
    group: usize,
    to: &mut [f32],
) {
    for v in 0..VECTORS {
        for r in 0..GROUP {
            let channel = (group * GROUP + r) * VECTORS * S::F32_LANES;
            write(simd, upper[r][v], &mut to[places.upper[v] + channel..]);
            write(simd, lower[r][v], &mut to[places.lower[v] + channel..]);
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
        grow(simd, map, &layer.grow, 4 * growth, layer.inputs);
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
    let tile = VECTORS * S::F32_LANES;
    let inner = 4 * growth * tile;
    let noted = words(growth) * tile;
    for (l, layer) in layers.iter().enumerate().rev() {
        spread_out(simd, map, layer.inputs, growth);
        let (grid, all) = (&map.grid, map.capacity * tile);
        let planes = &map.planes[..growth * grid.plane];
        let narrow = &map.narrow[l * grid.tiles() * noted..][..grid.tiles() * noted];
        // Two tiles side by side, so that their vectors have places as in a tiled map of all of a bottleneck's channels.
        let rows = inner.next_multiple_of(GROUP * tile);
        for quad in &grid.quads {
            let tiles = [quad[0].upper / VECTORS, quad[1].lower / VECTORS];
            grow_back_two_rows(
                simd,
                planes,
                grid,
                quad,
                &layer.grow_back.by_two,
                narrow,
                noted,
                tiles,
                rows,
                &mut map.panel,
            );
            for (t, panel) in tiles.into_iter().zip(map.panel.chunks_exact(rows)) {
                let (x, gradient) = (&map.x[t * all..][..all], &mut map.gradient[t * all..][..all]);
                reduce_back(simd, layer, &panel[..inner], x, gradient);
            }
        }
        if grid.quads.is_empty() {
            let maps = map.x.chunks_exact(all).zip(map.gradient.chunks_exact_mut(all));
            for (t, (x, gradient)) in maps.enumerate() {
                let narrow = &narrow[t * noted..][..noted];
                grow_back(
                    simd,
                    planes,
                    grid,
                    t,
                    &layer.grow_back.plain,
                    narrow,
                    &mut map.panel,
                );
                reduce_back(simd, layer, &map.panel[..inner], x, gradient);
            }
        }
    }
}

/// The gradient to a bottleneck before its ReLU at one tile.
#[inline(always)]
fn grow_back<S: Simd>(
    simd: S,
    planes: &[f32],
    grid: &Grid,
    t: usize,
    weights: &Packed,
    narrow: &[u32],
    panel: &mut [f32],
) {
    let n = S::F32_LANES;
    let (pairs, rest) = weights.groups::<S>();
    for group in pairs {
        let [a, b] = neighbours::<S, true>(simd, planes, grid, t, weights, group);
        for v in 0..VECTORS {
            gate(simd, &a, v, group, &narrow[v * n..], &mut panel[v * n..]);
            gate(simd, &b, v, group + 1, &narrow[v * n..], &mut panel[v * n..]);
        }
    }
    for group in rest {
        let [sums, _] = neighbours::<S, false>(simd, planes, grid, t, weights, group);
        for v in 0..VECTORS {
            gate(simd, &sums, v, group, &narrow[v * n..], &mut panel[v * n..]);
        }
    }
}

/// The same at a quad's two tiles.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a loop's insides, each argument once")]
fn grow_back_two_rows<S: Simd>(
    simd: S,
    planes: &[f32],
    grid: &Grid,
    quad: &Quad,
    weights: &TwoRows,
    narrow: &[u32],
    noted: usize,
    tiles: [usize; 2],
    rows: usize,
    panel: &mut [f32],
) {
    let n = S::F32_LANES;
    let noted_at = |vector: usize| vector / VECTORS * noted + vector % VECTORS * n;
    let panel_at = |vector: usize| usize::from(vector / VECTORS == tiles[1]) * rows + vector % VECTORS * n;
    let (pairs, rest) = weights.groups().groups::<S>();
    for group in pairs {
        let [upper, lower] = two_rows::<S, true>(simd, planes, grid, quad, weights, group);
        for (v, column) in quad.iter().enumerate() {
            let (from, to) = (noted_at(column.upper), panel_at(column.upper));
            gate(simd, &upper[0], v, group, &narrow[from..], &mut panel[to..]);
            gate(simd, &upper[1], v, group + 1, &narrow[from..], &mut panel[to..]);
            let (from, to) = (noted_at(column.lower), panel_at(column.lower));
            gate(simd, &lower[0], v, group, &narrow[from..], &mut panel[to..]);
            gate(simd, &lower[1], v, group + 1, &narrow[from..], &mut panel[to..]);
        }
    }
    for group in rest {
        let [upper, lower] = two_rows::<S, false>(simd, planes, grid, quad, weights, group);
        for (v, column) in quad.iter().enumerate() {
            let (from, to) = (noted_at(column.upper), panel_at(column.upper));
            gate(simd, &upper[0], v, group, &narrow[from..], &mut panel[to..]);
            let (from, to) = (noted_at(column.lower), panel_at(column.lower));
            gate(simd, &lower[0], v, group, &narrow[from..], &mut panel[to..]);
        }
    }
}

/// Writes a vector of the gradient to a bottleneck's channels to the panel, where their activation was above 0.
#[inline(always)]
fn gate<S: Simd>(simd: S, sums: &Sums<S>, v: usize, group: usize, narrow: &[u32], panel: &mut [f32]) {
    let tile = VECTORS * S::F32_LANES;
    let words = read_words(simd, &narrow[group / GROUPS_A_WORD * tile..]);
    for (r, sum) in sums.iter().enumerate() {
        let value = keep_where_bit(simd, sum[v], words, bit(group, r));
        write(simd, value, &mut panel[(group * GROUP + r) * tile..]);
    }
}

/// From the gradient to a bottleneck at a tile to that of the layer's inputs.
#[inline(always)]
fn reduce_back<S: Simd>(simd: S, layer: &Layer, panel: &[f32], x: &[f32], gradient: &mut [f32]) {
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
