//! Products with rows that are mostly 0.
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

/// Columns that are computed together: twelve vectors of four, as many as an AVX2 core keeps in registers.
const COLUMNS: usize = 48;
/// Rows of the table that are gone through at once: with so many columns they fill three quarters of a first-level cache.
const PLACES: usize = 64;
/// Rows of the result that are computed at once.
const ROWS: usize = 64;
/// Columns are made up to whole vectors of any CPU.
const LANES: usize = 8;

/// A matrix [width, columns] whose rows are added up.
#[derive(Debug)]
pub(crate) struct Table {
    /// In chunks of columns, of which each is row by row.
    chunks: Vec<f64>,
    width: usize,
    stride: usize,
}

impl Table {
    /// The transpose of rows [columns, width].
    pub(crate) fn transposed<T: Copy + Into<f64>>(rows: &[T], width: usize) -> Self {
        let columns = rows.len() / width;
        let stride = columns.next_multiple_of(LANES);
        let mut chunks = vec![0.0; stride * width];
        for (column, row) in rows.chunks_exact(width).enumerate() {
            let first = column / COLUMNS * COLUMNS;
            let chunk_width = COLUMNS.min(stride - first);
            let chunk = &mut chunks[first * width..][..chunk_width * width];
            for (out, &value) in chunk[column - first..].iter_mut().step_by(chunk_width).zip(row) {
                *out = value.into();
            }
        }
        Self {
            chunks,
            width,
            stride,
        }
    }

    /// How many columns a row of a product has: those of the table, made up to whole vectors.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Adds to each row of `out` [rows, stride] the table's rows times the row's coefficients. `select` says of a row, from a
    /// first place on, where these are: the cost is that of those alone; `coefficient` is asked for each of them. What a row
    /// adds up to depends on its own coefficients alone, to the bit.
    pub(crate) fn add_products(
        &self,
        out: &mut [f64],
        select: impl Fn(usize, usize, &mut [bool]),
        coefficient: impl Fn(usize, usize) -> f64,
    ) {
        let mut terms = Terms::default();
        for (part, out) in out.chunks_mut(ROWS * self.stride).enumerate() {
            let rows = part * ROWS..part * ROWS + out.len() / self.stride;
            for first in (0..self.width).step_by(PLACES) {
                terms.fill(rows.clone(), first, self.width, &select, &coefficient);
                self.add(first, &terms, out);
            }
        }
    }

    /// The same by coefficients that several tables are multiplied with.
    pub(crate) fn add_products_of(&self, out: &mut [f64], coefficients: &Coefficients) {
        let mut parts = coefficients.0.iter();
        for out in out.chunks_mut(ROWS * self.stride) {
            for (first, terms) in (0..self.width).step_by(PLACES).zip(&mut parts) {
                self.add(first, terms, out);
            }
        }
    }

    fn add(&self, first: usize, terms: &Terms, out: &mut [f64]) {
        Arch::new().dispatch(Add {
            table: self,
            first,
            terms,
            out,
        });
    }
}

/// Coefficients that are not 0, in the order in which a product goes through them.
pub(crate) struct Coefficients(Vec<Terms>);

impl Coefficients {
    /// Of a matrix row by row.
    pub(crate) fn new(matrix: &[f64], width: usize) -> Self {
        let rows = matrix.len() / width;
        let mut parts = Vec::new();
        for part in (0..rows).step_by(ROWS) {
            for first in (0..width).step_by(PLACES) {
                let mut terms = Terms::default();
                let select = |row: usize, first: usize, out: &mut [bool]| {
                    let values = &matrix[row * width + first..];
                    out.iter_mut()
                        .zip(values)
                        .for_each(|(out, &value)| *out = value != 0.0);
                };
                let coefficient = |row: usize, place: usize| matrix[row * width + place];
                terms.fill(part..rows.min(part + ROWS), first, width, select, coefficient);
                parts.push(terms);
            }
        }
        Self(parts)
    }
}

/// The coefficients of some rows, with their places.
#[derive(Default)]
struct Terms {
    values: Vec<(f64, usize)>,
    /// Where each row ends.
    ends: Vec<usize>,
}

impl Terms {
    fn fill(
        &mut self,
        rows: Range<usize>,
        first: usize,
        width: usize,
        select: impl Fn(usize, usize, &mut [bool]),
        coefficient: impl Fn(usize, usize) -> f64,
    ) {
        self.values.clear();
        self.ends.clear();
        let mut selected = [false; PLACES];
        let count = PLACES.min(width - first);
        for row in rows {
            select(row, first, &mut selected[..count]);
            let mut bits = bits(&selected);
            while bits != 0 {
                let place = bits.trailing_zeros() as usize;
                self.values.push((coefficient(row, first + place), place));
                bits &= bits - 1;
            }
            self.ends.push(self.values.len());
        }
    }
}

/// A bit for each: going from one to the next costs less than a branch a value, which cannot be foreseen.
fn bits(selected: &[bool; PLACES]) -> u64 {
    let (eights, _) = selected.as_chunks::<8>();
    let bytes = eights.iter().map(|eight| {
        // Eight bytes of 0 or 1, the lowest first, become the eight bits of the upper byte.
        let bytes = u64::from_le_bytes(eight.map(u8::from));
        bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56
    });
    bytes.rev().fold(0, |bits, byte| bits << 8 | byte)
}

/// The products of one part of the places.
struct Add<'a> {
    table: &'a Table,
    first: usize,
    terms: &'a Terms,
    out: &'a mut [f64],
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Table {
            chunks,
            width,
            stride,
        } = self.table;
        for first in (0..*stride).step_by(COLUMNS) {
            let columns = COLUMNS.min(stride - first);
            let chunk = &chunks[first * width..][..columns * width];
            let tile = &chunk[self.first * columns..];
            let mut start = 0;
            for (&end, row) in self.terms.ends.iter().zip(self.out.chunks_exact_mut(*stride)) {
                let terms = &self.terms.values[start..end];
                start = end;
                let row = &mut row[first..][..columns];
                let mut column = 0;
                while column < columns {
                    let tile = &tile[column..];
                    let row = &mut row[column..];
                    let vectors = row.len() / S::F64_LANES;
                    column += S::F64_LANES
                        * match vectors {
                            12.. => add::<S, 12>(simd, tile, columns, terms, row),
                            6.. => add::<S, 6>(simd, tile, columns, terms, row),
                            3.. => add::<S, 3>(simd, tile, columns, terms, row),
                            _ => add::<S, 1>(simd, tile, columns, terms, row),
                        };
                }
            }
        }
    }
}

/// N vectors of a row of the result; says how many.
#[inline(always)]
fn add<S: Simd, const N: usize>(
    simd: S,
    tile: &[f64],
    stride: usize,
    terms: &[(f64, usize)],
    row: &mut [f64],
) -> usize {
    let row = S::as_mut_simd_f64s(row).0;
    let row: &mut [S::f64s; N] = row.first_chunk_mut().expect("the caller counts the vectors");
    let mut sums = *row;
    for &(value, place) in terms {
        let value = simd.splat_f64s(value);
        let vectors = S::as_simd_f64s(&tile[place * stride..][..N * S::F64_LANES]).0;
        for (sum, &vector) in sums.iter_mut().zip(vectors) {
            *sum = simd.mul_add_e_f64s(value, vector, *sum);
        }
    }
    *row = sums;
    N
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_dense_matrices_and_do_not_depend_on_other_rows() {
        let value = |i: usize| (i as f64 * 0.618_033_988_749_895).fract() - 0.5;
        for (columns, width, rows) in [
            (1, 1, 1),
            (10, 342, 70),
            (100, 65, 3),
            (49, 130, 129),
            (1000, 7, 2),
        ] {
            let matrix: Vec<f64> = (0..columns * width).map(value).collect();
            let table = Table::transposed(&matrix, width);
            let coefficient = |row: usize, place: usize| match value(row * width + place + 7) {
                value if value < 0.1 => 0.0,
                value => value,
            };
            let select = |row: usize, first: usize, out: &mut [bool]| {
                for (place, out) in out.iter_mut().enumerate() {
                    *out = coefficient(row, first + place) != 0.0;
                }
            };
            let mut out = vec![0.0; rows * table.stride()];
            table.add_products(&mut out, select, coefficient);
            let dense: Vec<f64> = (0..rows * width)
                .map(|i| coefficient(i / width, i % width))
                .collect();
            let mut again = vec![0.0; rows * table.stride()];
            table.add_products_of(&mut again, &Coefficients::new(&dense, width));
            assert_eq!(again, out);
            for (row, out) in out.chunks_exact(table.stride()).enumerate() {
                for (column, got) in out.iter().take(columns).enumerate() {
                    let terms = (0..width).map(|j| coefficient(row, j) * matrix[column * width + j]);
                    assert!((got - terms.sum::<f64>()).abs() < 1e-13);
                }
                let mut alone = vec![0.0; table.stride()];
                let (select, coefficient) = (
                    |_: usize, first: usize, out: &mut [bool]| select(row, first, out),
                    |_: usize, place: usize| coefficient(row, place),
                );
                table.add_products(&mut alone, select, coefficient);
                assert_eq!(alone, out);
            }
        }
    }
}
