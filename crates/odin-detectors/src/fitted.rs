//! A detector that is ready to score.
use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use crate::description::{Maker, Rule, Score};
use crate::detector::Detector;
use crate::error::Error;
use crate::fit::Fit;
use crate::knob::Values;
use crate::need::Need;
use crate::prepared::{Block, Prepared};
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
        self.scores_since(0, setting, images)
    }

    /// The same of the images from this one on: those [pushed](Prepared::push) since there were so many.
    ///
    /// # Errors
    /// As [`scores`](Self::scores).
    ///
    /// # Panics
    /// Where images were not pushed up to that one.
    pub fn scores_since(
        &self,
        first: usize,
        setting: &Setting,
        images: &Prepared,
    ) -> Result<Vec<f64>, Error> {
        let scores = self.scores_until(first, setting, images, &|| false)?;
        Ok(scores.expect("nothing says to stop"))
    }

    /// The same until told to stop, which is asked before each block of images; `None` then. What was kept of the blocks stays,
    /// so that going on later costs little more than the rest.
    ///
    /// # Errors
    /// As [`scores`](Self::scores).
    ///
    /// # Panics
    /// As [`scores_since`](Self::scores_since).
    pub fn scores_until(
        &self,
        first: usize,
        setting: &Setting,
        images: &Prepared,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<f64>>, Error> {
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
        let blocks = images.since(first);
        self.check(blocks)?;
        let score = self.rule.at(&setting.values())?;
        let scores = blocks.par_iter().map(|block| (!stop()).then(|| score(block)));
        let Some(scores) = scores.collect::<Option<Vec<Vec<f64>>>>() else {
            return Ok(None);
        };
        let scores = scores.concat();
        match scores.iter().position(|score| score.is_nan()) {
            Some(image) => Err(Error::Undefined {
                detector: self.detector.key(),
                image: first + image,
            }),
            None => Ok(Some(scores)),
        }
    }

    fn check(&self, blocks: &[Block]) -> Result<(), Error> {
        let needs = self.detector.needs();
        let wants_features = needs.contains(&Need::Features);
        let wants_gradient = needs.contains(&Need::Gradient);
        for block in blocks {
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
struct OnLogits(fn(&[f32], &Values) -> f64);

impl Rule for OnLogits {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        // The values outlive the call only as a copy.
        let (knobs, values) = (values.knobs, values.values.to_vec());
        Ok(Box::new(move |block| {
            let values = Values {
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

#[cfg(test)]
mod tests {
    use super::score_logits;
    use crate::detector::Detector;
    use crate::setting::Setting;

    const LOGITS: [f32; 5] = [1.5, -2.0, 0.25, 3.75, 3.5];

    fn softmax(logits: &[f32]) -> Vec<f64> {
        let terms: Vec<f64> = logits.iter().map(|&z| f64::from(z).exp()).collect();
        let sum: f64 = terms.iter().sum();
        terms.iter().map(|t| t / sum).collect()
    }

    fn near(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0), "{got} {want}");
    }

    fn score(detector: Detector, logits: &[f32]) -> f64 {
        score_logits(&Setting::new(detector), logits).unwrap()
    }

    #[test]
    fn each_is_what_its_definition_says() {
        let p = softmax(&LOGITS);
        near(score(Detector::MaxLogit, &LOGITS), 3.75);
        let sum = |t: f64| LOGITS.iter().map(|&z| (f64::from(z) / t).exp()).sum::<f64>().ln();
        near(score(Detector::Energy, &LOGITS), sum(1.0));
        let hot = Setting::new(Detector::Energy)
            .with("temperature", 1000.0)
            .unwrap();
        near(score_logits(&hot, &LOGITS).unwrap(), 1000.0 * sum(1000.0));
        near(
            score(Detector::Entropy, &LOGITS),
            -(-p.iter().map(|p| p * p.ln()).sum::<f64>()).ln(),
        );
        near(
            score(Detector::Gen, &LOGITS),
            -p.iter().map(|p| (p * (1.0 - p)).powf(0.1)).sum::<f64>(),
        );
        assert_eq!(score_logits(&Setting::new(Detector::Odin), &LOGITS), None);
    }

    #[test]
    fn the_order_survives_where_the_softmax_is_all_but_certain() {
        let (sure, surer) = ([60.0, 0.0, -1.0], [70.0, 0.0, -1.0]);
        assert!(score(Detector::Entropy, &surer) > score(Detector::Entropy, &sure));
        assert!(score(Detector::Entropy, &sure).is_finite());
        assert!(score(Detector::Gen, &surer) > score(Detector::Gen, &sure));
        assert!(score(Detector::Gen, &surer) < 0.0);
    }

    #[test]
    fn only_the_most_probable_classes_count_for_gen() {
        let many: Vec<f32> = (0..300).map(|j| -0.01 * j as f32).collect();
        let mut p = softmax(&many);
        p.sort_by(|a, b| b.total_cmp(a));
        for (classes, gamma) in [(100, 0.1), (1, 0.1), (2, 0.5), (300, 1.0), (1000, 0.1)] {
            let setting = Setting::new(Detector::Gen)
                .with("classes", classes as f64)
                .unwrap();
            let setting = setting.with("gamma", gamma).unwrap();
            let want = -p
                .iter()
                .take(classes)
                .map(|p| (p * (1.0 - p)).powf(gamma))
                .sum::<f64>();
            near(score_logits(&setting, &many).unwrap(), want);
        }
    }
}
