//! How fit images' features are spread: about the means of classes, about one mean, and along principal directions.
use nalgebra::DMatrix;

use crate::linear::{Whitening, add_square, eigenvectors, gram, origin, product};
use crate::number::{dot, refined_least};

pub(crate) fn subtract(rows: &mut [f64], mean: &[f64]) {
    for row in rows.chunks_exact_mut(mean.len()) {
        for (value, mean) in row.iter_mut().zip(mean) {
            *value -= mean;
        }
    }
}

/// Gaussians of the classes, with one covariance.
#[derive(Debug)]
pub(crate) struct Classes {
    /// Mean over all [D].
    mean: Vec<f64>,
    within: Whitening,
    /// The classes' means less the mean over all, whitened [C, rank].
    centres: Vec<f64>,
}

/// How the fit images are spread about the means of their classes.
#[derive(Debug)]
pub(crate) struct Within {
    /// Σ over the images of (h − μ_c)(h − μ_c)ᵀ [D, D].
    pub(crate) scatter: DMatrix<f64>,
    /// μ_c [C, D].
    pub(crate) means: Vec<f64>,
    /// How many images each class has.
    pub(crate) counts: Vec<usize>,
}

impl Within {
    /// The scatter about the mean of all: what lies between the classes' means comes to it, and no digit is lost.
    pub(crate) fn about(&self, mean: &[f64]) -> DMatrix<f64> {
        let mut scatter = self.scatter.clone();
        let mut means = self.means.clone();
        subtract(&mut means, mean);
        for (row, &count) in means.chunks_exact_mut(mean.len()).zip(&self.counts) {
            let weight = (count as f64).sqrt();
            row.iter_mut().for_each(|value| *value *= weight);
        }
        let width = mean.len();
        scatter += gram(self.counts.len(), width, |rows| {
            means[rows.start * width..rows.end * width].to_vec()
        });
        scatter
    }
}

impl Classes {
    /// Of so many images with a mean over all [D], of classes that all have some. `None` where features do not vary.
    pub(crate) fn new(within: &Within, mean: &[f64], count: usize) -> Option<Self> {
        let mut means = within.means.clone();
        subtract(&mut means, mean);
        let within = Whitening::new(&within.scatter / count as f64)?;
        Some(Self {
            mean: mean.to_vec(),
            centres: within.apply(&means),
            within,
        })
    }

    /// Squared distance of each row to the nearest class.
    pub(crate) fn distances(&self, mut features: Vec<f64>) -> Vec<f64> {
        subtract(&mut features, &self.mean);
        let rank = self.within.rank();
        let whitened = self.within.apply(&features);
        let crosses = product(&whitened, &self.centres, rank);
        let squares: Vec<f64> = self.centres.chunks_exact(rank).map(|row| dot(row, row)).collect();
        let widest = squares.iter().copied().fold(0.0, f64::max);
        let rows = whitened
            .chunks_exact(rank)
            .zip(crosses.chunks_exact(squares.len()));
        rows.map(|(whitened, crosses)| {
            // ‖a − b‖² = ‖a‖² − 2 a·b + ‖b‖² says which class is the nearest; its distance is summed as it is.
            let pairs = squares.iter().zip(crosses);
            let rough: Vec<f64> = pairs.map(|(square, cross)| square - 2.0 * cross).collect();
            let slack = 1e-11 * (dot(whitened, whitened) + widest);
            refined_least(&rough, slack, |class| {
                let centre = &self.centres[class * rank..][..rank];
                let pairs = whitened.iter().zip(centre);
                pairs.map(|(a, b)| (a - b) * (a - b)).sum()
            })
        })
        .collect()
    }
}

/// One Gaussian.
#[derive(Debug)]
pub(crate) struct Gaussian {
    mean: Vec<f64>,
    whitening: Whitening,
}

impl Gaussian {
    /// Of so many images with this mean [D] and this scatter about it [D, D]. `None` where features do not vary.
    pub(crate) fn new(scatter: &DMatrix<f64>, mean: &[f64], count: usize) -> Option<Self> {
        Some(Self {
            mean: mean.to_vec(),
            whitening: Whitening::new(scatter / count as f64)?,
        })
    }

    /// Squared distance of each row to the mean.
    pub(crate) fn distances(&self, mut features: Vec<f64>) -> Vec<f64> {
        subtract(&mut features, &self.mean);
        self.whitening.squared_norms(&features)
    }
}

/// Principal directions about the point that the last layer maps to logits of 0, or as near as can be.
#[derive(Debug)]
pub(crate) struct Directions {
    origin: Vec<f64>,
    /// By ascending eigenvalue, as rows [D, D].
    vectors: Vec<f64>,
}

/// Directions after which a sum of squares is kept.
const STEP: usize = 16;

impl Directions {
    /// Of so many images with a mean [D] and a scatter about it [D, D], and the last layer. `None` where the eigenvectors are
    /// not found.
    pub(crate) fn new(
        scatter: DMatrix<f64>,
        mean: &[f64],
        count: usize,
        weight: &[f64],
        bias: &[f64],
    ) -> Option<Self> {
        let origin = origin(weight, bias, mean.len())?;
        let mut square = scatter / count as f64;
        let from_origin: Vec<f64> = mean.iter().zip(&origin).map(|(mean, o)| mean - o).collect();
        add_square(&mut square, 1.0, &from_origin);
        let (_, vectors) = eigenvectors(square)?;
        Some(Self { origin, vectors })
    }

    pub(crate) fn width(&self) -> usize {
        self.origin.len()
    }

    /// How many sums of squares are kept of an image.
    fn kept(&self) -> usize {
        self.width() / STEP + 1
    }

    /// Of each row the squares along the first 0, 16, 32, … directions, from the least eigenvalue up, added up [N, kept].
    pub(crate) fn squares(&self, mut features: Vec<f64>) -> Vec<f64> {
        let width = self.width();
        subtract(&mut features, &self.origin);
        let projected = product(&features, &self.vectors, width);
        let mut kept = Vec::with_capacity(projected.len() / width * self.kept());
        for row in projected.chunks_exact(width) {
            let mut sum = 0.0;
            kept.push(sum);
            for part in row.chunks_exact(STEP) {
                sum = add_squares(sum, part);
                kept.push(sum);
            }
        }
        kept
    }

    /// Norms beyond the first 0, 1, … D directions, of all rows together [D + 1].
    pub(crate) fn sums_of_norms(&self, mut features: Vec<f64>) -> Vec<f64> {
        let width = self.width();
        subtract(&mut features, &self.origin);
        let projected = product(&features, &self.vectors, width);
        let mut sums = vec![0.0; width + 1];
        for row in projected.chunks_exact(width) {
            let mut square = 0.0;
            // Beyond D − n directions lie n.
            for (value, sum) in row.iter().zip(sums.iter_mut().rev().skip(1)) {
                square += value * value;
                *sum += f64::sqrt(square);
            }
        }
        sums
    }

    /// Norms beyond the first `dimensions` directions, from the greatest eigenvalue down, of rows whose squares are kept.
    pub(crate) fn norms(
        &self,
        kept: &[f64],
        features: impl FnOnce() -> Vec<f64>,
        dimensions: usize,
    ) -> Vec<f64> {
        let width = self.width();
        // Beyond D − n directions lie n.
        let beyond = width - dimensions;
        let (whole, rest) = (beyond / STEP, beyond % STEP);
        let sums = kept.chunks_exact(self.kept()).map(|row| row[whole]);
        if rest == 0 {
            return sums.map(f64::sqrt).collect();
        }
        let mut features = features();
        subtract(&mut features, &self.origin);
        let vectors = &self.vectors[whole * STEP * width..][..rest * width];
        let projected = product(&features, vectors, width);
        let rows = sums.zip(projected.chunks_exact(rest));
        rows.map(|(sum, row)| add_squares(sum, row).sqrt()).collect()
    }
}

/// One after the other, as the whole row is: the same bits wherever it is parted.
fn add_squares(sum: f64, values: &[f64]) -> f64 {
    values.iter().fold(sum, |sum, value| sum + value * value)
}
