//! A detector that is ready to score.
use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use crate::description::{Maker, Need, Rule};
use crate::detector::Detector;
use crate::error::Error;
use crate::fit::Fit;
use crate::prepared::Prepared;
use crate::setting::Setting;

/// The score of one image by its logits [C]; `None` for a detector that needs more than the logits. Higher is more
/// in-distribution.
pub fn score_logits(setting: &Setting, logits: &[f32]) -> Option<f64> {
    match setting.detector().description().rule {
        Maker::Logits(score) => Some(score(logits, &setting.values())),
        Maker::Fit(_) => None,
    }
}

/// A detector, fitted: scores any images at any setting of its knobs.
pub struct Fitted {
    detector: Detector,
    fit: Arc<Fit>,
    rule: Box<dyn Rule>,
}

impl fmt::Debug for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fitted")
            .field("detector", &self.detector)
            .finish_non_exhaustive()
    }
}

impl Fitted {
    /// Fits the detector.
    ///
    /// # Errors
    /// Where something it needs is not there ([`Error::Missing`] says what), or it cannot be fitted on what there is.
    pub fn new(detector: Detector, fit: &Arc<Fit>) -> Result<Self, Error> {
        let description = detector.description();
        let missing = |need| Error::Missing {
            detector: description.key,
            need,
        };
        if let Some(need) = description.needs.iter().find(|need| !fit.meets(**need)) {
            return Err(missing(*need));
        }
        let wants = |need| description.needs.contains(&need);
        if wants(Need::Features) && wants(Need::FitImages) {
            if fit.images().features.is_none() {
                return Err(missing(Need::Features));
            }
            if wants(Need::Gradient) && fit.images().perturbed_features.is_none() {
                return Err(missing(Need::Gradient));
            }
        }
        let rule = match description.rule {
            Maker::Logits(score) => Box::new(OnLogits(score)),
            Maker::Fit(make) => make(fit)?,
        };
        Ok(Self {
            detector,
            fit: Arc::clone(fit),
            rule,
        })
    }

    /// Which detector.
    pub fn detector(&self) -> Detector {
        self.detector
    }

    /// The score of each image, in order: higher is more in-distribution. At knobs that need no pass only what depends on
    /// them is computed again.
    ///
    /// # Errors
    /// For a setting of another detector, images that lack what it needs, knobs that the fit does not allow (k above its
    /// images), and where an image has no score.
    pub fn scores(&self, setting: &Setting, images: &Prepared) -> Result<Vec<f64>, Error> {
        if setting.detector() != self.detector {
            return Err(Error::Setting {
                expected: self.detector.key(),
                found: setting.detector().key(),
            });
        }
        assert!(
            Arc::ptr_eq(&self.fit, images.fit()),
            "images are scored by detectors of the fit that they were prepared for"
        );
        self.check(images)?;
        let score = self.rule.at(&setting.values())?;
        let blocks: Vec<Vec<f64>> = images.blocks.par_iter().map(|block| score(block)).collect();
        let scores = blocks.concat();
        match scores.iter().position(|score| score.is_nan()) {
            Some(image) => Err(Error::Undefined {
                detector: self.detector.key(),
                image,
            }),
            None => Ok(scores),
        }
    }

    fn check(&self, images: &Prepared) -> Result<(), Error> {
        let needs = self.detector.needs();
        let wants_features = needs.contains(&Need::Features);
        let wants_gradient = needs.contains(&Need::Gradient);
        for block in &images.blocks {
            let images = block.images();
            let perturbed = match wants_features {
                true => images.perturbed_features.is_some(),
                false => images.perturbed_logits.is_some(),
            };
            let need = if wants_features && images.features.is_none() {
                Need::Features
            } else if wants_gradient && !perturbed {
                Need::Gradient
            } else {
                continue;
            };
            return Err(Error::Missing {
                detector: self.detector.key(),
                need,
            });
        }
        Ok(())
    }
}

/// A detector on the logits alone.
struct OnLogits(fn(&[f32], &crate::knob::Values) -> f64);

impl Rule for OnLogits {
    fn at<'a>(&'a self, values: &crate::knob::Values) -> Result<crate::description::Score<'a>, Error> {
        // The values outlive the call only as a copy.
        let (knobs, values) = (values.knobs, values.values.to_vec());
        Ok(Box::new(move |block| {
            let values = crate::knob::Values {
                knobs,
                values: &values,
            };
            block
                .logits()
                .iter()
                .map(|logits| (self.0)(logits, &values))
                .collect()
        }))
    }
}
