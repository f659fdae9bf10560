//! Two score sets as one descending list of groups of tied scores with cumulative counts, from which every metric
//! follows.
use serde::{Deserialize, Serialize};

use crate::error::{MetricsError, Side};

/// An image as the curve sees it; `correct` means nothing for OOD images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Item {
    pub(crate) score: f64,
    pub(crate) side: Side,
    pub(crate) correct: bool,
}

/// Images of one score, or of a narrow range of scores.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Group {
    /// The lowest score in it.
    pub(crate) threshold: f64,
    pub(crate) ins: u64,
    pub(crate) outs: u64,
    /// ID images classified correctly.
    pub(crate) corrects: u64,
}

/// Cumulative counts, groups in descending order: entry g counts the images with score ≥ `thresholds[g]`.
///
/// Never empty; the last entries are the sizes of the sets, which are above 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub(crate) struct Curve {
    pub(crate) thresholds: Vec<f64>,
    pub(crate) ins: Vec<u64>,
    pub(crate) outs: Vec<u64>,
    /// Absent where the correctness of the ID images is not known.
    pub(crate) corrects: Option<Vec<u64>>,
}

/// A [`Curve`] as it was read.
#[derive(Deserialize)]
struct Unchecked {
    thresholds: Vec<f64>,
    ins: Vec<u64>,
    outs: Vec<u64>,
    corrects: Option<Vec<u64>>,
}

impl TryFrom<Unchecked> for Curve {
    type Error = &'static str;

    fn try_from(read: Unchecked) -> Result<Self, &'static str> {
        let Unchecked {
            thresholds,
            ins,
            outs,
            corrects,
        } = read;
        let is_cumulative = |counts: &Vec<u64>| counts.len() == thresholds.len() && counts.is_sorted();
        if ![&ins, &outs].into_iter().chain(&corrects).all(is_cumulative) {
            return Err("the cumulative counts of a comparison ascend, one for each threshold");
        }
        if !thresholds.is_sorted_by(|a, b| a > b) {
            return Err("the thresholds of a comparison descend");
        }
        if upto(&ins, ins.len()) == 0 || upto(&outs, outs.len()) == 0 {
            return Err("a comparison is of at least one ID and one OOD score");
        }
        Ok(Self {
            thresholds,
            ins,
            outs,
            corrects,
        })
    }
}

/// The counts of a [`Curve`] without its thresholds: what a bootstrap replicate has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally<'a> {
    pub(crate) ins: &'a [u64],
    pub(crate) outs: &'a [u64],
    pub(crate) corrects: Option<&'a [u64]>,
}

/// −0 and 0 tie, as they do for `==`, so that `total_cmp` may order.
pub(crate) fn ordered(score: f64, side: Side, index: usize) -> Result<f64, MetricsError> {
    if score.is_nan() {
        Err(MetricsError::NotANumber { side, index })
    } else {
        Ok(score + 0.0)
    }
}

impl Curve {
    /// Sorts and groups the images. `labelled` says whether `correct` holds for the ID images.
    pub(crate) fn from_items(mut items: Vec<Item>, labelled: bool) -> Result<Self, MetricsError> {
        items.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        let groups = items.chunk_by(|a, b| a.score == b.score).map(|tied| {
            let mut group = Group {
                threshold: tied[0].score,
                ..Group::default()
            };
            for item in tied {
                group.count(item);
            }
            group
        });
        Self::from_groups(groups, labelled)
    }

    /// From groups in descending order of threshold.
    pub(crate) fn from_groups(
        groups: impl Iterator<Item = Group>,
        labelled: bool,
    ) -> Result<Self, MetricsError> {
        let (mut thresholds, mut ins, mut outs, mut corrects) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut sum = Group::default();
        for group in groups {
            sum.ins += group.ins;
            sum.outs += group.outs;
            sum.corrects += group.corrects;
            thresholds.push(group.threshold);
            ins.push(sum.ins);
            outs.push(sum.outs);
            if labelled {
                corrects.push(sum.corrects);
            }
        }
        for (count, side) in [(sum.ins, Side::In), (sum.outs, Side::Out)] {
            if count == 0 {
                return Err(MetricsError::Empty { side });
            }
        }
        Ok(Self {
            thresholds,
            ins,
            outs,
            corrects: labelled.then_some(corrects),
        })
    }

    pub(crate) fn tally(&self) -> Tally<'_> {
        Tally {
            ins: &self.ins,
            outs: &self.outs,
            corrects: self.corrects.as_deref(),
        }
    }
}

impl Group {
    pub(crate) fn count(&mut self, item: &Item) {
        match item.side {
            Side::In => {
                self.ins += 1;
                self.corrects += u64::from(item.correct);
            }
            Side::Out => self.outs += 1,
        }
    }
}

impl Tally<'_> {
    pub(crate) fn groups(&self) -> usize {
        self.ins.len()
    }

    pub(crate) fn n_in(&self) -> u64 {
        upto(self.ins, self.ins.len())
    }

    pub(crate) fn n_out(&self) -> u64 {
        upto(self.outs, self.outs.len())
    }
}

/// The count of the first `taken` groups, which are no more than there are.
pub(crate) fn upto(cumulative: &[u64], taken: usize) -> u64 {
    match taken {
        0 => 0,
        _ => cumulative[taken - 1],
    }
}

/// `count / total` as scikit-learn divides: exact to the last bit, so that 19 of 20 is `0.95`.
pub(crate) fn share(count: u64, total: u64) -> f64 {
    count as f64 / total as f64
}
