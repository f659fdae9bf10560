//! Residual and ViM: what of the features lies beyond the principal subspace of the fit images'.
//!
//! o = −W⁺b is where every logit is 0; R the eigenvectors of (H − o)ᵀ(H − o) beyond the D′ of the greatest eigenvalues.
use crate::description::{Description, Maker, Need, Rule, Score};
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::{Knob, Scale, Values};
use crate::linear::{eigenvectors, gram, origin, product};
use crate::prepared::Block;

pub(crate) const RESIDUAL: Description = Description {
    key: "residual",
    label: "residual",
    formula: "−‖(h − o) R‖",
    source: "arXiv 2203.10807",
    cost: "fit M·D² + D³; D² once an image, then 1 at every D′",
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
    rule: Maker::Fit(|fit| Ok(Box::new(Residual(space(fit, RESIDUAL.key)?)))),
};

pub(crate) const VIM: Description = Description {
    key: "vim",
    label: "ViM",
    formula: "E(z) − α ‖(h − o) R‖, α = mean max Z / mean ‖(H − o) R‖",
    cost: "fit M·D² + D³; D² once an image, then C at every D′",
    rule: Maker::Fit(|fit| Ok(Box::new(Vim::new(fit)?))),
    ..RESIDUAL
};

struct Space {
    detector: &'static str,
    origin: Vec<f64>,
    /// Eigenvectors by ascending eigenvalue, as rows [D, D].
    vectors: Vec<f64>,
}

fn space(fit: &Fit, detector: &'static str) -> Result<Space, Error> {
    let width = fit.features().width();
    let failed = Error::Decomposition { detector };
    let origin = origin(fit.weight(), &fit.bias(), width).ok_or(failed.clone())?;
    let mut features = fit.features().to_f64();
    centre(&mut features, &origin);
    let (_, vectors) = eigenvectors(gram(&features, width) / fit.features().len() as f64).ok_or(failed)?;
    Ok(Space {
        detector,
        origin,
        vectors,
    })
}

fn centre(features: &mut [f64], origin: &[f64]) {
    for row in features.chunks_exact_mut(origin.len()) {
        for (value, o) in row.iter_mut().zip(origin) {
            *value -= o;
        }
    }
}

impl Space {
    fn dimensions(&self, values: &Values) -> Result<usize, Error> {
        let width = self.origin.len();
        match values.count("dimensions") {
            0 if width >= 2048 => Ok(1000),
            0 if width >= 768 => Ok(512),
            0 => Ok(width / 2),
            value if value < width => Ok(value),
            value => Err(Error::Dimensions {
                detector: self.detector,
                key: "dimensions",
                value,
                width,
            }),
        }
    }

    /// Norms beyond the 0, 1, … D first dimensions of each row [N, D + 1].
    fn norms(&self, mut features: Vec<f64>) -> Vec<f64> {
        let width = self.origin.len();
        centre(&mut features, &self.origin);
        let projected = product(&features, &self.vectors, width);
        let mut norms = vec![0.0; projected.len() / width * (width + 1)];
        for (row, norms) in projected
            .chunks_exact(width)
            .zip(norms.chunks_exact_mut(width + 1))
        {
            // From the least eigenvalue up: beyond D − n dimensions lie n.
            let mut sum = 0.0;
            for (value, norm) in row.iter().zip(norms.iter_mut().rev().skip(1)) {
                sum += value * value;
                *norm = f64::sqrt(sum);
            }
        }
        norms
    }

    /// Of the block's images beyond so many dimensions.
    fn beyond<'a>(&self, block: &'a Block, dimensions: usize) -> impl Iterator<Item = f64> + 'a {
        let norms = block
            .residuals
            .get_or_init(|| self.norms(block.features().to_f64()));
        norms
            .chunks_exact(self.origin.len() + 1)
            .map(move |row| row[dimensions])
    }
}

struct Residual(Space);

impl Rule for Residual {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let dimensions = self.0.dimensions(values)?;
        Ok(Box::new(move |block| {
            self.0.beyond(block, dimensions).map(|norm| -norm).collect()
        }))
    }
}

struct Vim {
    space: Space,
    /// Mean of max Z.
    logit: f64,
    /// Mean norms of the fit images beyond the 0, 1, … D first dimensions [D + 1].
    norms: Vec<f64>,
}

impl Vim {
    fn new(fit: &Fit) -> Result<Self, Error> {
        let space = space(fit, VIM.key)?;
        let (features, width) = (fit.features(), fit.features().width());
        let mut norms = vec![0.0; width + 1];
        // Not all at once: that many norms are as large as the features.
        for first in (0..features.len()).step_by(1024) {
            let part = space.norms(features.part(first..first + 1024).to_f64());
            for row in part.chunks_exact(width + 1) {
                for (sum, norm) in norms.iter_mut().zip(row) {
                    *sum += norm;
                }
            }
        }
        let count = features.len() as f64;
        for norm in &mut norms {
            *norm /= count;
        }
        let logits = fit.images().logits.iter();
        let logit = logits.map(super::max_logit::max_logit).sum::<f64>() / count;
        Ok(Self { space, logit, norms })
    }
}

impl Rule for Vim {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let dimensions = self.space.dimensions(values)?;
        let norm = self.norms.get(dimensions).copied().unwrap_or_default();
        if norm == 0.0 {
            return Err(Error::Constant { detector: VIM.key });
        }
        let alpha = self.logit / norm;
        Ok(Box::new(move |block| {
            let norms = self.space.beyond(block, dimensions);
            block
                .energies()
                .zip(norms)
                .map(|(energy, norm)| energy - alpha * norm)
                .collect()
        }))
    }
}
