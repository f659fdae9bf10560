//! OpenOOD v1.5's metrics, as its evaluator computes them: for numbers that stand beside its leaderboard.
use serde::{Deserialize, Serialize};

use crate::comparison::Comparison;
use crate::curve::{Tally, share, upto};
use crate::influence::counts;
use crate::summary::{CCR_FPRS, TPR, resolves};

/// The metrics of OpenOOD v1.5 (`openood/evaluators/metrics.py`), fractions. They differ from a
/// [`Summary`](crate::Summary) by every convention at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OpenOod {
    /// OOD positive: the share of ID images rejected where 95 % of the OOD images are. (Versions before v1.5 took ID as
    /// positive.) It is read off scikit-learn's `roc_curve` with intermediate points dropped, which can only matter where
    /// scores tie.
    pub fpr95: f64,
    /// Ties half, as everywhere.
    pub auroc: f64,
    /// Area under precision over recall by trapezoids, ID positive, every image weighing the same. It lies above average
    /// precision where scores tie.
    pub aupr_in: f64,
    /// The same, OOD positive.
    pub aupr_out: f64,
    /// `(fpr, ccr)`: the share of ID images that are classified correctly and score **more** than the ⌈fpr · n_out⌉-th
    /// highest OOD score; `None` where n_out · fpr < 1, for which OpenOOD takes the highest one. `None` without
    /// correctness.
    pub ccr_at_fpr: Option<[(f64, Option<f64>); 4]>,
}

impl Comparison {
    /// By OpenOOD's conventions as a whole.
    pub fn openood(&self) -> OpenOod {
        self.tally().openood()
    }
}

impl Tally<'_> {
    fn openood(&self) -> OpenOod {
        let (ins, outs) = (counts(self.ins), counts(self.outs));
        let reversed = |counts: &[u64]| counts.iter().rev().copied().collect::<Vec<_>>();
        let n_out = self.n_out();
        OpenOod {
            fpr95: fpr_at_tpr(&reversed(&outs), &reversed(&ins)),
            auroc: self.summary(&crate::Conventions::default()).auroc,
            aupr_in: trapezoidal_aupr(&ins, &outs),
            aupr_out: trapezoidal_aupr(&reversed(&outs), &reversed(&ins)),
            ccr_at_fpr: self.corrects.map(|corrects| {
                CCR_FPRS.map(|fpr| {
                    let rank = (fpr * n_out as f64).ceil() as u64;
                    let group = self.outs.partition_point(|&count| count < rank);
                    let ccr = || share(upto(corrects, group), self.n_in());
                    (fpr, resolves(n_out, fpr).then(ccr))
                })
            }),
        }
    }
}

/// The FPR at the first kept vertex whose TPR ≥ 0.95, from counts by group, the most positive group first. A vertex is not
/// kept where the group before it and the one after it count the same.
fn fpr_at_tpr(positives: &[u64], negatives: &[u64]) -> f64 {
    let (n_pos, n_neg) = (positives.iter().sum(), negatives.iter().sum());
    let (mut tp, mut fp) = (0, 0);
    let groups: Vec<(u64, u64)> = positives.iter().copied().zip(negatives.iter().copied()).collect();
    for (i, &group) in groups.iter().enumerate() {
        tp += group.0;
        fp += group.1;
        let is_kept = i == 0 || groups.get(i + 1) != Some(&group);
        if is_kept && share(tp, n_pos) >= TPR {
            break;
        }
    }
    share(fp, n_neg)
}

/// From counts by group, the most positive group first. The curve starts at recall 0 with precision 1.
fn trapezoidal_aupr(positives: &[u64], negatives: &[u64]) -> f64 {
    let n_pos = positives.iter().sum::<u64>() as f64;
    let (mut tp, mut fp, mut before, mut area) = (0, 0, 1.0, 0.0);
    for (&pos, &neg) in positives.iter().zip(negatives) {
        tp += pos;
        fp += neg;
        let precision = share(tp, tp + fp);
        area += pos as f64 * 0.5 * (before + precision);
        before = precision;
    }
    area / n_pos
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_ties_only_the_conventions_differ() {
        let mut source = crate::naive::Source::new(101);
        let (ins, outs) = (source.scores(400, 1.5, 0.0), source.scores(300, 0.0, 0.0));
        let marks = source.marks(400, 0.9);
        let comparison = Comparison::with_correct(&ins, Some(&marks), &outs).unwrap();
        let ours = comparison.summary(&crate::Conventions {
            positive: crate::Positive::OutOfDistribution,
            aupr: crate::AuprConvention::Counts,
            ..crate::Conventions::default()
        });
        let theirs = comparison.openood();
        assert_eq!((theirs.fpr95, theirs.auroc), (ours.fpr95, ours.auroc));
        assert!(
            (theirs.aupr_in - ours.aupr_in).abs() < 2e-3 && (theirs.aupr_out - ours.aupr_out).abs() < 2e-3
        );
        let (theirs, ours) = (theirs.ccr_at_fpr.unwrap(), ours.ccr_at_fpr.unwrap());
        assert_eq!((theirs[0].1, theirs[1].1), (None, None));
        // Ours accepts the images that score as the 30th OOD image and lower, down to the 31st; theirs does not.
        assert!(theirs[3].1.unwrap() <= ours[3].1.unwrap());
    }
}
