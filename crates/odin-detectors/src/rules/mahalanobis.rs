//! Mahalanobis distance to the nearest class, by itself and relative to that of one Gaussian over all; on features as they
//! are and on features of norm 1.
//!
//! Σ is the covariance within classes, shared by them, of divisor M; Σ⁺ its pseudo-inverse, in which eigenvalues below
//! 1e-15 of the greatest count as 0. Where features hardly vary in some direction and its eigenvalue lies near that
//! cut-off, no two computations agree to many digits: rounding decides there.
use std::sync::Arc;

use crate::description::{Description, Maker, Need, Rule};
use crate::error::Error;
use crate::fit::Fit;
use crate::linear::{Whitening, gram, product};
use crate::number::{class_means, dot, refined_least};
use crate::prepared::Block;

pub(crate) const MAHALANOBIS: Description = Description {
    key: "mahalanobis",
    label: "Mahalanobis",
    formula: "−min over c of (h − μ_c)ᵀ Σ⁺ (h − μ_c)",
    source: "arXiv 1807.03888",
    cost: "fit M·D² + D³; D² + C·D an image",
    knobs: &[],
    needs: &[Need::Features, Need::FitImages, Need::FitLabels],
    is_log_odds: false,
    rule: Maker::Fit(|fit| gaussians(fit, MAHALANOBIS.key, false, false)),
};

pub(crate) const RMD: Description = Description {
    key: "rmd",
    label: "RMD",
    formula: "the same, less (h − μ)ᵀ S⁺ (h − μ) of one Gaussian over all",
    source: "arXiv 2106.09022",
    rule: Maker::Fit(|fit| gaussians(fit, RMD.key, false, true)),
    ..MAHALANOBIS
};

pub(crate) const MAHALANOBIS_PP: Description = Description {
    key: "mahalanobis-pp",
    label: "Mahalanobis++",
    formula: "Mahalanobis on h/‖h‖",
    source: "Müller and Hein, ICML 2025",
    rule: Maker::Fit(|fit| gaussians(fit, MAHALANOBIS_PP.key, true, false)),
    ..MAHALANOBIS
};

pub(crate) const RMD_PP: Description = Description {
    key: "rmd-pp",
    label: "RMD++",
    formula: "RMD on h/‖h‖",
    source: "Müller and Hein, ICML 2025",
    rule: Maker::Fit(|fit| gaussians(fit, RMD_PP.key, true, true)),
    ..MAHALANOBIS
};

struct Gaussians {
    is_unit: bool,
    /// Mean over all [D].
    mean: Vec<f64>,
    within: Whitening,
    /// The classes' means less the mean over all, whitened [C, rank].
    centres: Vec<f64>,
    over_all: Option<Whitening>,
}

fn gaussians(
    fit: &Arc<Fit>,
    detector: &'static str,
    is_unit: bool,
    is_relative: bool,
) -> Result<Box<dyn Rule>, Error> {
    let width = fit.features().width();
    let classes = fit.images().logits.width();
    let labels = fit.labels().iter().map(|&label| usize::from(label));
    let mut features = if is_unit {
        fit.unit().to_vec()
    } else {
        fit.features().to_f64()
    };
    let (means, counts) = class_means(
        features.chunks_exact(width),
        labels.clone().map(Some),
        classes,
        width,
    );
    if let Some(class) = counts.iter().position(|&count| count == 0) {
        return Err(Error::Class {
            detector,
            what: "training images",
            class,
        });
    }
    let (mean, _) = class_means(
        features.chunks_exact(width),
        labels.clone().map(|_| Some(0)),
        1,
        width,
    );
    let whitening = |features: &[f64]| {
        let covariance = gram(features, width) / fit.features().len() as f64;
        Whitening::new(covariance).ok_or(Error::Constant { detector })
    };
    let over_all = match is_relative {
        true => {
            let mut centred = features.clone();
            for row in centred.chunks_exact_mut(width) {
                subtract(row, &mean);
            }
            Some(whitening(&centred)?)
        }
        false => None,
    };
    for (row, label) in features.chunks_exact_mut(width).zip(labels) {
        subtract(row, &means[label * width..][..width]);
    }
    let within = whitening(&features)?;
    let mut offsets = means;
    for row in offsets.chunks_exact_mut(width) {
        subtract(row, &mean);
    }
    let found = Gaussians {
        is_unit,
        centres: within.apply(&offsets),
        mean,
        within,
        over_all,
    };
    Ok(Box::new(move |block: &Block| found.scores(block)))
}

fn subtract(row: &mut [f64], mean: &[f64]) {
    for (value, mean) in row.iter_mut().zip(mean) {
        *value -= mean;
    }
}

impl Gaussians {
    fn scores(&self, block: &Block) -> Vec<f64> {
        let mut features = if self.is_unit {
            block.unit()
        } else {
            block.features().to_f64()
        };
        for row in features.chunks_exact_mut(self.mean.len()) {
            subtract(row, &self.mean);
        }
        let rank = self.within.rank();
        let whitened = self.within.apply(&features);
        let crosses = product(&whitened, &self.centres, rank);
        let squares: Vec<f64> = self.centres.chunks_exact(rank).map(|row| dot(row, row)).collect();
        let over_all = self
            .over_all
            .as_ref()
            .map(|gaussian| gaussian.squared_norms(&features));
        let rows = whitened
            .chunks_exact(rank)
            .zip(crosses.chunks_exact(squares.len()));
        rows.enumerate()
            .map(|(image, (whitened, crosses))| {
                // ‖a − b‖² = ‖a‖² − 2 a·b + ‖b‖² says which class is the nearest; its distance is summed as it is.
                let rough: Vec<f64> = squares
                    .iter()
                    .zip(crosses)
                    .map(|(square, cross)| square - 2.0 * cross)
                    .collect();
                let size = dot(whitened, whitened) + squares.iter().copied().fold(0.0, f64::max);
                let distance = |class: usize| {
                    let centre = &self.centres[class * rank..][..rank];
                    let pairs = whitened.iter().zip(centre);
                    pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
                };
                let least = refined_least(&rough, 1e-11 * size, distance);
                over_all.as_ref().map_or(0.0, |all| all[image]) - least
            })
            .collect()
    }
}
