//! By how much one detector or setting differs from another on the same images, with paired 95 % intervals. Computed in
//! the background.
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::app::state::groups::{GroupLists, ImageGroups};
use crate::app::state::scores::ScoreSet;
use odin_core::protocol::Side;
use odin_core::setting::Setting;
use odin_metrics::{Changes, Conventions, Intervals, Paired};

/// Images that are drawn in all replicates together, at most: a change of very many images would take minutes, and needs
/// fewer replicates.
const MOST_DRAWN: usize = 40_000_000;
const FEWEST_REPLICATES: usize = 100;

/// The scores by one setting, image by image, in the order of their numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageScores {
    ins: Vec<ScoredImage>,
    outs: Vec<ScoredImage>,
    /// Which of them belong together.
    groups: ImageGroups,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct ScoredImage {
    number: u32,
    score: f64,
    /// Whether the network gives it its label, where it has one.
    is_correct: Option<bool>,
}

impl ImageScores {
    /// The images that have a score; one that is not a number is none.
    pub(in crate::app) fn of(scores: &ScoreSet, setting: &Setting, groups: &ImageGroups) -> Self {
        let list = |side| {
            let scored = scores.listed(side, setting);
            let scored = scored.filter(|listed| !listed.score.is_nan());
            scored
                .map(|listed| ScoredImage {
                    number: listed.image.index,
                    score: listed.score,
                    is_correct: listed.label.map(|label| label == listed.prediction),
                })
                .collect()
        };
        Self {
            ins: list(Side::In),
            outs: list(Side::Out),
            groups: groups.clone(),
        }
    }

    /// 95 % intervals of whole groups of images; `None` without scores of both sets.
    pub(super) fn intervals(
        &self,
        conventions: &Conventions,
        replicates: usize,
        seed: u64,
    ) -> Option<Intervals> {
        let number = |image: &ScoredImage| image.number;
        let groups = self
            .groups
            .of(self.ins.iter().map(number), self.outs.iter().map(number));
        let score = |image: &ScoredImage| image.score;
        let (ins, outs): (Vec<f64>, Vec<f64>) = (
            self.ins.iter().map(score).collect(),
            self.outs.iter().map(score).collect(),
        );
        let correct: Option<Vec<bool>> = self.ins.iter().map(|image| image.is_correct).collect();
        let draws = draws(ins.len() + outs.len(), replicates);
        let paired =
            Paired::resampled(&ins, correct.as_deref(), &outs, &groups.resampling(draws, seed)).ok()?;
        Some(*paired.intervals().by(conventions))
    }
}

/// How many replicates are drawn of so many images, where so many are asked for.
fn draws(images: usize, replicates: usize) -> usize {
    let most = MOST_DRAWN / images.max(1);
    replicates.min(most.max(FEWEST_REPLICATES))
}

/// The change from one detector or setting to another, to be computed in the background.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeRequest {
    /// The one that is looked at: `to` is by it.
    pub setting: Setting,
    pub from: Arc<ImageScores>,
    pub to: Arc<ImageScores>,
    /// The number of the pin that `from` is of; else it is of the baseline.
    pub pin: Option<u64>,
}

/// A change, and how many images and bootstrap replicates it is of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Changes95 {
    /// `None` where no image of one of the sets is scored by both.
    pub values: Option<Changes>,
    /// Images of each set that have a score by what is looked at.
    pub n_in: u64,
    pub n_out: u64,
    pub replicates: usize,
}

impl ChangeRequest {
    /// Of the images that both have scored. Takes up to some seconds: not for the thread that draws.
    pub(super) fn compute(&self, conventions: &Conventions, replicates: usize, seed: u64) -> Changes95 {
        let ins = common(&self.from.ins, &self.to.ins);
        let outs = common(&self.from.outs, &self.to.outs);
        let draws = draws(ins.len() + outs.len(), replicates);
        let number = |(_, image): &(ScoredImage, ScoredImage)| image.number;
        let groups = self.to.groups.of(ins.iter().map(number), outs.iter().map(number));
        Changes95 {
            values: change(&ins, &outs, &groups, conventions, (draws, seed)),
            n_in: self.to.ins.len() as u64,
            n_out: self.to.outs.len() as u64,
            replicates,
        }
    }
}

/// The images of both lists, with both scores.
fn common(from: &[ScoredImage], to: &[ScoredImage]) -> Vec<(ScoredImage, ScoredImage)> {
    let mut from = from.iter().peekable();
    to.iter()
        .filter_map(|image| {
            while from.next_if(|known| known.number < image.number).is_some() {}
            let known = from.next_if(|known| known.number == image.number)?;
            Some((*known, *image))
        })
        .collect()
}

fn change(
    ins: &[(ScoredImage, ScoredImage)],
    outs: &[(ScoredImage, ScoredImage)],
    groups: &GroupLists,
    conventions: &Conventions,
    (replicates, seed): (usize, u64),
) -> Option<Changes> {
    // The network is the same, and so is what it makes of each image.
    let correct: Option<Vec<bool>> = ins.iter().map(|(_, image)| image.is_correct).collect();
    let paired = |score: fn(&(ScoredImage, ScoredImage)) -> f64| {
        let [ins, outs] = [ins, outs].map(|images| images.iter().map(score).collect::<Vec<f64>>());
        Paired::resampled(
            &ins,
            correct.as_deref(),
            &outs,
            &groups.resampling(replicates, seed),
        )
        .ok()
    };
    let (from, to) = (paired(|(from, _)| from.score)?, paired(|(_, to)| to.score)?);
    let changes = to.changes_from(&from, conventions);
    Some(changes.expect("both are of the same images, drawn alike"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use odin_core::session::{Detector, Metric};

    fn scores(ins: &[(u32, f64)], outs: &[(u32, f64)]) -> Arc<ImageScores> {
        let list = |images: &[(u32, f64)]| {
            images
                .iter()
                .map(|&(number, score)| ScoredImage {
                    number,
                    score,
                    is_correct: None,
                })
                .collect()
        };
        Arc::new(ImageScores {
            ins: list(ins),
            outs: list(outs),
            groups: ImageGroups::default(),
        })
    }

    fn changes(from: &Arc<ImageScores>, to: &Arc<ImageScores>) -> Changes95 {
        let request = ChangeRequest {
            setting: Setting::new(Detector::Odin),
            from: from.clone(),
            to: to.clone(),
            pin: None,
        };
        request.compute(&Conventions::default(), 50, 0)
    }

    #[test]
    fn images_are_paired_by_their_numbers() {
        let baseline = scores(&[(1, 0.5), (3, 0.1), (4, 0.6), (9, 0.9)], &[(2, 0.2), (5, 0.7)]);
        // Images 3 and 4 change places; 1 is not scored yet.
        let other = scores(&[(3, 0.6), (4, 0.1), (9, 0.9)], &[(2, 0.2), (5, 0.7)]);
        let found = changes(&baseline, &other);
        assert_eq!((found.n_in, found.n_out), (3, 2));
        let auroc = Metric::Auroc.change_of(&found.values.unwrap());
        assert!(auroc.difference.abs() < 1e-12 && !auroc.is_significant());
        let apart = scores(&[(100, 1.0)], &[(2, 0.2)]);
        assert_eq!(changes(&baseline, &apart).values, None);
        // The same scores do not differ at all.
        let same = changes(&baseline, &baseline).values.unwrap();
        assert_eq!((same.auroc.interval.low, same.auroc.interval.high), (0.0, 0.0));
    }
}
