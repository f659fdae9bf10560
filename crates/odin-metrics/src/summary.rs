//! The headline metrics of cumulative counts, which stay integers until the last division.
use serde::{Deserialize, Serialize};

use crate::conventions::{AuprConvention, Conventions, ErrorConvention, Positive};
use crate::curve::{Tally, share, upto};

/// The false positive rates at which CCR is given.
pub const CCR_FPRS: [f64; 4] = [1e-4, 1e-3, 1e-2, 1e-1];

/// The TPR of FPR@95TPR.
pub(crate) const TPR: f64 = 0.95;

/// The headline metrics of one pair of score sets under given [`Conventions`]. All metrics are fractions in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of ID images.
    pub n_in: u64,
    /// Number of OOD images.
    pub n_out: u64,
    /// FPR at the first threshold, from the top, whose TPR ≥ 0.95.
    pub fpr95: f64,
    /// ½(1 − TPR) + ½ FPR: the least, or that at TPR 95. The least is the same whichever class is positive.
    pub detection_error: f64,
    /// Area under the ROC, ties half: the chance that an ID image outscores an OOD image.
    pub auroc: f64,
    /// Average precision, ID positive.
    pub aupr_in: f64,
    /// Average precision, OOD positive and the score negated.
    pub aupr_out: f64,
    /// Area under CCR against FPR by trapezoids from (0, 0): the chance that an ID image is classified
    /// correctly and outscores an OOD image, ties half. `None` without correctness. (Dhamija et al. 2018;
    /// Chen et al. 2021)
    pub oscr: Option<f64>,
    /// `(fpr, ccr)`: the share of ID images that score ≥ δ and are classified correctly, at the lowest δ
    /// whose FPR does not exceed `fpr`; 0 where every threshold does. `None` without correctness. ID is
    /// always positive here.
    ///
    /// The CCR is `None` where n_out · `fpr` < 1: δ would lie above every OOD image, and how far above is not known.
    pub ccr_at_fpr: Option<[(f64, Option<f64>); 4]>,
}

/// Whether this many OOD images can tell an FPR from 0.
pub(crate) fn resolves(n_out: u64, fpr: f64) -> bool {
    // 10,000 images do resolve 1e-4, whatever the last bit of the product.
    n_out as f64 * fpr >= 1.0 - 1e-9
}

impl Tally<'_> {
    pub(crate) fn summary(&self, conventions: &Conventions) -> Summary {
        let (fpr95, tpr95) = self.at_tpr95(conventions.positive);
        let (weight_in, weight_out) = match conventions.aupr {
            AuprConvention::Balanced => (1.0 / self.n_in() as f64, 1.0 / self.n_out() as f64),
            AuprConvention::Counts => (1.0, 1.0),
        };
        Summary {
            n_in: self.n_in(),
            n_out: self.n_out(),
            fpr95,
            detection_error: match conventions.error {
                ErrorConvention::Minimum => self.least_error(),
                ErrorConvention::AtTpr95 => 0.5 * (1.0 - tpr95) + 0.5 * fpr95,
            },
            auroc: self.area_above_outs(self.ins),
            aupr_in: self.aupr_in(weight_in, weight_out),
            aupr_out: self.aupr_out(weight_in, weight_out),
            oscr: self.corrects.map(|corrects| self.area_above_outs(corrects)),
            ccr_at_fpr: self.corrects.map(|corrects| {
                CCR_FPRS.map(|fpr| {
                    let ccr = || share(upto(corrects, self.groups_within_fpr(fpr)), self.n_in());
                    (fpr, resolves(self.n_out(), fpr).then(ccr))
                })
            }),
        }
    }

    /// How many groups, from the top, it takes to reach this TPR (ID positive); all of them where none does.
    pub(crate) fn groups_to_tpr(&self, tpr: f64) -> usize {
        // `<`, not `!(>=)`, so that a NaN rate is reached by the first group.
        let short = self.ins.partition_point(|&count| share(count, self.n_in()) < tpr);
        (short + 1).min(self.groups())
    }

    /// How many groups, from the top, keep the FPR at or below this (ID positive); may be none.
    pub(crate) fn groups_within_fpr(&self, fpr: f64) -> usize {
        self.outs
            .partition_point(|&count| share(count, self.n_out()) <= fpr)
    }

    /// (FPR, TPR) where the TPR first reaches 0.95.
    pub(crate) fn at_tpr95(&self, positive: Positive) -> (f64, f64) {
        match positive {
            Positive::InDistribution => self.at_tpr_of_ins(TPR),
            Positive::OutOfDistribution => self.at_tpr_of_outs(TPR),
        }
    }

    /// (FPR, TPR) with ID positive.
    fn at_tpr_of_ins(&self, tpr: f64) -> (f64, f64) {
        let taken = self.groups_to_tpr(tpr);
        (
            share(upto(self.outs, taken), self.n_out()),
            share(upto(self.ins, taken), self.n_in()),
        )
    }

    /// (FPR, TPR) with OOD positive: groups are taken from the bottom, and `above` counts those left.
    fn at_tpr_of_outs(&self, tpr: f64) -> (f64, f64) {
        let (n_in, n_out) = (self.n_in(), self.n_out());
        // Leaving none always reaches the TPR; find the most groups that may be left.
        let above = self
            .outs
            .partition_point(|&count| share(n_out - count, n_out) >= tpr);
        (
            share(n_in - upto(self.ins, above), n_in),
            share(n_out - upto(self.outs, above), n_out),
        )
    }

    pub(crate) fn least_error(&self) -> f64 {
        let (n_in, n_out) = (u128::from(self.n_in()), u128::from(self.n_out()));
        // Twice the error times n_in · n_out, which stays an integer; the empty acceptance gives the start.
        let least = self
            .ins
            .iter()
            .zip(self.outs)
            .fold(n_in * n_out, |least, (&ins, &outs)| {
                least.min((n_in - u128::from(ins)) * n_out + u128::from(outs) * n_in)
            });
        least as f64 / (2 * n_in * n_out) as f64
    }

    /// Share of (counted, OOD) pairs in which the counted image scores higher, ties half.
    fn area_above_outs(&self, cumulative: &[u64]) -> f64 {
        let (mut twice, mut higher, mut outs_before) = (0u128, 0u64, 0u64);
        for (&counted, &outs) in cumulative.iter().zip(self.outs) {
            // The OOD images of this group lie below those counted before, and tie with those counted in it.
            twice += u128::from(outs - outs_before) * u128::from(higher + counted);
            (higher, outs_before) = (counted, outs);
        }
        twice as f64 / (2 * u128::from(self.n_in()) * u128::from(self.n_out())) as f64
    }

    pub(crate) fn aupr_in(&self, weight_in: f64, weight_out: f64) -> f64 {
        let (mut sum, mut before) = (Sum::default(), 0);
        for (&ins, &outs) in self.ins.iter().zip(self.outs) {
            if ins > before {
                let (hits, misses) = (ins as f64 * weight_in, outs as f64 * weight_out);
                sum.add((ins - before) as f64 * (hits / (hits + misses)));
                before = ins;
            }
        }
        sum.total() / self.n_in() as f64
    }

    pub(crate) fn aupr_out(&self, weight_in: f64, weight_out: f64) -> f64 {
        let (n_in, n_out) = (self.n_in(), self.n_out());
        let (mut sum, mut before) = (Sum::default(), 0);
        // From the bottom: a group and all below it are what the groups above it leave.
        for above in (0..self.groups()).rev() {
            let outs = n_out - upto(self.outs, above);
            if outs > before {
                let ins = n_in - upto(self.ins, above);
                let (hits, misses) = (outs as f64 * weight_out, ins as f64 * weight_in);
                sum.add((outs - before) as f64 * (hits / (hits + misses)));
                before = outs;
            }
        }
        sum.total() / n_out as f64
    }
}

/// Neumaier's compensated sum: millions of terms lose no digits.
#[derive(Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    /// Terms are at least 0.
    fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        self.lost += if self.sum >= term {
            (self.sum - sum) + term
        } else {
            (term - sum) + self.sum
        };
        self.sum = sum;
    }

    fn total(&self) -> f64 {
        self.sum + self.lost
    }
}
