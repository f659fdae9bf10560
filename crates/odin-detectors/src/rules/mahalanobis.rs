//! Mahalanobis distance to the nearest class, by itself and relative to that of one Gaussian over all; on features as they
//! are and on features of norm 1.
//!
//! Σ is the covariance within classes, shared by them, of divisor M; Σ⁺ its pseudo-inverse, in which eigenvalues below
//! 1e-15 of the greatest count as 0. Where features hardly vary in some direction and its eigenvalue lies near that
//! cut-off, no two computations agree to many digits: rounding decides there.
use std::sync::Arc;

use crate::description::{Description, Fitting, Maker};
use crate::error::Error;
use crate::fit::Fit;
use crate::need::Need;
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
    formula: "the same, plus (h − μ)ᵀ S⁺ (h − μ) of one Gaussian over all",
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

fn gaussians(fit: &Arc<Fit>, detector: &'static str, is_unit: bool, is_relative: bool) -> Fitting {
    let mut counts = vec![0; fit.images().logits.width()];
    for &label in fit.labels() {
        counts[usize::from(label)] += 1;
    }
    if let Some(class) = counts.iter().position(|&count| count == 0) {
        return Err(Error::Class {
            detector,
            what: "training images",
            class,
        });
    }
    let constant = Error::Constant { detector };
    let classes = fit.class_gaussians(is_unit).ok_or(constant.clone())?;
    let over_all = match is_relative {
        true => Some(fit.one_gaussian(is_unit).ok_or(constant)?),
        false => None,
    };
    Ok(Box::new(move |block: &Block| {
        let features = || match is_unit {
            true => block.unit(),
            false => block.features().to_f64(),
        };
        let nearest =
            block.class_distances[usize::from(is_unit)].get_or_init(|| classes.distances(features()));
        match &over_all {
            Some(gaussian) => {
                let pairs = gaussian.distances(features()).into_iter().zip(nearest);
                pairs.map(|(all, nearest)| all - nearest).collect()
            }
            None => nearest.iter().map(|nearest| -nearest).collect::<Vec<f64>>(),
        }
    }))
}
