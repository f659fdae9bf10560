//! Which detector is the best for a network: detectors × OOD sets by one metric, averages over the sets, and which detectors
//! cannot be told from the best. The dashboard and the command line share it.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::networks::NetworkCard;
use crate::setting::Setting;
use odin_datasets::{SetNames, name_of};
use odin_metrics::{
    Conventions, EachIntervals, Interval, Metric, MetricsError, Paired, Resampling, SetAverage, may_be_best,
};

/// How an OOD set stands to the in-distribution set, as the network's card says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distance {
    Near,
    Far,
}

/// Over which sets an average goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Average {
    #[default]
    All,
    Near,
    Far,
}

impl Distance {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Near => "near",
            Self::Far => "far",
        }
    }
}

/// How sets stand to a network's own, as its card says, by whatever names sets are called.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Distances {
    /// By all that a set is called.
    known: BTreeMap<String, Distance>,
}

impl Distances {
    /// Of the network with this card.
    pub fn new(card: &NetworkCard, names: &SetNames) -> Self {
        let mut known = BTreeMap::new();
        // A set that is called both is near.
        for (sets, distance) in [(&card.far, Distance::Far), (&card.near, Distance::Near)] {
            for set in sets {
                known.extend(names.all_of(set).map(|name| (name, distance)));
            }
        }
        Self { known }
    }

    /// Of a set, by its name, alias or path.
    pub fn of(&self, set: &str) -> Option<Distance> {
        self.known.get(&name_of(set).to_lowercase()).copied()
    }
}

impl Average {
    /// In the order of the table.
    pub const EACH: [Self; 3] = [Self::All, Self::Near, Self::Far];

    fn takes(self, distance: Option<Distance>) -> bool {
        match self {
            Self::All => true,
            Self::Near => distance == Some(Distance::Near),
            Self::Far => distance == Some(Distance::Far),
        }
    }

    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Near => "near",
            Self::Far => "far",
        }
    }
}

/// A value with its 95 % interval, fractions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub value: f64,
    pub interval: Interval,
}

/// One detector's scores against one OOD set, measured: metrics, intervals and replicates, without the images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    alone: SetAverage,
    intervals: EachIntervals,
    /// Images of each side.
    pub images: (u64, u64),
}

/// The scores of one detector against one set.
#[derive(Debug, Clone, Copy)]
pub struct CellScores<'a> {
    pub ins: &'a [f64],
    pub correct: Option<&'a [bool]>,
    pub outs: &'a [f64],
    pub in_groups: Option<&'a [u32]>,
    pub out_groups: Option<&'a [u32]>,
}

impl Cell {
    /// Draws the replicates, which takes some time. `set` numbers the OOD set among those of the table.
    ///
    /// # Errors
    /// A side without a score, or a score that is not a number.
    pub fn measure(scores: CellScores, replicates: usize, seed: u64, set: u64) -> Result<Self, MetricsError> {
        let resampling = Resampling {
            replicates,
            seed,
            set,
            in_groups: scores.in_groups,
            out_groups: scores.out_groups,
        };
        let paired = Paired::resampled(scores.ins, scores.correct, scores.outs, &resampling)?;
        Ok(Self {
            alone: SetAverage::alone(&paired),
            intervals: paired.intervals(),
            images: (scores.ins.len() as u64, scores.outs.len() as u64),
        })
    }

    /// A metric.
    pub fn estimate(&self, metric: Metric, conventions: &Conventions) -> Estimate {
        Estimate {
            value: metric.of(&self.alone.summaries.by(conventions)),
            interval: metric.interval_of(self.intervals.by(conventions)),
        }
    }
}

/// A detector as it was measured against each of the sets; `None` where it was not.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub setting: Setting,
    pub cells: Vec<Option<Arc<Cell>>>,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Its place among the candidates.
    pub candidate: usize,
    pub setting: Setting,
    /// Set by set.
    pub sets: Vec<Option<Estimate>>,
    /// In the order of [`Average::EACH`]; `None` where it lacks one of the sets, or there is none of the kind.
    pub averages: [Option<Estimate>; 3],
    /// Whether it may be the best by the average that the table is sorted by: the paired bootstrap cannot tell it from the
    /// one that leads.
    pub may_be_best: bool,
}

/// The detectors, sorted by an average, the best first; those that lack it come last, in the order given.
pub fn rank(
    candidates: &[Candidate],
    distances: &[Option<Distance>],
    by: Average,
    metric: Metric,
    conventions: &Conventions,
) -> Vec<Ranked> {
    let sign = if metric.higher_is_better() { 1.0 } else { -1.0 };
    let averages: Vec<[Option<SetAverage>; 3]> = candidates
        .iter()
        .map(|candidate| Average::EACH.map(|kind| average(candidate, distances, kind)))
        .collect();
    let place = Average::EACH
        .iter()
        .position(|kind| *kind == by)
        .unwrap_or_default();
    // Value and replicates by the average that decides, higher being better.
    let decisive: Vec<Option<(f64, Vec<f64>)>> = averages
        .iter()
        .map(|of| {
            let average = of.get(place)?.as_ref()?;
            let value = |summaries: &odin_metrics::Summaries| sign * metric.of(&summaries.by(conventions));
            Some((
                value(&average.summaries),
                average.replicates.iter().map(value).collect(),
            ))
        })
        .collect();
    let measured: Vec<(f64, &[f64])> = decisive
        .iter()
        .flatten()
        .map(|(value, replicates)| (*value, replicates.as_slice()))
        .collect();
    let mut marks = may_be_best(&measured).into_iter();
    let mut rows: Vec<(Option<f64>, Ranked)> = candidates
        .iter()
        .zip(&averages)
        .zip(&decisive)
        .enumerate()
        .map(|(place, ((candidate, averages), decisive))| {
            let estimate = |average: &SetAverage| Estimate {
                value: metric.of(&average.summaries.by(conventions)),
                interval: metric.interval_of(average.intervals().by(conventions)),
            };
            let ranked = Ranked {
                candidate: place,
                setting: candidate.setting,
                sets: candidate
                    .cells
                    .iter()
                    .map(|cell| Some(cell.as_ref()?.estimate(metric, conventions)))
                    .collect(),
                averages: averages.each_ref().map(|average| average.as_ref().map(estimate)),
                may_be_best: decisive.is_some() && marks.next().unwrap_or(false),
            };
            (decisive.as_ref().map(|(value, _)| *value), ranked)
        })
        .collect();
    // A stable sort; the greatest value first, what has none last.
    rows.sort_by(|(a, _), (b, _)| match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The mean over the sets of a kind; `None` where the detector lacks one of them.
fn average(candidate: &Candidate, distances: &[Option<Distance>], kind: Average) -> Option<SetAverage> {
    let of_kind = candidate.cells.iter().zip(distances);
    let of_kind = of_kind.filter(|(_, distance)| kind.takes(**distance));
    let cells: Option<Vec<&SetAverage>> = of_kind
        .map(|(cell, _)| cell.as_ref().map(|cell| &cell.alone))
        .collect();
    // Cells of unequal numbers of replicates are of different moments.
    SetAverage::joined(&cells?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::Detector;

    /// Scores that part ID from OOD by so much, with noise of the detector's own.
    fn cell(part: f64, seed: u64, set: u64) -> Option<Arc<Cell>> {
        let noise = |n: u64| {
            let mixed = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31);
            (mixed.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 11) as f64 / (1u64 << 53) as f64
        };
        let ins: Vec<f64> = (0..200)
            .map(|n| noise(n) + 0.2 * noise(n + 7919 * seed) + part)
            .collect();
        let outs: Vec<f64> = (0..200)
            .map(|n| noise(n + 1000) + 0.2 * noise(n + 104_729 * seed))
            .collect();
        let scores = CellScores {
            ins: &ins,
            correct: None,
            outs: &outs,
            in_groups: None,
            out_groups: None,
        };
        Some(Arc::new(Cell::measure(scores, 100, 0, set).unwrap()))
    }

    #[test]
    fn the_best_come_first_with_those_that_cannot_be_told_from_them() {
        let candidate = |detector, cells| Candidate {
            setting: Setting::new(detector),
            cells,
        };
        let candidates = [
            candidate(Detector::Gen, vec![cell(0.1, 1, 0), cell(0.1, 1, 1)]),
            candidate(Detector::Knn, vec![cell(0.5, 2, 0), None]),
            candidate(Detector::Energy, vec![cell(0.5, 3, 0), cell(0.5, 3, 1)]),
            candidate(Detector::Scale, vec![cell(0.5, 3, 0), cell(0.5, 3, 1)]),
        ];
        let distances = [Some(Distance::Near), None];
        let conventions = Conventions::default();
        let by = |average| rank(&candidates, &distances, average, Metric::Auroc, &conventions);
        let names = |rows: &[Ranked]| rows.iter().map(|row| row.setting.detector()).collect::<Vec<_>>();
        let all = by(Average::All);
        assert_eq!(names(&all)[2..], [Detector::Gen, Detector::Knn]);
        let marks: Vec<bool> = all.iter().map(|row| row.may_be_best).collect();
        assert_eq!(marks, [true, true, false, false]);
        let first = all.first().unwrap();
        let [Some(of_all), Some(near), None] = first.averages else {
            panic!("{:?}", first.averages)
        };
        let sets: Vec<f64> = first.sets.iter().flatten().map(|set| set.value).collect();
        assert!((of_all.value - sets.iter().sum::<f64>() / 2.0).abs() < 1e-12);
        assert!((near.value - sets.first().unwrap()).abs() < 1e-12);
        assert!(of_all.interval.low < of_all.value && of_all.value < of_all.interval.high);
        // By the near sets alone KNN has all that it takes.
        let near = by(Average::Near);
        assert_eq!(names(&near).last(), Some(&Detector::Gen));
        let fpr = rank(&candidates, &distances, Average::All, Metric::Fpr95, &conventions);
        assert_eq!(names(&fpr)[2], Detector::Gen, "less is better");
    }

    #[test]
    fn sets_are_near_or_far_by_any_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let noise = "source: {format: uniform, count: 1, size: [1, 1]}";
        write(
            "digits-28.yaml",
            &format!("title: t\naliases: [digits, mnist]\n{noise}\n"),
        );
        write("Street.yaml", &format!("title: t\naliases: [svhn]\n{noise}\n"));
        write(
            "net.yaml",
            "title: t\narchitecture: {kind: densenet-bc, depth: 10, growth: 4}\nclasses: 2\nweights: w\n\
             in_dataset: own\nnormalisation: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}\nnear: [Digits]\nfar: [Street, holiday]\n",
        );
        let card = NetworkCard::load(&folder.path().join("net.yaml")).unwrap();
        let names = odin_datasets::set_names(&[folder.path().to_owned()]);
        let distances = Distances::new(&card, &names);
        for (set, want) in [
            ("digits-28", Some(Distance::Near)),
            ("digits", Some(Distance::Near)),
            ("MNIST", Some(Distance::Near)),
            ("street", Some(Distance::Far)),
            ("/data/svhn", Some(Distance::Far)),
            // Without a card of its own.
            ("/pictures/Holiday", Some(Distance::Far)),
            ("own", None),
        ] {
            assert_eq!(distances.of(set), want, "{set}");
        }
    }
}
