//! The metrics of one pair of score sets by every convention at once, from the same counts.
use serde::{Deserialize, Serialize};

use crate::comparison::Comparison;
use crate::conventions::{AuprConvention, Conventions, ErrorConvention, Positive};
use crate::curve::Tally;
use crate::summary::Summary;

/// What [`Summary`] holds, by every convention.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summaries {
    /// ID positive, the least error, AUPR balanced.
    first: Summary,
    /// With OOD positive.
    fpr95_of_outs: f64,
    /// The detection error at TPR 95, with ID and with OOD positive.
    at_tpr95: [f64; 2],
    /// AUPR-in and AUPR-out by counts.
    by_counts: [f64; 2],
}

impl Comparison {
    /// As [`Comparison::summary`], by every convention.
    pub fn summaries(&self) -> Summaries {
        self.tally().summaries()
    }
}

impl Tally<'_> {
    pub(crate) fn summaries(&self) -> Summaries {
        let (fpr_of_ins, tpr_of_ins) = self.at_tpr95(Positive::InDistribution);
        let (fpr_of_outs, tpr_of_outs) = self.at_tpr95(Positive::OutOfDistribution);
        let error = |fpr: f64, tpr: f64| 0.5 * (1.0 - tpr) + 0.5 * fpr;
        Summaries {
            first: self.summary(&Conventions::default()),
            fpr95_of_outs: fpr_of_outs,
            at_tpr95: [error(fpr_of_ins, tpr_of_ins), error(fpr_of_outs, tpr_of_outs)],
            by_counts: [self.aupr_in(1.0, 1.0), self.aupr_out(1.0, 1.0)],
        }
    }
}

impl Summaries {
    /// The mean of the first and the rest, metric by metric; `n_out` is the sum. A metric that one of them lacks is
    /// `None`.
    pub(crate) fn mean<'a>(first: &'a Self, rest: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let all = std::iter::once(first).chain(rest);
        let count = all.clone().count() as f64;
        let mean = |of: fn(&Self) -> f64| all.clone().map(of).sum::<f64>() / count;
        let mean_if_all = |of: &dyn Fn(&Self) -> Option<f64>| {
            all.clone().map(of).sum::<Option<f64>>().map(|sum| sum / count)
        };
        let first = first.first;
        Self {
            first: Summary {
                n_in: first.n_in,
                n_out: all.clone().map(|summaries| summaries.first.n_out).sum(),
                fpr95: mean(|r| r.first.fpr95),
                detection_error: mean(|r| r.first.detection_error),
                auroc: mean(|r| r.first.auroc),
                aupr_in: mean(|r| r.first.aupr_in),
                aupr_out: mean(|r| r.first.aupr_out),
                oscr: mean_if_all(&|r| r.first.oscr),
                ccr_at_fpr: first.ccr_at_fpr.map(|ccrs| {
                    std::array::from_fn(|i| (ccrs[i].0, mean_if_all(&|r| r.first.ccr_at_fpr?[i].1)))
                }),
            },
            fpr95_of_outs: mean(|r| r.fpr95_of_outs),
            at_tpr95: [mean(|r| r.at_tpr95[0]), mean(|r| r.at_tpr95[1])],
            by_counts: [mean(|r| r.by_counts[0]), mean(|r| r.by_counts[1])],
        }
    }

    /// The least detection error.
    pub(crate) fn least_error(&self) -> f64 {
        self.first.detection_error
    }

    /// As [`Comparison::summary`], by one choice of conventions.
    pub fn by(&self, conventions: &Conventions) -> Summary {
        let mut summary = self.first;
        let [of_ins, of_outs] = self.at_tpr95;
        let is_of_outs = conventions.positive == Positive::OutOfDistribution;
        if is_of_outs {
            summary.fpr95 = self.fpr95_of_outs;
        }
        if conventions.error == ErrorConvention::AtTpr95 {
            summary.detection_error = if is_of_outs { of_outs } else { of_ins };
        }
        if conventions.aupr == AuprConvention::Counts {
            [summary.aupr_in, summary.aupr_out] = self.by_counts;
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::Source;

    #[test]
    fn summaries_and_their_intervals_answer_by_each_convention() {
        let mut source = Source::new(21);
        let (ins, outs) = (source.scores(60, 1.5, 0.5), source.scores(40, 0.0, 0.5));
        let marks = source.marks(60, 0.9);
        let comparison = Comparison::with_correct(&ins, Some(&marks), &outs).unwrap();
        let (summaries, intervals) = (comparison.summaries(), comparison.intervals_by_each(60, 3));
        for (n, conventions) in Conventions::ALL.iter().enumerate() {
            assert_eq!(conventions.number(), n);
            assert_eq!(summaries.by(conventions), comparison.summary(conventions));
            let alone = comparison.intervals(conventions, 60, 3);
            assert_eq!(intervals.by(conventions), &alone);
        }
    }
}
