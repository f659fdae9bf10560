//! The scores of a job, image by image and detector by detector. A change of (T, ε) drops those that depend on it; the
//! others stay valid.
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::metrics::{Histogram, Stream};
use crate::session::Detector;
use crate::units::LogOdds;
use odin_core::protocol::{ImageId, ImageScore, Side};

/// Images that share one block of memory.
const PAGE: u32 = 1024;

#[derive(Debug, Clone, Default)]
pub(in crate::app) struct ScoreSet {
    ins: ImagesByNumber,
    outs: ImagesByNumber,
    /// Counts the changes of (T, ε).
    era: u32,
    baseline: Live,
    odin: Live,
    /// Another detector, while a person looks at it.
    other: Option<(Detector, Live)>,
    /// One more than the greatest class seen, as a label or as a prediction.
    classes: usize,
}

/// One side's images by number. Numbers can be large and far apart, images arrive in any order, and there may be millions.
#[derive(Debug, Clone, Default)]
struct ImagesByNumber(BTreeMap<u32, Vec<Option<Record>>>);

#[derive(Debug, Clone, Copy)]
struct Record {
    image: ImageScore,
    /// The era in which its scores at (T, ε) were computed.
    era: u32,
}

/// One detector's scores as they arrive: histograms, and the stream that metrics are read from.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Live {
    pub(in crate::app) log_odds: Histogram,
    pub(in crate::app) probability: Histogram,
    /// Shared with computations in the background; copied when more scores arrive meanwhile.
    pub(in crate::app) stream: Arc<Stream>,
}

/// An image of a job, with its score by one detector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Listed {
    pub image: ImageId,
    pub label: Option<u16>,
    pub prediction: u16,
    /// By the detector that is shown: log-odds, or the detector's own scale.
    pub score: f64,
}

impl Listed {
    pub fn is_wrong(&self) -> bool {
        self.label.is_some_and(|label| label != self.prediction)
    }
}

/// A score is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct NotANumber;

impl ScoreSet {
    /// Adds an image's scores, unless they are known already. Says whether anything was new.
    pub(in crate::app) fn absorb(&mut self, side: Side, image: &ImageScore) -> Result<bool, NotANumber> {
        if image.baseline.0.is_nan() || image.odin.0.is_nan() {
            return Err(NotANumber);
        }
        let era = self.era;
        let images = match side {
            Side::In => &mut self.ins,
            Side::Out => &mut self.outs,
        };
        let place = images.place(image.index);
        let (is_first, is_new) = (place.is_none(), place.is_none_or(|known| known.era != era));
        if is_new {
            *place = Some(Record { image: *image, era });
        }
        let correct = correct(side, image);
        if is_first {
            let most = image
                .label
                .map_or(image.prediction, |label| label.max(image.prediction));
            self.classes = self.classes.max(usize::from(most) + 1);
            self.baseline
                .add(side, image.baseline.0, correct, Detector::Baseline);
        }
        if is_new {
            self.odin.add(side, image.odin.0, correct, Detector::Odin);
        }
        if let Some((detector, live)) = &mut self.other
            && (is_first || (is_new && detector.has_parameters()))
        {
            live.add(side, image.by(*detector), correct, *detector);
        }
        Ok(is_new)
    }

    /// The parameters have changed: drops the scores that depend on them.
    pub(in crate::app) fn forget_odin(&mut self) {
        self.era = self.era.wrapping_add(1);
        self.odin = Live::default();
        if let Some((detector, live)) = &mut self.other
            && detector.has_parameters()
        {
            *live = Live::default();
        }
    }

    /// Makes [`ScoreSet::live`] follow this detector; passes over every image where it did not before.
    pub(in crate::app) fn watch(&mut self, detector: Detector) {
        if self.live(detector).is_some() {
            return;
        }
        let mut live = Live::default();
        for (side, images) in [(Side::In, &self.ins), (Side::Out, &self.outs)] {
            let valid = |record: &&Record| record.era == self.era || !detector.has_parameters();
            for Record { image, .. } in images.records().filter(valid) {
                live.add(side, image.by(detector), correct(side, image), detector);
            }
        }
        self.other = Some((detector, live));
    }

    /// `None` for a detector that nobody watches.
    pub(in crate::app) fn live(&self, detector: Detector) -> Option<&Live> {
        match detector {
            Detector::Odin => Some(&self.odin),
            Detector::Baseline => Some(&self.baseline),
            _ => {
                let other = self.other.as_ref().filter(|(known, _)| *known == detector);
                other.map(|(_, live)| live)
            }
        }
    }

    /// The images of a side that have a score of the detector, in file order.
    pub(in crate::app) fn listed(&self, side: Side, detector: Detector) -> impl Iterator<Item = Listed> + '_ {
        let images = match side {
            Side::In => &self.ins,
            Side::Out => &self.outs,
        };
        let valid = move |record: &&Record| record.era == self.era || !detector.has_parameters();
        images
            .records()
            .filter(valid)
            .map(move |Record { image, .. }| Listed {
                image: ImageId {
                    side,
                    index: image.index,
                },
                label: image.label,
                prediction: image.prediction,
                score: image.by(detector),
            })
    }

    /// How many classes there are, judged by the labels and predictions so far.
    pub(in crate::app) fn classes(&self) -> usize {
        self.classes
    }

    /// Images with a score at the present parameters.
    pub(in crate::app) fn scored(&self) -> usize {
        self.odin.images()
    }
}

impl ImagesByNumber {
    fn place(&mut self, number: u32) -> &mut Option<Record> {
        let page = self
            .0
            .entry(number / PAGE)
            .or_insert_with(|| vec![None; PAGE as usize]);
        page.get_mut((number % PAGE) as usize)
            .expect("a page has PAGE places")
    }

    fn records(&self) -> impl Iterator<Item = &Record> {
        self.0.values().flatten().flatten()
    }
}

/// Whether the network gives an ID image its label, where it has one.
fn correct(side: Side, image: &ImageScore) -> Option<bool> {
    let label = image.label.filter(|_| side == Side::In)?;
    Some(label == image.prediction)
}

impl Live {
    fn add(&mut self, side: Side, score: f64, correct: Option<bool>, detector: Detector) {
        // The score of ODIN and the baseline was checked when it arrived; one of another detector may be NaN, and such an
        // image is left out of that detector's metrics.
        if score.is_nan() {
            return;
        }
        const NUMBER: &str = "only NaN is refused";
        let stream = Arc::make_mut(&mut self.stream);
        stream.push(side, score, correct).expect(NUMBER);
        self.log_odds.add(score, side).expect(NUMBER);
        if detector.is_log_odds() {
            let probability = LogOdds(score).probability();
            self.probability.add(probability, side).expect(NUMBER);
        }
    }

    pub(in crate::app) fn images(&self) -> usize {
        (self.stream.n_in() + self.stream.n_out()) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::LogitScores;

    fn image(index: u32, odin: f64) -> ImageScore {
        ImageScore {
            index,
            label: Some(3),
            prediction: 3,
            baseline: LogOdds(1.5),
            odin: LogOdds(odin),
            others: LogitScores {
                max_logit: 10.0,
                energy: 11.0,
                entropy: 1.0,
                gen_entropy: -4.0,
            },
        }
    }

    #[test]
    fn each_image_counts_once_and_anew_at_other_parameters() {
        let mut scores = ScoreSet::default();
        let numbers = [7, 4_000_000_000, 7, 1023, 1024];
        let new = numbers.map(|index| scores.absorb(Side::In, &image(index, 1.0)).unwrap());
        assert_eq!(new, [true, true, false, true, true]);
        let listed = |scores: &ScoreSet| -> Vec<u32> {
            let all = scores.listed(Side::In, Detector::Odin);
            all.map(|listed| listed.image.index).collect()
        };
        assert_eq!(listed(&scores), [7, 1023, 1024, 4_000_000_000]);
        scores.forget_odin();
        assert_eq!((scores.scored(), listed(&scores).len()), (0, 0));
        assert_eq!(scores.live(Detector::Baseline).unwrap().images(), 4);
        assert_eq!(scores.absorb(Side::In, &image(7, 2.0)), Ok(true));
        let baseline = scores.live(Detector::Baseline).unwrap();
        assert_eq!((scores.scored(), baseline.images()), (1, 4));
        assert_eq!(scores.absorb(Side::Out, &image(7, f64::NAN)), Err(NotANumber));
    }
}
