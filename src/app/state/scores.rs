//! The scores of a job, image by image and setting by setting. Scores by a setting stay valid as long as a detector is at that
//! setting; those of one that it has left are dropped.
use std::collections::BTreeMap;
use std::sync::Arc;

use odin_core::protocol::{ImageId, ScoreTable, ScoredImage, Side};
use odin_core::session::Detector;
use odin_core::setting::Setting;
use odin_core::units::LogOdds;
use odin_metrics::{Histogram, Stream};

/// Images that share one block of memory.
const PAGE: u32 = 1024;

#[derive(Debug, Clone, Default)]
pub(in crate::app) struct ScoreSet {
    ins: ByNumber<ScoredImage>,
    outs: ByNumber<ScoredImage>,
    columns: Vec<Column>,
    /// One more than the greatest class seen, as a label or as a prediction.
    classes: usize,
}

/// One side's images by number. Numbers can be large and far apart, images arrive in any order, and there may be millions.
#[derive(Debug, Clone)]
struct ByNumber<T>(BTreeMap<u32, Vec<Option<T>>>);

/// The scores by one setting.
#[derive(Debug, Clone)]
struct Column {
    setting: Setting,
    ins: ByNumber<f64>,
    outs: ByNumber<f64>,
    /// Images of each side that have a score.
    counts: (usize, usize),
    /// While a person looks at it.
    live: Option<Live>,
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

/// What a batch has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::app) struct Absorbed {
    /// Whether any score was not known before.
    pub(in crate::app) is_new: bool,
    /// Images left out, because their score by ODIN or by the baseline is not a number.
    pub(in crate::app) refused: usize,
}

impl ScoreSet {
    /// Adds the scores of a batch, except for those that are known already.
    pub(in crate::app) fn absorb(&mut self, side: Side, batch: &ScoreTable) -> Absorbed {
        let is_number = sound(batch);
        let images = match side {
            Side::In => &mut self.ins,
            Side::Out => &mut self.outs,
        };
        for (image, _) in batch.images().iter().zip(&is_number).filter(|(_, sound)| **sound) {
            *images.place(image.index) = Some(*image);
            let most = image
                .label
                .map_or(image.prediction, |label| label.max(image.prediction));
            self.classes = self.classes.max(usize::from(most) + 1);
        }
        let mut is_new = false;
        for (setting, scores) in batch.columns() {
            let column = self.column(*setting);
            for ((image, &score), _) in batch
                .images()
                .iter()
                .zip(scores)
                .zip(&is_number)
                .filter(|(_, sound)| **sound)
            {
                is_new |= column.add(side, image, score);
            }
        }
        Absorbed {
            is_new,
            refused: is_number.iter().filter(|sound| !**sound).count(),
        }
    }

    fn column(&mut self, setting: Setting) -> &mut Column {
        let place = self.columns.iter().position(|column| column.setting == setting);
        let place = place.unwrap_or_else(|| {
            self.columns.push(Column {
                setting,
                ins: ByNumber::default(),
                outs: ByNumber::default(),
                counts: (0, 0),
                live: is_always_watched(setting.detector()).then(Live::default),
            });
            self.columns.len() - 1
        });
        self.columns
            .get_mut(place)
            .expect("the column was found, or just added")
    }

    /// Drops the scores by settings that no detector is at any more.
    pub(in crate::app) fn keep_only(&mut self, is_present: impl Fn(&Setting) -> bool) {
        self.columns.retain(|column| is_present(&column.setting));
    }

    /// Makes [`ScoreSet::live`] follow this setting; passes over every image where it did not before.
    pub(in crate::app) fn watch(&mut self, setting: &Setting) {
        for column in &mut self.columns {
            if column.setting != *setting {
                if !is_always_watched(column.setting.detector()) {
                    column.live = None;
                }
                continue;
            }
            if column.live.is_none() {
                let mut live = Live::default();
                for (side, images, scores) in [
                    (Side::In, &self.ins, &column.ins),
                    (Side::Out, &self.outs, &column.outs),
                ] {
                    for (number, score) in scores.iter() {
                        let image = images.get(number).expect(KNOWN);
                        live.add(side, *score, correct(side, image), setting.detector());
                    }
                }
                column.live = Some(live);
            }
        }
    }

    /// `None` for a setting that nobody watches, or that has no score yet.
    pub(in crate::app) fn live(&self, setting: &Setting) -> Option<&Live> {
        self.find(setting)?.live.as_ref()
    }

    fn find(&self, setting: &Setting) -> Option<&Column> {
        self.columns.iter().find(|column| column.setting == *setting)
    }

    /// The images of a side that have a score by the setting, in file order.
    pub(in crate::app) fn listed(&self, side: Side, setting: &Setting) -> impl Iterator<Item = Listed> + '_ {
        let scores = self.find(setting).map(|column| match side {
            Side::In => (&self.ins, &column.ins),
            Side::Out => (&self.outs, &column.outs),
        });
        scores.into_iter().flat_map(move |(images, scores)| {
            scores.iter().map(move |(number, score)| {
                let image = images.get(number).expect(KNOWN);
                Listed {
                    image: ImageId { side, index: number },
                    label: image.label,
                    prediction: image.prediction,
                    score: *score,
                }
            })
        })
    }

    /// Whether as many images of each side have a score by the one as by the other.
    pub(in crate::app) fn has_as_many(&self, one: &Setting, other: &Setting) -> bool {
        let counts = self.counts(one);
        counts.is_some() && counts == self.counts(other)
    }

    /// Images of each side that have a score by the setting.
    pub(in crate::app) fn counts(&self, setting: &Setting) -> Option<(usize, usize)> {
        self.find(setting).map(|column| column.counts)
    }

    /// How many classes there are, judged by the labels and predictions so far.
    pub(in crate::app) fn classes(&self) -> usize {
        self.classes
    }

    /// Images with a score by this setting.
    pub(in crate::app) fn scored(&self, setting: &Setting) -> usize {
        self.live(setting).map_or(0, Live::images)
    }
}

const KNOWN: &str = "an image is kept before its scores are";

/// ODIN and the baseline are on the screen whatever else is.
fn is_always_watched(detector: Detector) -> bool {
    matches!(detector, Detector::Odin | Detector::Baseline)
}

/// Of each image, whether its scores by ODIN and by the baseline are numbers.
fn sound(batch: &ScoreTable) -> Vec<bool> {
    let columns: Vec<&[f64]> = [Detector::Odin, Detector::Baseline]
        .into_iter()
        .filter_map(|detector| batch.of(detector))
        .collect();
    let is_number = |place: usize| {
        columns
            .iter()
            .all(|column| column.get(place).is_some_and(|score| !score.is_nan()))
    };
    (0..batch.len()).map(is_number).collect()
}

impl<T> Default for ByNumber<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Clone> ByNumber<T> {
    fn place(&mut self, number: u32) -> &mut Option<T> {
        let page = self
            .0
            .entry(number / PAGE)
            .or_insert_with(|| vec![None; PAGE as usize]);
        page.get_mut((number % PAGE) as usize)
            .expect("a page has PAGE places")
    }

    fn get(&self, number: u32) -> Option<&T> {
        self.0
            .get(&(number / PAGE))?
            .get((number % PAGE) as usize)?
            .as_ref()
    }

    fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.0.iter().flat_map(|(page, values)| {
            (page * PAGE..)
                .zip(values)
                .filter_map(|(number, value)| Some((number, value.as_ref()?)))
        })
    }
}

impl Column {
    /// Whether the score was not known before.
    fn add(&mut self, side: Side, image: &ScoredImage, score: f64) -> bool {
        let (scores, count) = match side {
            Side::In => (&mut self.ins, &mut self.counts.0),
            Side::Out => (&mut self.outs, &mut self.counts.1),
        };
        let place = scores.place(image.index);
        if place.is_some() {
            return false;
        }
        *place = Some(score);
        *count += 1;
        if let Some(live) = &mut self.live {
            live.add(side, score, correct(side, image), self.setting.detector());
        }
        true
    }
}

/// Whether the network gives an ID image its label, where it has one.
fn correct(side: Side, image: &ScoredImage) -> Option<bool> {
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
    use odin_core::setting::{Settings, odin};
    use odin_core::units::{Magnitude, Temperature};

    fn settings(temperature: f64) -> Settings {
        Settings::new(Temperature::new(temperature).unwrap(), Magnitude::PAPER)
    }

    fn batch(settings: &Settings, indices: &[u32], score: f64) -> ScoreTable {
        let mut batch = ScoreTable::new(settings.clone());
        for &index in indices {
            let image = ScoredImage {
                index,
                label: Some(3),
                prediction: 3,
            };
            let scores: Vec<f64> = settings
                .iter()
                .map(|setting| match setting.detector() {
                    Detector::Odin => score,
                    _ => 1.5,
                })
                .collect();
            batch.push(image, &scores);
        }
        batch
    }

    #[test]
    fn each_image_counts_once_and_anew_at_another_setting() {
        let mut scores = ScoreSet::default();
        let at_1000 = settings(1000.0);
        let absorbed = scores.absorb(
            Side::In,
            &batch(&at_1000, &[7, 4_000_000_000, 7, 1023, 1024], 1.0),
        );
        assert_eq!((absorbed.is_new, absorbed.refused), (true, 0));
        assert!(!scores.absorb(Side::In, &batch(&at_1000, &[7], 1.0)).is_new);
        let listed = |scores: &ScoreSet, setting: &Setting| -> Vec<u32> {
            let all = scores.listed(Side::In, setting);
            all.map(|listed| listed.image.index).collect()
        };
        let odin_at = |t: f64| odin(Temperature::new(t).unwrap(), Magnitude::PAPER);
        assert_eq!(listed(&scores, &odin_at(1000.0)), [7, 1023, 1024, 4_000_000_000]);
        let at_10 = settings(10.0);
        scores.keep_only(|known| at_10.iter().any(|setting| setting == known));
        assert_eq!(
            (
                scores.scored(&odin_at(10.0)),
                listed(&scores, &odin_at(1000.0)).len()
            ),
            (0, 0)
        );
        let baseline = Setting::new(Detector::Baseline);
        assert_eq!(scores.live(&baseline).unwrap().images(), 4);
        assert!(scores.absorb(Side::In, &batch(&at_10, &[7], 2.0)).is_new);
        assert_eq!(
            (
                scores.scored(&odin_at(10.0)),
                scores.live(&baseline).unwrap().images()
            ),
            (1, 4)
        );
        let refused = scores.absorb(Side::Out, &batch(&at_10, &[7, 8], f64::NAN));
        assert_eq!((refused.is_new, refused.refused), (false, 2));
    }

    #[test]
    fn a_detector_that_is_looked_at_later_has_every_score() {
        let mut scores = ScoreSet::default();
        let settings = settings(1000.0);
        let energy = Setting::new(Detector::Energy);
        scores.absorb(Side::In, &batch(&settings, &[0, 1], 1.0));
        assert!(scores.live(&energy).is_none());
        scores.watch(&energy);
        assert_eq!(scores.live(&energy).unwrap().images(), 2);
        scores.absorb(Side::Out, &batch(&settings, &[5], 1.0));
        assert_eq!(scores.live(&energy).unwrap().images(), 3);
    }
}
