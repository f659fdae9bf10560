//! The scores of a job, image by image and detector by detector: what depends on (T, ε) goes with each change, the rest
//! stays valid.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::images::Listed;
use crate::engine::protocol::{ImageId, ImageScore, Side};
use crate::metrics::{Histogram, Stream};
use crate::session::Detector;
use crate::units::LogOdds;

/// Images whose scores lie together in memory.
const PAGE: u32 = 1024;

#[derive(Debug, Clone, Default)]
pub struct ScoreSet {
    ins: Images,
    outs: Images,
    /// Counts the changes of (T, ε).
    era: u32,
    baseline: Live,
    odin: Live,
    /// Another detector, while a person looks at it.
    other: Option<(Detector, Live)>,
    /// One more than the greatest class seen.
    classes: usize,
}

/// One side's images by number. Numbers can be large and far apart, images come in any order, and there may be millions.
#[derive(Debug, Clone, Default)]
struct Images(BTreeMap<u32, Vec<Option<Record>>>);

#[derive(Debug, Clone, Copy)]
struct Record {
    image: ImageScore,
    /// The era that its scores at (T, ε) are of.
    era: u32,
}

/// What one detector's scores come to as they arrive.
#[derive(Debug, Clone, Default)]
pub struct Live {
    pub log_odds: Histogram,
    pub probability: Histogram,
    /// Shared with whoever computes of it aside; copied if more comes meanwhile.
    pub stream: Arc<Stream>,
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
        let era = self.era;
        let images = match side {
            Side::In => &mut self.ins,
            Side::Out => &mut self.outs,
        };
        let Some(place) = images.place(image.index) else {
            return Ok(false);
        };
        let (is_first, is_new) = (place.is_none(), place.is_none_or(|known| known.era != era));
        if is_new {
            *place = Some(Record { image: *image, era });
        }
        let correct = correct(side, image);
        if is_first {
            let most = image.label.unwrap_or_default().max(image.prediction);
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

    /// The parameters changed: what depends on them is no longer the job's.
    pub fn forget_odin(&mut self) {
        self.era = self.era.wrapping_add(1);
        self.odin = Live::default();
        if let Some((detector, live)) = &mut self.other
            && detector.has_parameters()
        {
            *live = Live::default();
        }
    }

    /// Sees to it that [`ScoreSet::live`] knows this detector. Costs a look at every image where it did not.
    pub fn watch(&mut self, detector: Detector) {
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
    pub fn live(&self, detector: Detector) -> Option<&Live> {
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
    pub fn listed(&self, side: Side, detector: Detector) -> impl Iterator<Item = Listed> + '_ {
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

    /// How many classes have been seen, as labels or as guesses.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Images with a score at the present parameters.
    pub fn scored(&self) -> usize {
        self.odin.images()
    }
}

impl Images {
    /// Every number has one.
    fn place(&mut self, number: u32) -> Option<&mut Option<Record>> {
        let page = self
            .0
            .entry(number / PAGE)
            .or_insert_with(|| vec![None; PAGE as usize]);
        page.get_mut((number % PAGE) as usize)
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
        // NaN alone is refused: of ODIN's and the baseline's scores it was before, of others it is left out.
        if Arc::make_mut(&mut self.stream).push(side, score, correct).is_ok() {
            let _ = self.log_odds.add(score, side);
            if detector.is_log_odds() {
                let _ = self.probability.add(LogOdds(score).probability(), side);
            }
        }
    }

    pub fn images(&self) -> usize {
        (self.stream.n_in() + self.stream.n_out()) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fake;

    fn image(index: u32, odin: f64) -> ImageScore {
        let spec = fake::started().jobs[0].spec.clone();
        ImageScore {
            odin: LogOdds(odin),
            ..fake::image(&spec, Side::In, index)
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
