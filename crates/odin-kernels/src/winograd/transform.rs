//! From maps to what is multiplied, and from products to maps.
use pulp::Simd;

use super::map::{Gate, Then};
use super::tiles::Places;
use crate::lanes::{keep_where_positive, read, relu, write};

/// Products by which a tile's sums are found.
pub(super) const PRODUCTS: usize = 16;

/// Value `product` (row and column of 4×4) of G g Gᵀ.
pub(super) fn of_weights(product: usize, weight: impl Fn(usize) -> f32) -> f32 {
    const G: [[f64; 3]; 4] = [
        [1.0, 0.0, 0.0],
        [0.5, 0.5, 0.5],
        [0.5, -0.5, 0.5],
        [0.0, 0.0, 1.0],
    ];
    let (row, column) = (G[product / 4], G[product % 4]);
    let term = |tap: usize| row[tap / 3] * column[tap % 3] * f64::from(weight(tap));
    (0..9).map(term).sum::<f64>() as f32
}

/// Bᵀ d B of each channel of a tile: value p of channel c goes to `to[p * stride + c]`.
#[inline(always)]
pub(super) fn to_products<S: Simd>(
    simd: S,
    x: &[f32],
    channels: usize,
    places: Places<16>,
    to: &mut [f32],
    stride: usize,
) {
    let zero = simd.splat_f32s(0.0);
    for c in (0..channels).step_by(S::F32_LANES) {
        let mut d = [zero; PRODUCTS];
        for (d, place) in d.iter_mut().zip(places) {
            if let Some(place) = place {
                *d = read(simd, &x[place * channels + c..]);
            }
        }
        // Down the columns, then along the rows.
        let mut down = [zero; PRODUCTS];
        for n in 0..4 {
            let [a, b, c, d] = apply_b(simd, [d[n], d[4 + n], d[8 + n], d[12 + n]]);
            (down[n], down[4 + n], down[8 + n], down[12 + n]) = (a, b, c, d);
        }
        for n in 0..4 {
            let row = 4 * n;
            let along = apply_b(simd, [down[row], down[row + 1], down[row + 2], down[row + 3]]);
            for (m, &value) in along.iter().enumerate() {
                write(simd, value, &mut to[(row + m) * stride + c..]);
            }
        }
    }
}

/// Bᵀ d.
#[inline(always)]
fn apply_b<S: Simd>(simd: S, [d0, d1, d2, d3]: [S::f32s; 4]) -> [S::f32s; 4] {
    [
        simd.sub_f32s(d0, d2),
        simd.add_f32s(d1, d2),
        simd.sub_f32s(d2, d1),
        simd.sub_f32s(d1, d3),
    ]
}

/// Aᵀ m A of each channel of a tile, and what comes after it, into the map `out`: value p of channel c is at
/// `from[p * stride + c]`.
#[inline(always)]
pub(super) fn from_products<S: Simd>(
    simd: S,
    from: &[f32],
    stride: usize,
    channels: usize,
    places: Places<4>,
    then: &Then<'_>,
    out: &mut [f32],
) {
    let zero = simd.splat_f32s(0.0);
    for c in (0..channels).step_by(S::F32_LANES) {
        let mut down = [zero; 8];
        for n in 0..4 {
            let mut m = [zero; 4];
            for (row, m) in m.iter_mut().enumerate() {
                *m = read(simd, &from[(4 * row + n) * stride + c..]);
            }
            (down[n], down[4 + n]) = apply_a(simd, m);
        }
        let (a, b) = apply_a(simd, [down[0], down[1], down[2], down[3]]);
        let (c2, d) = apply_a(simd, [down[4], down[5], down[6], down[7]]);
        let bias = match then.bias.is_empty() {
            true => zero,
            false => read(simd, &then.bias[c..]),
        };
        for (sum, place) in [a, b, c2, d].into_iter().zip(places) {
            let Some(place) = place else { continue };
            let at = place * channels + c;
            let mut value = simd.add_f32s(sum, bias);
            if let Some(add) = then.add {
                value = simd.add_f32s(value, read(simd, &add[at..]));
            }
            value = match then.gate {
                Gate::Open => value,
                Gate::Relu => relu(simd, value),
                Gate::Where(gate) => keep_where_positive(simd, value, read(simd, &gate[at..])),
            };
            write(simd, value, &mut out[at..]);
        }
    }
}

/// Aᵀ m.
#[inline(always)]
fn apply_a<S: Simd>(simd: S, [m0, m1, m2, m3]: [S::f32s; 4]) -> (S::f32s, S::f32s) {
    (
        simd.add_f32s(simd.add_f32s(m0, m1), m2),
        simd.sub_f32s(simd.sub_f32s(m1, m2), m3),
    )
}
