//! An ID score set against an OOD score set: sorted once, then asked for metrics, curves and operating points.
use serde::{Deserialize, Serialize};

use crate::conventions::Conventions;
use crate::curve::{Curve, Item, Tally, ordered, share, upto};
use crate::error::{MetricsError, Side};
use crate::summary::Summary;
use crate::vertices::kept_vertices;

/// Two sorted score sets. An image is called ID when its score ≥ the threshold; thresholds are the distinct
/// scores, so ties move together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub(crate) curve: Curve,
}

/// A vertex of the ROC, ID positive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Images that score at least this are called ID.
    pub threshold: f64,
    /// Share of the OOD images called ID.
    pub fpr: f64,
    /// Share of the ID images called ID.
    pub tpr: f64,
}

/// The rates when every image with score ≥ `threshold` is called ID. Rates are fractions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// Images that score at least this are called ID.
    pub threshold: f64,
    /// Share of the ID images called ID.
    pub tpr: f64,
    /// Share of the OOD images called ID.
    pub fpr: f64,
    /// Share of ID images accepted and classified correctly; `None` without correctness.
    pub ccr: Option<f64>,
    /// ID images called ID.
    pub true_positives: u64,
    /// OOD images called ID.
    pub false_positives: u64,
    /// Number of ID images.
    pub n_in: u64,
    /// Number of OOD images.
    pub n_out: u64,
}

impl Comparison {
    /// Scores of the ID and of the OOD images, in any order; higher = more in-distribution.
    ///
    /// # Errors
    /// A NaN score, or an empty set.
    pub fn new(in_scores: &[f64], out_scores: &[f64]) -> Result<Self, MetricsError> {
        Self::with_correct(in_scores, None, out_scores)
    }

    /// As [`Comparison::new`], with whether each ID image was classified correctly (for CCR and OSCR).
    ///
    /// # Errors
    /// A NaN score, an empty set, or a number of flags that is not the number of ID images.
    pub fn with_correct(
        in_scores: &[f64],
        correct: Option<&[bool]>,
        out_scores: &[f64],
    ) -> Result<Self, MetricsError> {
        if let Some(correct) = correct.filter(|correct| correct.len() != in_scores.len()) {
            return Err(MetricsError::CorrectCount {
                scores: in_scores.len(),
                flags: correct.len(),
            });
        }
        let mut items = Vec::with_capacity(in_scores.len() + out_scores.len());
        for (index, &score) in in_scores.iter().enumerate() {
            let correct = correct.is_some_and(|correct| correct[index]);
            items.push(Item {
                score: ordered(score, Side::In, index)?,
                side: Side::In,
                correct,
            });
        }
        for (index, &score) in out_scores.iter().enumerate() {
            items.push(Item {
                score: ordered(score, Side::Out, index)?,
                side: Side::Out,
                correct: false,
            });
        }
        Ok(Self {
            curve: Curve::from_items(items, correct.is_some())?,
        })
    }

    pub(crate) fn tally(&self) -> Tally<'_> {
        self.curve.tally()
    }

    /// Every headline number. O(number of distinct scores).
    pub fn summary(&self, conventions: &Conventions) -> Summary {
        self.tally().summary(conventions)
    }

    /// Number of ID images.
    pub fn n_in(&self) -> u64 {
        self.tally().n_in()
    }

    /// Number of OOD images.
    pub fn n_out(&self) -> u64 {
        self.tally().n_out()
    }

    /// Whether CCR and OSCR are known.
    pub fn has_correct(&self) -> bool {
        self.curve.corrects.is_some()
    }

    /// The lowest and the highest score.
    pub fn range(&self) -> (f64, f64) {
        let thresholds = &self.curve.thresholds;
        (thresholds[thresholds.len() - 1], thresholds[0])
    }

    /// Every vertex, from (0, 0) with threshold +∞ down to (1, 1): scikit-learn's `roc_curve` with
    /// `drop_intermediate=False`.
    pub fn roc(&self) -> impl Iterator<Item = RocPoint> + '_ {
        let (n_in, n_out) = (self.n_in(), self.n_out());
        let start = RocPoint {
            threshold: f64::INFINITY,
            fpr: 0.0,
            tpr: 0.0,
        };
        let counts = self.curve.ins.iter().zip(&self.curve.outs);
        let rest = self
            .curve
            .thresholds
            .iter()
            .zip(counts)
            .map(move |(&threshold, (&ins, &outs))| RocPoint {
                threshold,
                fpr: share(outs, n_out),
                tpr: share(ins, n_in),
            });
        std::iter::once(start).chain(rest)
    }

    /// At most `max_points` (at least 2) vertices `(fpr, tpr)` for drawing, ascending from (0, 0) to (1, 1).
    /// Its shape holds on a linear and on a logarithmic FPR axis: no vertex left out is further than about 4
    /// / `max_points` away.
    pub fn roc_polyline(&self, max_points: usize) -> Vec<(f64, f64)> {
        self.polyline(&self.curve.ins, max_points)
    }

    /// As [`Comparison::roc_polyline`], of CCR over FPR; `None` without correctness.
    pub fn ccr_polyline(&self, max_points: usize) -> Option<Vec<(f64, f64)>> {
        self.curve
            .corrects
            .as_deref()
            .map(|corrects| self.polyline(corrects, max_points))
    }

    /// Both axes are fractions of their set; `counted` is a cumulative count of ID images.
    fn polyline(&self, counted: &[u64], max_points: usize) -> Vec<(f64, f64)> {
        let outs = &self.curve.outs;
        let point = |vertex| {
            (
                share(upto(outs, vertex), self.n_out()),
                share(upto(counted, vertex), self.n_in()),
            )
        };
        kept_vertices(outs, counted, max_points)
            .into_iter()
            .map(point)
            .collect()
    }

    /// The operating point of any threshold, ±∞ included; NaN accepts no image. O(log n).
    pub fn at(&self, threshold: f64) -> OperatingPoint {
        let taken = self.curve.thresholds.partition_point(|&score| score >= threshold);
        let (n_in, n_out) = (self.n_in(), self.n_out());
        let (true_positives, false_positives) = (upto(&self.curve.ins, taken), upto(&self.curve.outs, taken));
        OperatingPoint {
            threshold,
            tpr: share(true_positives, n_in),
            fpr: share(false_positives, n_out),
            ccr: self
                .curve
                .corrects
                .as_deref()
                .map(|corrects| share(upto(corrects, taken), n_in)),
            true_positives,
            false_positives,
            n_in,
            n_out,
        }
    }

    /// The highest threshold whose TPR ≥ `tpr` (ID positive); the lowest score where none reaches it.
    pub fn threshold_at_tpr(&self, tpr: f64) -> f64 {
        self.curve.thresholds[self.tally().groups_to_tpr(tpr) - 1]
    }

    /// The lowest threshold whose FPR ≤ `fpr` (ID positive); `None` where even the highest score exceeds it.
    pub fn threshold_at_fpr(&self, fpr: f64) -> Option<f64> {
        let taken = self.tally().groups_within_fpr(fpr);
        self.curve.thresholds.get(taken.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::{self, Source, assert_close};

    const INF: f64 = f64::INFINITY;

    #[test]
    fn every_metric_matches_its_definition() {
        let mut source = Source::new(1);
        for round in 0..300 {
            let (n_in, n_out) = (1 + source.below(40), 1 + source.below(40));
            let grain = [0.0, 0.1, 1.0, 5.0][round % 4];
            let ins = source.scores(n_in, 1.0, grain);
            let outs = source.scores(n_out, 0.0, grain);
            let marks = source.marks(n_in, 0.8);
            let correct = (round % 3 > 0).then_some(&marks[..]);
            let comparison = Comparison::with_correct(&ins, correct, &outs).unwrap();
            for conventions in naive::conventions() {
                let want = naive::summary(&ins, correct, &outs, &conventions);
                assert_close(
                    &comparison.summary(&conventions),
                    &want,
                    &format!("{round}, {conventions}"),
                );
            }
        }
    }

    #[test]
    fn what_is_no_score_set_is_refused() {
        use MetricsError::*;
        let refused = |ins: &[f64], outs: &[f64]| Comparison::new(ins, outs).unwrap_err();
        assert_eq!(
            refused(&[1.0, f64::NAN], &[0.0]),
            NotANumber {
                side: Side::In,
                index: 1
            }
        );
        assert_eq!(
            refused(&[1.0], &[-f64::NAN]),
            NotANumber {
                side: Side::Out,
                index: 0
            }
        );
        assert_eq!(refused(&[], &[0.0]), Empty { side: Side::In });
        assert_eq!(refused(&[1.0], &[]), Empty { side: Side::Out });
        let marks = Comparison::with_correct(&[1.0, 2.0], Some(&[true]), &[0.0]).unwrap_err();
        assert_eq!(marks, CorrectCount { scores: 2, flags: 1 });
        assert_eq!(
            refused(&[f64::NAN], &[]).to_string(),
            "ID score 0 is not a number"
        );
        assert_eq!(refused(&[1.0], &[]).to_string(), "there is no OOD score");
    }

    #[test]
    fn infinities_are_ordered_like_numbers() {
        let (ins, outs) = ([INF, 1.0, -INF, INF], [-INF, INF, 0.0]);
        let stand_in = |scores: &[f64]| scores.iter().map(|s| s.clamp(-9.0, 9.0)).collect::<Vec<_>>();
        let comparison = Comparison::new(&ins, &outs).unwrap();
        for conventions in naive::conventions() {
            let want = naive::summary(&stand_in(&ins), None, &stand_in(&outs), &conventions);
            assert_close(&comparison.summary(&conventions), &want, "infinities");
        }
        assert_eq!(comparison.at(INF).true_positives, 2);
        assert_eq!(comparison.at(-INF).tpr, 1.0);
        assert_eq!(comparison.threshold_at_fpr(0.1), None);
        assert_eq!(comparison.range(), (-INF, INF));
    }

    #[test]
    fn operating_points_count_what_scores_at_least_the_threshold() {
        let mut source = Source::new(2);
        for grain in [0.0, 0.5] {
            let (ins, outs) = (source.scores(60, 1.0, grain), source.scores(50, 0.0, grain));
            let marks = source.marks(60, 0.7);
            let comparison = Comparison::with_correct(&ins, Some(&marks), &outs).unwrap();
            let probes = ins
                .iter()
                .chain(&outs)
                .flat_map(|s| [*s, s.next_up(), s.next_down()]);
            for threshold in probes.chain([INF, -INF]) {
                let point = comparison.at(threshold);
                let hits = ins
                    .iter()
                    .zip(&marks)
                    .filter(|(s, ok)| **s >= threshold && **ok)
                    .count();
                assert_eq!(
                    point.true_positives,
                    ins.iter().filter(|s| **s >= threshold).count() as u64
                );
                assert_eq!(
                    point.false_positives,
                    outs.iter().filter(|s| **s >= threshold).count() as u64
                );
                assert_eq!(point.ccr, Some(hits as f64 / 60.0));
            }
            assert_eq!(comparison.at(f64::NAN).true_positives, 0);
        }
    }

    #[test]
    fn thresholds_keep_what_they_promise() {
        let mut source = Source::new(3);
        for grain in [0.0, 0.3] {
            let (ins, outs) = (source.scores(200, 1.0, grain), source.scores(100, 0.0, grain));
            let comparison = Comparison::new(&ins, &outs).unwrap();
            for rate in [0.0, 0.01, 0.5, 0.95, 1.0] {
                let threshold = comparison.threshold_at_tpr(rate);
                assert!(comparison.at(threshold).tpr >= rate);
                assert!(rate == 0.0 || comparison.at(threshold.next_up()).tpr < rate);
                if let Some(threshold) = comparison.threshold_at_fpr(rate) {
                    assert!(comparison.at(threshold).fpr <= rate);
                    let lower = ins
                        .iter()
                        .chain(&outs)
                        .filter(|s| **s < threshold)
                        .copied()
                        .fold(-INF, f64::max);
                    assert!(lower == -INF || comparison.at(lower).fpr > rate);
                }
            }
            let summary = comparison.summary(&Conventions::default());
            assert_eq!(
                comparison.at(comparison.threshold_at_tpr(0.95)).fpr,
                summary.fpr95
            );
            assert_eq!(comparison.threshold_at_tpr(2.0), comparison.range().0);
            assert_eq!(comparison.threshold_at_tpr(f64::NAN), comparison.range().1);
            assert_eq!(comparison.threshold_at_fpr(f64::NAN), None);
        }
    }

    #[test]
    fn curves_for_drawing_are_few_points_of_the_full_ones() {
        let mut source = Source::new(4);
        let (ins, outs) = (source.scores(3000, 1.0, 0.0), source.scores(2000, 0.0, 0.0));
        let marks = source.marks(3000, 0.9);
        let comparison = Comparison::with_correct(&ins, Some(&marks), &outs).unwrap();
        let full: Vec<_> = comparison.roc().map(|point| (point.fpr, point.tpr)).collect();
        assert_eq!(full.len(), 5001);
        assert_eq!(
            comparison.roc().next().map(|p| (p.threshold, p.fpr, p.tpr)),
            Some((INF, 0.0, 0.0))
        );
        assert_eq!(comparison.roc_polyline(9999), full);
        let few = comparison.roc_polyline(200);
        assert!(few.len() <= 200 && few.iter().all(|point| full.contains(point)));
        assert_eq!((few.first(), few.last()), (Some(&(0.0, 0.0)), Some(&(1.0, 1.0))));
        let area = |points: &[(f64, f64)]| {
            points
                .windows(2)
                .map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0)
                .sum::<f64>()
        };
        let summary = comparison.summary(&Conventions::default());
        assert!((area(&full) - summary.auroc).abs() < 1e-12);
        assert!((area(&few) - summary.auroc).abs() < 1e-3);
        let ccr = comparison.ccr_polyline(usize::MAX).unwrap();
        assert!((area(&ccr) - summary.oscr.unwrap()).abs() < 1e-12);
        assert!(Comparison::new(&ins, &outs).unwrap().ccr_polyline(10).is_none());
    }

    #[test]
    fn what_is_read_back_is_the_same_and_what_is_no_comparison_is_refused() {
        let comparison = Comparison::with_correct(&[2.0, 1.0], Some(&[true, false]), &[0.5, 1.0]).unwrap();
        let text = serde_json::to_string(&comparison).unwrap();
        assert_eq!(serde_json::from_str::<Comparison>(&text).unwrap(), comparison);
        for (from, to) in [
            ("[2.0,1.0,0.5]", "[1.0,2.0,0.5]"),
            ("[2.0,1.0,0.5]", "[]"),
            ("[0,1,2]", "[0,2,1]"),
            ("[0,1,2]", "[0,0,0]"),
        ] {
            assert!(text.contains(from), "{text}");
            assert!(
                serde_json::from_str::<Comparison>(&text.replace(from, to)).is_err(),
                "{from} as {to}"
            );
        }
    }
}
