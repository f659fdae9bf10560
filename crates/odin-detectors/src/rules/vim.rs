//! Residual and ViM: what of the features lies beyond the principal subspace of the fit images'.
//!
//! o = −W⁺b is where every logit is 0; R the eigenvectors of (H − o)ᵀ(H − o) beyond the D′ of the greatest eigenvalues.
use std::sync::Arc;

use rayon::prelude::*;

use super::max_logit::max_logit;
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::{Knob, Scale, Values};
use crate::need::Need;
use crate::prepared::Block;
use crate::spread::Directions;

pub(crate) const RESIDUAL: Description = Description {
    key: "residual",
    label: "residual",
    formula: "−‖(h − o) R‖",
    source: "arXiv 2203.10807",
    cost: "fit M·D² + D³; D² once an image, then up to 15 D at every D′",
    knobs: &[Knob {
        key: "dimensions",
        label: "D′",
        default: 0.0,
        least: 0.0,
        most: 65_535.0,
        span: (0.0, 2048.0),
        scale: Scale::Linear { step: 1.0 },
        meaning: "dimensions of the principal subspace; 0: 1,000 of at least 2,048 features, 512 of at least 768, else half",
        needs_pass: false,
    }],
    needs: &[Need::Features, Need::LastLayer, Need::FitImages],
    is_log_odds: false,
    rule: Maker::Fit(|fit| Ok(Box::new(Residual(directions(fit, RESIDUAL.key)?)))),
};

pub(crate) const VIM: Description = Description {
    key: "vim",
    label: "ViM",
    formula: "E(z) − α ‖(h − o) R‖, α = mean max Z / mean ‖(H − o) R‖",
    cost: "fit M·D² + D³; D² once an image, then up to 15 D at every D′",
    rule: Maker::Fit(|fit| Ok(Box::new(Vim::new(fit)?))),
    ..RESIDUAL
};

fn directions(fit: &Fit, detector: &'static str) -> Result<Arc<Directions>, Error> {
    fit.directions().ok_or(Error::Decomposition { detector })
}

/// D′.
fn dimensions(directions: &Directions, detector: &'static str, values: &Values) -> Result<usize, Error> {
    let width = directions.width();
    match values.count("dimensions") {
        0 if width >= 2048 => Ok(1000),
        0 if width >= 768 => Ok(512),
        0 => Ok(width / 2),
        value if value < width => Ok(value),
        value => Err(Error::Dimensions {
            detector,
            key: "dimensions",
            value,
            width,
        }),
    }
}

/// Norms of the block's images beyond so many directions.
fn beyond(directions: &Directions, block: &Block, dimensions: usize) -> Vec<f64> {
    let features = || block.features().to_f64();
    let squares = block.squares.get_or_init(|| directions.squares(features()));
    directions.norms(squares, features, dimensions)
}

struct Residual(Arc<Directions>);

impl Rule for Residual {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let dimensions = dimensions(&self.0, RESIDUAL.key, values)?;
        Ok(Box::new(move |block| {
            let norms = beyond(&self.0, block, dimensions);
            norms.into_iter().map(|norm| -norm).collect()
        }))
    }
}

struct Vim {
    directions: Arc<Directions>,
    /// Mean of max Z.
    logit: f64,
    /// Mean norms of the fit images beyond the 0, 1, … D first directions [D + 1].
    norms: Vec<f64>,
}

impl Vim {
    fn new(fit: &Fit) -> Result<Self, Error> {
        const PART: usize = 512;
        let directions = directions(fit, VIM.key)?;
        let (features, width) = (fit.features(), fit.features().width());
        // In parts, of which each is summed by itself: all norms at once are as large as the features.
        let firsts: Vec<usize> = (0..features.len()).step_by(PART).collect();
        let sums: Vec<Vec<f64>> = firsts
            .into_par_iter()
            .map(|first| directions.sums_of_norms(features.part(first..first + PART).to_f64()))
            .collect();
        let mut norms = vec![0.0; width + 1];
        for part in sums {
            for (norm, sum) in norms.iter_mut().zip(part) {
                *norm += sum;
            }
        }
        let count = features.len() as f64;
        for norm in &mut norms {
            *norm /= count;
        }
        let logits = fit.images().logits.iter();
        let logit = logits.map(max_logit).sum::<f64>() / count;
        Ok(Self {
            directions,
            logit,
            norms,
        })
    }
}

impl Rule for Vim {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let dimensions = dimensions(&self.directions, VIM.key, values)?;
        let norm = self.norms.get(dimensions).copied().unwrap_or_default();
        if norm == 0.0 {
            return Err(Error::Constant { detector: VIM.key });
        }
        let alpha = self.logit / norm;
        Ok(Box::new(move |block| {
            let norms = beyond(&self.directions, block, dimensions);
            block
                .energies()
                .zip(norms)
                .map(|(energy, norm)| energy - alpha * norm)
                .collect()
        }))
    }
}
