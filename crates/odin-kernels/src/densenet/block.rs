//! A dense block, there and back.
//!
//! # Safety
//! All functions here need a CPU with the vector's instruction set.
use super::net::Layer;
use super::workspace::Map;
use crate::grid::VECTORS;
use crate::lanes::Lanes;
use crate::tiles::{GROUP, Packed, Sums, neighbours, pointwise, write_group};

/// A batch norm's value, of which its ReLU lets through what is above 0.
#[inline(always)]
pub unsafe fn normed<V: Lanes>(x: &[f32], &[slope, shift]: &[f32; 2]) -> V {
    // SAFETY: the caller vouches for the instruction set, as everywhere here.
    unsafe { V::read(x).mul_add(V::splat(slope), V::splat(shift)) }
}

/// 3×3 convolution of the first `inputs` planes into the channels of x from `first` on.
#[inline(always)]
pub unsafe fn convolve<V: Lanes>(map: &mut Map, weights: &Packed, inputs: usize, first: usize) {
    let (grid, tile) = (&map.grid, map.grid.tile());
    let planes = &map.planes[..inputs * grid.plane];
    for (t, x) in map.x.chunks_exact_mut(map.capacity * tile).enumerate() {
        for (group, weights) in weights.groups() {
            // SAFETY: as above.
            unsafe {
                let sums: Sums<V> = neighbours(planes, grid, t, weights);
                write_group(&sums, &mut x[(first + group * GROUP) * tile..]);
            }
        }
    }
}

/// Fills the channels of x that the layers add. `record` notes what the way back needs.
#[inline(always)]
pub unsafe fn block<V: Lanes>(layers: &[Layer], growth: usize, map: &mut Map, record: bool) {
    let inner = 4 * growth;
    let tile = VECTORS * V::N;
    let bits = inner.next_multiple_of(GROUP) * VECTORS;
    for (l, layer) in layers.iter().enumerate() {
        let (grid, planes) = (&map.grid, &mut map.planes);
        let panel = &mut map.panel[..layer.inputs * tile];
        for (t, x) in map.x.chunks_exact(map.capacity * tile).enumerate() {
            let rows = x.chunks_exact(tile).zip(panel.chunks_exact_mut(tile));
            for ((x, to), norm) in rows.zip(&layer.norm) {
                for v in 0..VECTORS {
                    // SAFETY: as above.
                    unsafe {
                        normed::<V>(&x[v * V::N..], norm)
                            .relu()
                            .write(&mut to[v * V::N..])
                    };
                }
            }
            let narrow = &mut map.narrow[(l * grid.tiles() + t) * bits..][..bits];
            for (group, weights) in layer.reduce.groups() {
                let mut bias = [0.0; GROUP];
                bias.copy_from_slice(&layer.reduce_bias[group * GROUP..][..GROUP]);
                let planes = &mut planes[group * GROUP * grid.plane..][..GROUP * grid.plane];
                let narrow = &mut narrow[group * GROUP * VECTORS..][..GROUP * VECTORS];
                // SAFETY: as above.
                unsafe {
                    let sums: Sums<V> = pointwise(panel, weights, bias);
                    for v in 0..VECTORS {
                        let (at, real) = (grid.at[t * VECTORS + v], grid.real[t * VECTORS + v]);
                        for (r, sum) in sums.iter().enumerate() {
                            let value = sum[v].relu();
                            value.keep(real).write(&mut planes[r * grid.plane + at..]);
                            if record {
                                narrow[r * VECTORS + v] = value.positive();
                            }
                        }
                    }
                }
            }
        }
        // SAFETY: as above.
        unsafe { convolve::<V>(map, &layer.grow, inner, layer.inputs) };
    }
}

/// Channels `first..first + count` of the gradient as planes.
#[inline(always)]
pub unsafe fn spread_out<V: Lanes>(map: &mut Map, first: usize, count: usize) {
    let (grid, tile) = (&map.grid, map.grid.tile());
    for (t, gradient) in map.gradient.chunks_exact(map.capacity * tile).enumerate() {
        let rows = gradient[first * tile..][..count * tile].chunks_exact(tile);
        for (row, plane) in rows.zip(map.planes.chunks_exact_mut(grid.plane)) {
            for v in 0..VECTORS {
                let (at, real) = (grid.at[t * VECTORS + v], grid.real[t * VECTORS + v]);
                // SAFETY: as above.
                unsafe { V::read(&row[v * V::N..]).keep(real).write(&mut plane[at..]) };
            }
        }
    }
}

/// Adds to the gradient of each layer's inputs what comes through the channels that the layer has added.
#[inline(always)]
pub unsafe fn block_back<V: Lanes>(layers: &[Layer], growth: usize, map: &mut Map) {
    let inner = 4 * growth;
    let tile = VECTORS * V::N;
    let bits = inner.next_multiple_of(GROUP) * VECTORS;
    for (l, layer) in layers.iter().enumerate().rev() {
        // SAFETY: as above.
        unsafe { spread_out::<V>(map, layer.inputs, growth) };
        let grid = &map.grid;
        let (planes, panel) = (&map.planes[..growth * grid.plane], &mut map.panel);
        let all = map.capacity * tile;
        let maps = map.x.chunks_exact(all).zip(map.gradient.chunks_exact_mut(all));
        for (t, (x, gradient)) in maps.enumerate() {
            let narrow = &map.narrow[(l * grid.tiles() + t) * bits..][..bits];
            for (group, weights) in layer.grow_back.groups() {
                let narrow = &narrow[group * GROUP * VECTORS..][..GROUP * VECTORS];
                let panel = &mut panel[group * GROUP * tile..][..GROUP * tile];
                // SAFETY: as above.
                unsafe {
                    let sums: Sums<V> = neighbours(planes, grid, t, weights);
                    for (r, sum) in sums.iter().enumerate() {
                        for (v, sum) in sum.iter().enumerate() {
                            let value = sum.keep(narrow[r * VECTORS + v]);
                            value.write(&mut panel[r * tile + v * V::N..]);
                        }
                    }
                }
            }
            for (group, weights) in layer.reduce_back.groups() {
                let from = group * GROUP;
                let norms = &layer.norm[from..][..GROUP];
                let x = &x[from * tile..][..GROUP * tile];
                let gradient = &mut gradient[from * tile..][..GROUP * tile];
                // SAFETY: as above.
                unsafe {
                    let sums: Sums<V> = pointwise(&panel[..inner * tile], weights, [0.0; GROUP]);
                    for (r, sum) in sums.iter().enumerate() {
                        for (v, sum) in sum.iter().enumerate() {
                            let at = r * tile + v * V::N;
                            let value = sum.keep_where_positive(normed(&x[at..], &norms[r]));
                            V::read(&gradient[at..]).add(value).write(&mut gradient[at..]);
                        }
                    }
                }
            }
        }
    }
}
