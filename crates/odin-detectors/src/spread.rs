//! How fit images' features are spread: about the means of classes, about one mean, and along principal directions.
use crate::linear::{Whitening, eigenvectors, gram, origin, product};
use crate::number::{class_means, dot, refined_least};

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

impl Classes {
    /// Of features [M, D] that have a mean over all [D], with classes that all have some. `None` where these do not vary.
    pub(crate) fn new(mut features: Vec<f64>, mean: &[f64], labels: &[u16], classes: usize) -> Option<Self> {
        let width = mean.len();
        let labels = labels.iter().map(|&label| usize::from(label));
        let (mut means, _) = class_means(
            features.chunks_exact(width),
            labels.clone().map(Some),
            classes,
            width,
        );
        for (row, label) in features.chunks_exact_mut(width).zip(labels) {
            subtract(row, &means[label * width..][..width]);
        }
        let count = features.len() / width;
        let within = Whitening::new(gram(&features, width) / count as f64)?;
        subtract(&mut means, mean);
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
    /// Of features [M, D] with this mean [D]. `None` where they do not vary.
    pub(crate) fn new(mut features: Vec<f64>, mean: &[f64]) -> Option<Self> {
        subtract(&mut features, mean);
        let count = features.len() / mean.len();
        Some(Self {
            mean: mean.to_vec(),
            whitening: Whitening::new(gram(&features, mean.len()) / count as f64)?,
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

impl Directions {
    /// Of features [M, D] and the last layer. `None` where the eigenvectors are not found.
    pub(crate) fn new(mut features: Vec<f64>, weight: &[f64], bias: &[f64]) -> Option<Self> {
        let width = weight.len() / bias.len();
        let origin = origin(weight, bias, width)?;
        subtract(&mut features, &origin);
        let count = features.len() / width;
        let (_, vectors) = eigenvectors(gram(&features, width) / count as f64)?;
        Some(Self { origin, vectors })
    }

    pub(crate) fn width(&self) -> usize {
        self.origin.len()
    }

    /// Norms beyond the 0, 1, … D first directions of each row [N, D + 1].
    pub(crate) fn norms(&self, mut features: Vec<f64>) -> Vec<f64> {
        let width = self.width();
        subtract(&mut features, &self.origin);
        let projected = product(&features, &self.vectors, width);
        let mut norms = vec![0.0; projected.len() / width * (width + 1)];
        for (row, norms) in projected
            .chunks_exact(width)
            .zip(norms.chunks_exact_mut(width + 1))
        {
            // From the least eigenvalue up: beyond D − n directions lie n.
            let mut sum = 0.0;
            for (value, norm) in row.iter().zip(norms.iter_mut().rev().skip(1)) {
                sum += value * value;
                *norm = f64::sqrt(sum);
            }
        }
        norms
    }
}
