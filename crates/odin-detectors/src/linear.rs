//! Matrices, row by row in f64.
use std::ops::Range;

use nalgebra::{Cholesky, DMatrix, SymmetricEigen};
use rayon::prelude::*;

use crate::number::dot;

/// a bᵀ, [n, m], of a [n, width] and b [m, width]. Each entry is summed in an order that depends on `width` alone.
pub(crate) fn product(a: &[f64], b: &[f64], width: usize) -> Vec<f64> {
    let mut out = vec![0.0; a.len() / width * (b.len() / width)];
    product_into(&mut out, b.len() / width, a, b, width, width);
    out
}

/// The same of the first `inner` columns of a and b, into the first columns of rows of `stride`.
fn product_into(out: &mut [f64], stride: usize, a: &[f64], b: &[f64], width: usize, inner: usize) {
    let (n, m) = (a.len() / width, b.len() / width);
    if n == 0 || m == 0 {
        return;
    }
    let step = |size: usize| isize::try_from(size).expect("no slice is longer than isize::MAX");
    assert!(a.len() == n * width && b.len() == m * width, "whole rows");
    assert!(
        inner <= width && m <= stride && (n - 1) * stride + m <= out.len(),
        "room for them"
    );
    // SAFETY: a is read as [n, inner] of rows of `width`, b as [inner, m] of columns of `width`, which the first assertion
    // and the second one's start allow; out is written as [n, m] of rows of `stride`, for which it has room, and is no part
    // of the others.
    unsafe {
        matrixmultiply::dgemm(
            n,
            inner,
            m,
            1.0,
            a.as_ptr(),
            step(width),
            1,
            b.as_ptr(),
            1,
            step(width),
            0.0,
            out.as_mut_ptr(),
            step(stride),
            1,
        );
    }
}

/// Columns of a Gram matrix that are computed together.
const PANEL: usize = 64;

/// Rows that a Gram matrix takes in at once.
pub(crate) const GRAM_ROWS: usize = 1024;

/// aᵀa, [width, width], of a [n, width]: `rows` gives some of them, so that they are never all there in f64.
pub(crate) fn gram(n: usize, width: usize, rows: impl Fn(Range<usize>) -> Vec<f64> + Sync) -> DMatrix<f64> {
    // The rows from the diagonal down; the others are theirs by symmetry.
    let mut panels: Vec<(usize, usize, Vec<f64>)> = (0..width)
        .step_by(PANEL)
        .map(|first| {
            let columns = PANEL.min(width - first);
            (first, columns, vec![0.0; (width - first) * columns])
        })
        .collect();
    let step = |size: usize| isize::try_from(size).expect("no slice is longer than isize::MAX");
    for start in (0..n).step_by(GRAM_ROWS) {
        let end = n.min(start + GRAM_ROWS);
        let parts: Vec<usize> = (start..end).step_by(128).collect();
        let parts: Vec<Vec<f64>> = parts
            .into_par_iter()
            .map(|first| rows(first..end.min(first + 128)))
            .collect();
        let a = parts.concat();
        assert!(a.len() == (end - start) * width, "whole rows");
        panels.par_iter_mut().for_each(|(first, columns, panel)| {
            let from = a[*first..].as_ptr();
            // SAFETY: the last entry that is read of a is [end − start − 1, width − 1], its last; there is a row at least.
            // The panel is written as [width − first, columns], which is its length.
            unsafe {
                matrixmultiply::dgemm(
                    width - *first,
                    end - start,
                    *columns,
                    1.0,
                    from,
                    1,
                    step(width),
                    from,
                    step(width),
                    1,
                    1.0,
                    panel.as_mut_ptr(),
                    step(*columns),
                    1,
                );
            }
        });
    }
    let mut out = DMatrix::zeros(width, width);
    for (first, columns, panel) in panels {
        for (row, values) in panel.chunks_exact(columns).enumerate() {
            for (column, &value) in values.iter().enumerate() {
                out[(first + row, first + column)] = value;
                out[(first + column, first + row)] = value;
            }
        }
    }
    out
}

/// Adds weight · x xᵀ.
pub(crate) fn add_square(to: &mut DMatrix<f64>, weight: f64, x: &[f64]) {
    for (column, &b) in x.iter().enumerate() {
        for (row, &a) in x.iter().enumerate() {
            to[(row, column)] += weight * (a * b);
        }
    }
}

/// Eigenvalues in ascending order with their vectors as rows, [width, width].
pub(crate) fn eigenvectors(symmetric: DMatrix<f64>) -> Option<(Vec<f64>, Vec<f64>)> {
    let width = symmetric.nrows();
    if !symmetric.iter().all(|value| value.is_finite()) {
        return None;
    }
    // Without a bound an iteration that does not converge never ends; 30 a value is what LAPACK allows.
    let found = SymmetricEigen::try_new(symmetric, f64::EPSILON, 30 * width.max(10))?;
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&a, &b| found.eigenvalues[a].total_cmp(&found.eigenvalues[b]));
    let values = order.iter().map(|&place| found.eigenvalues[place]).collect();
    let vectors = order
        .iter()
        .flat_map(|&place| {
            found
                .eigenvectors
                .column(place)
                .iter()
                .copied()
                .collect::<Vec<_>>()
        })
        .collect();
    Some((values, vectors))
}

/// Eigenvalues below this share of the greatest are 0 to a pseudo-inverse: NumPy's `pinv` by default.
const CUT: f64 = 1e-15;

/// A [r, width] with AᵀA the pseudo-inverse of a symmetric matrix that has no negative eigenvalue: ‖A x‖² is xᵀ S⁺ x.
#[derive(Debug)]
pub(crate) struct Whitening {
    rows: Vec<f64>,
    width: usize,
    /// Whether row i is 0 beyond its i-th value.
    is_triangular: bool,
}

impl Whitening {
    /// `None` where the matrix is not finite, or no eigenvalue is greater than 0.
    pub(crate) fn new(symmetric: DMatrix<f64>) -> Option<Self> {
        let width = symmetric.nrows();
        if let Some(rows) = inverse_cholesky(&symmetric) {
            return Some(Self {
                rows,
                width,
                is_triangular: true,
            });
        }
        let (values, vectors) = eigenvectors(symmetric)?;
        let greatest = values.iter().copied().fold(0.0, f64::max);
        let mut rows = Vec::new();
        for (vector, &value) in vectors.chunks_exact(width).zip(&values) {
            if value > CUT * greatest {
                rows.extend(vector.iter().map(|x| x / value.sqrt()));
            }
        }
        (!rows.is_empty()).then_some(Self {
            rows,
            width,
            is_triangular: false,
        })
    }

    /// How many eigenvalues count.
    pub(crate) fn rank(&self) -> usize {
        self.rows.len() / self.width
    }

    /// A x of each row x, [n, rank].
    pub(crate) fn apply(&self, rows: &[f64]) -> Vec<f64> {
        if !self.is_triangular {
            return product(rows, &self.rows, self.width);
        }
        let rank = self.rank();
        let mut out = vec![0.0; rows.len() / self.width * rank];
        // Nearly half of the products are with 0: left out, panel by panel.
        for first in (0..rank).step_by(PANEL) {
            let end = rank.min(first + PANEL);
            let panel = &self.rows[first * self.width..end * self.width];
            product_into(&mut out[first..], rank, rows, panel, self.width, end);
        }
        out
    }

    /// xᵀ S⁺ x of each row x.
    pub(crate) fn squared_norms(&self, rows: &[f64]) -> Vec<f64> {
        let whitened = self.apply(rows);
        whitened
            .chunks_exact(self.rank())
            .map(|row| dot(row, row))
            .collect()
    }
}

/// L⁻¹ row by row with S = L Lᵀ, where S is so far from singular that no eigenvalue comes near the cut-off: there the
/// pseudo-inverse is the inverse, and this is many times as fast as eigenvectors.
fn inverse_cholesky(symmetric: &DMatrix<f64>) -> Option<Vec<f64>> {
    const FAR: f64 = 1e-12;
    let width = symmetric.nrows();
    let l = Cholesky::new(symmetric.clone())?.unpack();
    let inverse = l.solve_lower_triangular(&DMatrix::identity(width, width))?;
    // The least eigenvalue is at least 1 / ‖L⁻¹‖², the greatest at most the trace.
    let is_far = 1.0 / inverse.norm_squared() > FAR * symmetric.trace();
    is_far.then(|| inverse.transpose().as_slice().to_vec())
}

/// The shortest x with W x = −b, or the nearest to it: −W⁺ b, of W [rows, width].
pub(crate) fn origin(weight: &[f64], bias: &[f64], width: usize) -> Option<Vec<f64>> {
    // Row by row is column by column of the transpose.
    let transpose = DMatrix::from_column_slice(width, bias.len(), weight);
    let minus = -DMatrix::from_column_slice(bias.len(), 1, bias);
    if bias.len() <= width {
        // Wᵀ = Q R, so that W x = −b is Rᵀ Qᵀ x = −b: no condition number is squared.
        let (q, r) = transpose.clone().qr().unpack();
        let size = r.norm();
        let condition = r
            .solve_upper_triangular(&DMatrix::identity(bias.len(), bias.len()))
            .map(|inverse| inverse.norm() * size);
        if condition.is_some_and(|condition| condition < 1e12)
            && let Some(inner) = r.tr_solve_upper_triangular(&minus)
        {
            return Some((q * inner).as_slice().to_vec());
        }
    }
    let svd = transpose
        .transpose()
        .try_svd(true, true, f64::EPSILON, 100 * width)?;
    let greatest = svd.singular_values.max();
    let solution = svd.solve(&minus, CUT * greatest).ok()?;
    Some(solution.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random.
    fn values(n: usize) -> Vec<f64> {
        (1..=n)
            .map(|i| (i as f64 * 0.618_033_988_749_895).fract() - 0.5)
            .collect()
    }

    #[test]
    fn products_do_not_depend_on_what_is_multiplied_together() {
        let (a, b) = (values(70 * 300), values(33 * 300));
        let whole = product(&a, &b, 300);
        for (row, out) in a.chunks_exact(300).zip(whole.chunks_exact(33)) {
            assert_eq!(product(row, &b, 300), out);
        }
        for rows in [2, 7] {
            for (part, out) in a.chunks_exact(rows * 300).zip(whole.chunks_exact(rows * 33)) {
                assert_eq!(product(part, &b, 300), out);
            }
        }
    }

    #[test]
    fn a_gram_matrix_is_the_sum_of_products() {
        let a = values(50 * 70);
        let got = gram(50, 70, |rows| a[rows.start * 70..rows.end * 70].to_vec());
        for i in 0..70 {
            for j in 0..70 {
                let want: f64 = a.chunks_exact(70).map(|row| row[i] * row[j]).sum();
                assert!((got[(i, j)] - want).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn whitening_is_the_inverse_where_there_is_one_and_else_the_pseudo_inverse() {
        let x = [1.0, 2.0, -1.0];
        let regular = DMatrix::from_row_slice(3, 3, &[4.0, 1.0, 0.0, 1.0, 3.0, 0.0, 0.0, 0.0, 2.0]);
        let want = {
            let column = DMatrix::from_column_slice(3, 1, &x);
            (column.transpose() * regular.clone().try_inverse().unwrap() * &column)[0]
        };
        let whitening = Whitening::new(regular).unwrap();
        assert_eq!(whitening.rank(), 3);
        assert!((whitening.squared_norms(&x)[0] - want).abs() < 1e-12);
        // diag(4, 0, 0.25) has the pseudo-inverse diag(0.25, 0, 4).
        let singular = DMatrix::from_diagonal(&nalgebra::DVector::from_vec(vec![4.0, 0.0, 0.25]));
        let whitening = Whitening::new(singular).unwrap();
        assert_eq!(whitening.rank(), 2);
        assert!((whitening.squared_norms(&x)[0] - 4.25).abs() < 1e-12);
        assert!(Whitening::new(DMatrix::zeros(3, 3)).is_none());
        assert!(Whitening::new(DMatrix::from_element(2, 2, f64::INFINITY)).is_none());
    }

    #[test]
    fn the_origin_is_mapped_to_minus_the_bias_and_is_the_shortest() {
        let weight = values(3 * 8);
        let bias = [0.5, -1.0, 2.0];
        let o = origin(&weight, &bias, 8).unwrap();
        for (row, b) in weight.chunks_exact(8).zip(bias) {
            assert!((dot(row, &o) + b).abs() < 1e-12);
        }
        // Two equal rows: nothing maps to both, and the nearest is between.
        let twice = [1.0, 0.0, 1.0, 0.0];
        let o = origin(&twice, &[1.0, 3.0], 2).unwrap();
        assert!((o[0] + 2.0).abs() < 1e-12 && o[1].abs() < 1e-12, "{o:?}");
    }
}
