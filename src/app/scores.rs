//! The scores of a job, image by image: the baseline's stay valid whatever (T, ε), ODIN's go with each change.
use std::collections::BTreeMap;

use super::images::Listed;
use crate::engine::protocol::{ImageId, ImageScore, Side};
use crate::metrics::{self, Comparison, Histogram};
use crate::session::Detector;
use crate::units::LogOdds;

#[derive(Debug, Clone, Default)]
pub struct ScoreSet {
    ins: BTreeMap<u32, Scored>,
    outs: BTreeMap<u32, Scored>,
    baseline: Live,
    odin: Live,
    /// One more than the greatest class seen.
    classes: usize,
}

#[derive(Debug, Clone, Copy)]
struct Scored {
    label: Option<u16>,
    prediction: u16,
    baseline: f64,
    odin: Option<f64>,
}

/// What one detector's scores come to as they arrive.
#[derive(Debug, Clone, Default)]
pub struct Live {
    pub log_odds: Histogram,
    pub probability: Histogram,
    pub n_in: usize,
    pub n_out: usize,
}

/// A score is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotANumber;

impl ScoreSet {
    /// Takes an image's scores; what is known already stays. Says whether anything was new.
    pub fn absorb(&mut self, side: Side, image: &ImageScore) -> Result<bool, NotANumber> {
        if image.baseline.0.is_nan() || image.odin.0.is_nan() {
            return Err(NotANumber);
        }
        let images = match side {
            Side::In => &mut self.ins,
            Side::Out => &mut self.outs,
        };
        let mut is_new = false;
        let known = images.entry(image.index).or_insert_with(|| {
            is_new = true;
            self.baseline.add(side, image.baseline);
            let most = image.label.unwrap_or_default().max(image.prediction);
            self.classes = self.classes.max(usize::from(most) + 1);
            Scored {
                label: image.label,
                prediction: image.prediction,
                baseline: image.baseline.0,
                odin: None,
            }
        });
        if known.odin.is_none() {
            is_new = true;
            known.odin = Some(image.odin.0);
            self.odin.add(side, image.odin);
        }
        Ok(is_new)
    }

    /// The parameters changed: ODIN's scores are no longer those of the job.
    pub fn forget_odin(&mut self) {
        self.odin = Live::default();
        for image in self.ins.values_mut().chain(self.outs.values_mut()) {
            image.odin = None;
        }
    }

    pub fn live(&self, detector: Detector) -> &Live {
        match detector {
            Detector::Odin => &self.odin,
            Detector::Baseline => &self.baseline,
        }
    }

    /// The images of a side that have a score of the detector, in file order.
    pub fn listed(&self, side: Side, detector: Detector) -> impl Iterator<Item = Listed> + '_ {
        let images = match side {
            Side::In => &self.ins,
            Side::Out => &self.outs,
        };
        images.iter().filter_map(move |(&index, image)| {
            Some(Listed {
                image: ImageId { side, index },
                label: image.label,
                prediction: image.prediction,
                score: image.score(detector)?,
            })
        })
    }

    /// How many classes have been seen, as labels or as guesses.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The two sets of one detector; `None` while one is empty.
    pub fn comparison(&self, detector: Detector) -> Option<Comparison> {
        let score = |image: &Scored| image.score(detector);
        let outs: Vec<f64> = self.outs.values().filter_map(score).collect();
        let mut ins = Vec::with_capacity(self.ins.len());
        let mut correct = Vec::with_capacity(self.ins.len());
        for image in self.ins.values() {
            if let Some(score) = score(image) {
                ins.push(score);
                correct.extend(image.is_right());
            }
        }
        // Without every label there is no CCR.
        let correct = (correct.len() == ins.len()).then_some(correct.as_slice());
        Comparison::with_correct(&ins, correct, &outs).ok()
    }
}

impl Scored {
    fn score(&self, detector: Detector) -> Option<f64> {
        match detector {
            Detector::Odin => self.odin,
            Detector::Baseline => Some(self.baseline),
        }
    }

    /// Whether the network gives it its label; `None` where it has none.
    fn is_right(&self) -> Option<bool> {
        self.label.map(|label| label == self.prediction)
    }
}

impl Live {
    fn add(&mut self, side: Side, score: LogOdds) {
        let side = match side {
            Side::In => {
                self.n_in += 1;
                metrics::Side::In
            }
            Side::Out => {
                self.n_out += 1;
                metrics::Side::Out
            }
        };
        // NaN alone is refused, and was before.
        let _ = self.log_odds.add(score.0, side);
        let _ = self.probability.add(score.probability(), side);
    }

    pub fn images(&self) -> usize {
        self.n_in + self.n_out
    }
}
