//! Columns told from others: a linear regression, learnt on the few rows in which every column is known.
use std::collections::BTreeMap;

/// Residuals are told apart from nothing down to this share of a column's spread.
pub(super) const DEPENDENT: f64 = 1e-9;

/// A column, as its distance from its mean in units of its spread.
pub(super) struct Column {
    mean: f64,
    spread: f64,
    values: Vec<f64>,
}

impl Column {
    /// `None` where nothing can be learnt from it: a value is not finite, or all are the same.
    pub(super) fn new(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let spread = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        (spread.is_finite() && spread > 0.0).then(|| Self {
            mean,
            spread,
            values: values.iter().map(|x| (x - mean) / spread).collect(),
        })
    }
}

/// Columns from which others are told, and orthonormal columns that span them and the constant.
pub(super) struct Basis<'a> {
    columns: Vec<&'a Column>,
    orthonormal: Vec<Vec<f64>>,
    /// Upper triangle: how the columns, the constant first, are made of the orthonormal ones.
    triangle: Vec<Vec<f64>>,
}

impl<'a> Basis<'a> {
    /// Of the constant alone, for columns of so many rows.
    pub(super) fn new(rows: usize) -> Self {
        let length = (rows as f64).sqrt();
        Self {
            columns: Vec::new(),
            orthonormal: vec![vec![1.0 / length; rows]],
            triangle: vec![vec![length]],
        }
    }

    /// How many columns it is of.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Takes a column in, unless the others tell it already.
    pub(super) fn add(&mut self, column: &'a Column) {
        let (parts, mut rest) = self.split(&column.values);
        let length = length(&rest);
        if length > DEPENDENT * (rest.len() as f64).sqrt() {
            rest.iter_mut().for_each(|x| *x /= length);
            self.orthonormal.push(rest);
            self.triangle.push(parts.into_iter().chain([length]).collect());
            self.columns.push(column);
        }
    }

    /// Takes in the column that is told least, where more than `least` of its spread is untold. Which that was.
    pub(super) fn add_least_told(
        &mut self,
        columns: &'a BTreeMap<usize, Column>,
        least: f64,
    ) -> Option<usize> {
        let each = columns
            .iter()
            .map(|(&one, column)| (one, column, self.untold(column)));
        let (one, column, untold) = each.max_by(|a, b| a.2.total_cmp(&b.2))?;
        (untold > least).then(|| self.add(column)).map(|()| one)
    }

    /// What is left of a column that the basis does not tell: the root mean square, in units of its spread.
    pub(super) fn untold(&self, column: &Column) -> f64 {
        let (_, rest) = self.split(&column.values);
        length(&rest) / (rest.len() as f64).sqrt()
    }

    /// How a column is told from those of the basis.
    pub(super) fn regress(&self, column: &Column) -> Regression {
        let (parts, rest) = self.split(&column.values);
        // Back through the triangle, the last coefficient first.
        let mut coefficients = parts;
        for j in (0..coefficients.len()).rev() {
            let known: f64 = (j + 1..coefficients.len())
                .map(|k| self.triangle[k][j] * coefficients[k])
                .sum();
            coefficients[j] = (coefficients[j] - known) / self.triangle[j][j];
        }
        let leverage = |row: usize| self.orthonormal.iter().map(|q| q[row] * q[row]).sum::<f64>();
        let left_out = rest
            .iter()
            .enumerate()
            .map(|(row, x)| column.spread * x / (1.0 - leverage(row)).max(0.1));
        Regression {
            left_out: left_out.collect(),
            // In the units of the columns themselves.
            constant: column.mean
                + column.spread
                    * (coefficients[0]
                        - self
                            .columns
                            .iter()
                            .zip(&coefficients[1..])
                            .map(|(of, w)| w * of.mean / of.spread)
                            .sum::<f64>()),
            slopes: self
                .columns
                .iter()
                .zip(&coefficients[1..])
                .map(|(of, w)| column.spread * w / of.spread)
                .collect(),
        }
    }

    /// The column by the orthonormal ones, and what is left. Twice, as once leaves rounding behind.
    fn split(&self, values: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut rest = values.to_vec();
        let mut parts = vec![0.0; self.orthonormal.len()];
        for _ in 0..2 {
            for (q, part) in self.orthonormal.iter().zip(&mut parts) {
                let along: f64 = q.iter().zip(&rest).map(|(q, x)| q * x).sum();
                *part += along;
                rest.iter_mut().zip(q).for_each(|(x, q)| *x -= along * q);
            }
        }
        (parts, rest)
    }
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// A column as a sum of others.
pub(super) struct Regression {
    constant: f64,
    /// A column of the basis each.
    slopes: Vec<f64>,
    /// How far each row is off, told from the other rows alone.
    pub left_out: Vec<f64>,
}

impl Regression {
    /// Its value where the columns of the basis have these.
    pub(super) fn predict(&self, columns: impl IntoIterator<Item = f64>) -> f64 {
        let products = self.slopes.iter().zip(columns).map(|(slope, x)| slope * x);
        self.constant + products.sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::Source;

    #[test]
    fn sums_of_columns_are_told_and_what_is_new_is_not() {
        let mut source = Source::new(3);
        let (a, b, own) = (
            source.scores(40, 3.0, 0.0),
            source.scores(40, 0.0, 0.0),
            source.scores(40, 0.0, 0.0),
        );
        let sum: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 2.0 * a - 0.5 * b + 7.0).collect();
        let columns = [&a, &b, &sum, &own].map(|values| Column::new(values).unwrap());
        let [a_column, b_column, sum_column, own_column] = &columns;
        let mut basis = Basis::new(40);
        basis.add(a_column);
        basis.add(b_column);
        assert!(basis.untold(sum_column) < 1e-12 && basis.untold(own_column) > 0.5);
        let told = basis.regress(sum_column);
        assert!(told.left_out.iter().all(|off| off.abs() < 1e-12));
        assert!((told.predict([10.0, 4.0]) - 25.0).abs() < 1e-10);
        // What others tell adds nothing.
        basis.add(sum_column);
        assert_eq!(basis.len(), 2);
    }

    #[test]
    fn rows_left_out_are_off_as_if_they_had_not_been_learnt_from() {
        let mut source = Source::new(4);
        let (x, y) = (source.scores(12, 0.0, 0.0), source.scores(12, 0.0, 0.0));
        let of = |values: &[f64]| Column::new(values).unwrap();
        let (x_column, y_column) = (of(&x), of(&y));
        let mut basis = Basis::new(12);
        basis.add(&x_column);
        let left_out = basis.regress(&y_column).left_out;
        for row in 0..12 {
            let without = |all: &[f64]| -> Vec<f64> {
                let kept = all.iter().enumerate().filter(|(at, _)| *at != row);
                kept.map(|(_, x)| *x).collect()
            };
            let others = of(&without(&x));
            let mut basis = Basis::new(11);
            basis.add(&others);
            let off = y[row] - basis.regress(&of(&without(&y))).predict([x[row]]);
            assert!((off - left_out[row]).abs() < 1e-9, "row {row}");
        }
    }

    #[test]
    fn nothing_is_learnt_from_what_is_constant_or_endless() {
        assert!(Column::new(&[1.0, 1.0, 1.0]).is_none());
        assert!(Column::new(&[1.0, f64::INFINITY, 2.0]).is_none());
        assert!(Column::new(&[1.0, f64::NAN]).is_none());
        assert!(Column::new(&[]).is_none());
    }
}
