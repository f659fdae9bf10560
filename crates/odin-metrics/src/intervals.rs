//! 95 % intervals of a summary: from a bootstrap, and exact where the bootstrap sees no variation.
use serde::{Deserialize, Serialize};

use super::binomial::{Interval, clopper_pearson};
use super::bootstrap;
use super::comparison::Comparison;
use super::conventions::{AuprConvention, Conventions, ErrorConvention, Positive};
use super::curve::Tally;
use super::readings::Readings;
use super::summary::Summary;

const LEVEL: f64 = 0.95;
/// With fewer, the 2.5 % percentile would be the least replicate.
const FEWEST_REPLICATES: usize = 40;

/// 95 % intervals, metric by metric as in [`Summary`]. Each holds the estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    pub fpr95: Interval,
    pub detection_error: Interval,
    pub auroc: Interval,
    pub aupr_in: Interval,
    pub aupr_out: Interval,
    pub oscr: Option<Interval>,
    /// `(fpr, interval of the CCR there)`.
    pub ccr_at_fpr: Option<[(f64, Interval); 4]>,
}

impl Comparison {
    /// Percentile bootstrap (Efron & Tibshirani 1993, chapter 13), the ID and the OOD set drawn apart, with
    /// as many `replicates` (1,000 is usual; at least 40 are taken). The same `seed` gives the same
    /// intervals.
    ///
    /// A replicate costs O(distinct scores). Above 20,000 of these, it is taken of at most 4,096 groups, even
    /// in accepted images and in log FPR, and the interval is moved by what the grouping did to the estimate:
    /// cost stays bounded.
    ///
    /// The least detection error is biased low, and its replicates twice: its upper end is raised by twice
    /// what the replicates lie below the estimate on average.
    ///
    /// Intervals of few images are too narrow, as percentile intervals are. Tried 400 times each on normal
    /// scores 1.5 to 4 deviations apart, those of 1,000 images a side held the truth 91 to 97 times in 100,
    /// those of 200 87 times or more, those of 50 84 times or more.
    ///
    /// Replicates of a perfect detector are all perfect, so an estimate of exactly 0 or 1 also gets what
    /// exact binomial limits allow: Clopper–Pearson for FPR95 and CCR, and for the others the worst curve
    /// through the point (FPR limit, 1 − miss limit), which is conservative. Scores that are all equal do
    /// give an AUROC of [0.5, 0.5].
    pub fn intervals(&self, conventions: &Conventions, replicates: usize, seed: u64) -> Intervals {
        let count = replicates.max(FEWEST_REPLICATES);
        let read = |tally: &Tally<'_>| tally.summary(conventions);
        let (coarse, summaries) = bootstrap::replicates(self.tally(), count, seed, read);
        let summaries: Vec<Summary> = summaries.collect();
        Intervals::of(&self.summary(conventions), &coarse, &summaries, conventions)
    }

    /// As [`Comparison::intervals`], by every convention from the same replicates.
    pub fn intervals_by_each(&self, replicates: usize, seed: u64) -> EachIntervals {
        let count = replicates.max(FEWEST_REPLICATES);
        let (coarse, drawn) = bootstrap::replicates(self.tally(), count, seed, |tally| tally.readings());
        EachIntervals::of(&self.readings(), &coarse, &drawn.collect::<Vec<_>>())
    }
}

/// [`Intervals`] by every convention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EachIntervals(Box<[Intervals; 8]>);

impl EachIntervals {
    /// From replicates; `coarse` is what they were drawn from.
    pub(super) fn of(exact: &Readings, coarse: &Readings, replicates: &[Readings]) -> Self {
        Self(Box::new(Conventions::ALL.map(|conventions| {
            let by = |readings: &Readings| readings.by(&conventions);
            let summaries: Vec<Summary> = replicates.iter().map(by).collect();
            Intervals::of(&by(exact), &by(coarse), &summaries, &conventions)
        })))
    }

    pub fn by(&self, conventions: &Conventions) -> &Intervals {
        let [first, ..] = &*self.0;
        self.0.get(conventions.number()).unwrap_or(first)
    }
}

impl Intervals {
    fn of(exact: &Summary, coarse: &Summary, replicates: &[Summary], conventions: &Conventions) -> Self {
        let mut intervals = percentiles(exact, coarse, replicates, conventions);
        intervals.allow_for_the_unseen(exact, conventions);
        intervals
    }
}

fn percentiles(
    exact: &Summary,
    coarse: &Summary,
    summaries: &[Summary],
    conventions: &Conventions,
) -> Intervals {
    // `up` raises the upper end only.
    let raised = |metric: &dyn Fn(&Summary) -> f64, up: f64| {
        let mut values: Vec<f64> = summaries.iter().map(metric).collect();
        values.sort_unstable_by(f64::total_cmp);
        let (estimate, moved) = (metric(exact), metric(exact) - metric(coarse));
        let end = |part: f64, by: f64| (percentile(&values, part) + by).clamp(0.0, 1.0);
        let tail = (1.0 - LEVEL) / 2.0;
        Interval {
            low: end(tail, moved).min(estimate),
            high: end(1.0 - tail, moved + up).max(estimate),
        }
    };
    let interval = |metric: &dyn Fn(&Summary) -> f64| raised(metric, 0.0);
    // A minimum fits its sample: the estimate lies about as far below the truth as the replicates below the
    // estimate.
    let too_low = match conventions.error {
        ErrorConvention::Minimum => {
            let mean =
                summaries.iter().map(|s| s.detection_error).sum::<f64>() / summaries.len().max(1) as f64;
            (coarse.detection_error - mean).max(0.0)
        }
        ErrorConvention::AtTpr95 => 0.0,
    };
    Intervals {
        fpr95: interval(&|s| s.fpr95),
        detection_error: raised(&|s| s.detection_error, 2.0 * too_low),
        auroc: interval(&|s| s.auroc),
        aupr_in: interval(&|s| s.aupr_in),
        aupr_out: interval(&|s| s.aupr_out),
        oscr: exact.oscr.map(|_| interval(&|s| s.oscr.unwrap_or(0.0))),
        ccr_at_fpr: exact.ccr_at_fpr.map(|list| {
            let mut which = 0..list.len();
            list.map(|(fpr, _)| {
                let i = which.next().unwrap_or(0);
                (
                    fpr,
                    interval(&|s| {
                        s.ccr_at_fpr
                            .and_then(|list| list.get(i).map(|&(_, ccr)| ccr))
                            .unwrap_or(0.0)
                    }),
                )
            })
        }),
    }
}

/// Of ascending values, with linear interpolation (numpy's default).
fn percentile(values: &[f64], part: f64) -> f64 {
    let place = part * values.len().saturating_sub(1) as f64;
    let below = values.get(place.floor() as usize).copied().unwrap_or(0.0);
    let above = values.get(place.ceil() as usize).copied().unwrap_or(below);
    below + (above - below) * (place - place.floor())
}

impl Intervals {
    fn allow_for_the_unseen(&mut self, exact: &Summary, conventions: &Conventions) {
        let (n_in, n_out) = (exact.n_in, exact.n_out);
        let negatives = match conventions.positive {
            Positive::InDistribution => n_out,
            Positive::OutOfDistribution => n_in,
        };
        let before = self.fpr95;
        allow(&mut self.fpr95, exact.fpr95, negatives);
        if let (Some(ccrs), Some(exact)) = (&mut self.ccr_at_fpr, &exact.ccr_at_fpr) {
            for ((_, interval), (_, estimate)) in ccrs.iter_mut().zip(exact) {
                allow(interval, *estimate, n_in);
            }
        }

        // Where not one image lies on the wrong side of a threshold, at most these shares would: both limits
        // hold together at 95 %, each being one-sided at 97.5 %.
        let miss = clopper_pearson(0, n_in, LEVEL).high;
        let fpr = clopper_pearson(0, n_out, LEVEL).high;
        let perfect = Interval {
            low: (1.0 - miss) * (1.0 - fpr),
            high: 1.0,
        };
        let reversed = Interval {
            low: 0.0,
            high: 1.0 - perfect.low,
        };
        let extremes = |interval: &mut Interval, estimate: f64| {
            if estimate == 1.0 {
                *interval = interval.union(perfect);
            } else if estimate == 0.0 {
                *interval = interval.union(reversed);
            }
        };
        extremes(&mut self.auroc, exact.auroc);
        if let (Some(oscr), Some(estimate)) = (&mut self.oscr, exact.oscr) {
            extremes(oscr, estimate);
        }
        let ratio = match conventions.aupr {
            AuprConvention::Balanced => 1.0,
            AuprConvention::Counts => n_out as f64 / n_in as f64,
        };
        if exact.aupr_in == 1.0 {
            self.aupr_in.low = self.aupr_in.low.min(least_precision(1.0 - miss, fpr * ratio));
        }
        if exact.aupr_out == 1.0 {
            self.aupr_out.low = self.aupr_out.low.min(least_precision(1.0 - fpr, miss / ratio));
        }
        let error = &mut self.detection_error;
        match conventions.error {
            ErrorConvention::AtTpr95 => {
                // The TPR is given, the FPR is what varies.
                let at = |fpr: f64| (exact.detection_error + 0.5 * (fpr - exact.fpr95)).clamp(0.0, 1.0);
                if self.fpr95 != before {
                    *error = error.union(Interval {
                        low: at(self.fpr95.low),
                        high: at(self.fpr95.high),
                    });
                }
            }
            ErrorConvention::Minimum if exact.detection_error == 0.0 => {
                error.high = error.high.max(0.5 * (miss + fpr))
            }
            ErrorConvention::Minimum if exact.auroc == 0.0 => {
                error.low = error.low.min(0.5 * (1.0 - miss.max(fpr)))
            }
            ErrorConvention::Minimum => {}
        }
    }
}

/// Widens the interval of a proportion of `n` to the exact one where the bootstrap had nothing to vary.
fn allow(interval: &mut Interval, estimate: f64, n: u64) {
    if estimate == 0.0 || estimate == 1.0 || interval.low == interval.high {
        *interval = interval.union(clopper_pearson((estimate * n as f64).round() as u64, n, LEVEL));
    }
}

/// ∫ r / (r + f) dr from 0 to `recall`: the area under precision when the false positives `f` (weighted, as a
/// share) all come first.
fn least_precision(recall: f64, f: f64) -> f64 {
    if f > 0.0 {
        recall - f * (recall / f).ln_1p()
    } else {
        recall
    }
}

#[cfg(test)]
mod tests {
    use super::super::naive::{self, Source};
    use super::*;

    fn list(intervals: &Intervals, summary: &Summary) -> Vec<(Interval, f64)> {
        let mut all = vec![
            (intervals.fpr95, summary.fpr95),
            (intervals.detection_error, summary.detection_error),
            (intervals.auroc, summary.auroc),
            (intervals.aupr_in, summary.aupr_in),
            (intervals.aupr_out, summary.aupr_out),
        ];
        all.extend(intervals.oscr.zip(summary.oscr));
        let ccrs = intervals
            .ccr_at_fpr
            .into_iter()
            .flatten()
            .zip(summary.ccr_at_fpr.into_iter().flatten());
        all.extend(ccrs.map(|((_, interval), (_, estimate))| (interval, estimate)));
        all
    }

    #[test]
    fn intervals_hold_the_estimate_and_repeat_by_seed() {
        let mut source = Source::new(11);
        for round in 0..24 {
            let (n_in, n_out) = (1 + source.below(80), 1 + source.below(80));
            let grain = [0.0, 0.5][round % 2];
            let (ins, outs) = (source.scores(n_in, 2.0, grain), source.scores(n_out, 0.0, grain));
            let marks = source.marks(n_in, 0.9);
            let comparison = Comparison::with_correct(&ins, Some(&marks), &outs).unwrap();
            for conventions in naive::conventions() {
                let intervals = comparison.intervals(&conventions, 100, 7);
                assert_eq!(intervals, comparison.intervals(&conventions, 100, 7));
                for (interval, estimate) in list(&intervals, &comparison.summary(&conventions)) {
                    assert!(interval.contains(estimate), "{interval:?} {estimate}");
                    assert!(interval.low >= 0.0 && interval.high <= 1.0);
                }
            }
            let other = comparison.intervals(&Conventions::default(), 100, 8);
            assert!(
                n_in < 20 || n_out < 20 || other != comparison.intervals(&Conventions::default(), 100, 7)
            );
        }
    }

    #[test]
    fn what_was_never_seen_is_not_ruled_out() {
        let ins: Vec<f64> = (0..50).map(|i| 10.0 + f64::from(i)).collect();
        let outs: Vec<f64> = (0..50).map(|i| -f64::from(i)).collect();
        for conventions in naive::conventions() {
            let perfect = Comparison::with_correct(&ins, Some(&[true; 50]), &outs).unwrap();
            let reversed = Comparison::with_correct(&outs, Some(&[false; 50]), &ins).unwrap();
            for comparison in [perfect, reversed] {
                let summary = comparison.summary(&conventions);
                for (interval, estimate) in list(&comparison.intervals(&conventions, 100, 0), &summary) {
                    assert!(
                        interval.contains(estimate) && interval.high - interval.low > 1e-3,
                        "{interval:?}"
                    );
                }
            }
        }
        let none = Comparison::new(&ins, &outs)
            .unwrap()
            .intervals(&Conventions::default(), 100, 0);
        assert_eq!(none.fpr95, clopper_pearson(0, 50, 0.95));
        assert!((none.detection_error.high - none.fpr95.high).abs() < 1e-12);
    }

    #[test]
    fn the_worst_precision_is_the_area_it_claims() {
        for (recall, f) in [(0.9, 0.1), (0.5, 2.0), (1.0, 1e-3)] {
            let steps = 1_000_000;
            let at = |i: i32| recall * (f64::from(i) + 0.5) / f64::from(steps);
            let area: f64 = (0..steps).map(|i| at(i) / (at(i) + f)).sum::<f64>() * recall / f64::from(steps);
            assert!((least_precision(recall, f) - area).abs() < 1e-6);
        }
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let mut source = Source::new(12);
        let (rounds, n, conventions) = (300, 300, Conventions::default());
        // Normal scores 1.5 deviations apart: AUROC Φ(1.5/√2), FPR95 Φ(1.6449 − 1.5), least error Φ(−0.75).
        let (mut auroc, mut fpr95, mut error) = (0, 0, 0);
        for round in 0..rounds {
            let (ins, outs) = (source.scores(n, 1.5, 0.0), source.scores(n, 0.0, 0.0));
            let intervals = Comparison::new(&ins, &outs)
                .unwrap()
                .intervals(&conventions, 200, round);
            auroc += u32::from(intervals.auroc.contains(0.855_578));
            fpr95 += u32::from(intervals.fpr95.contains(0.557_587));
            error += u32::from(intervals.detection_error.contains(0.226_627));
        }
        let least = (0.9 * rounds as f64) as u32;
        let all = [auroc, fpr95, error];
        assert!(all.iter().all(|&held| held >= least), "{all:?} of {rounds}");
    }

    #[test]
    fn many_scores_are_grouped_without_moving_the_interval() {
        let mut source = Source::new(13);
        let (ins, outs) = (source.scores(15_000, 2.0, 0.0), source.scores(12_000, 0.0, 0.0));
        let conventions = Conventions::default();
        // The same scores on a grid that leaves fewer than 20,000 of them distinct go the exact way.
        let coarse = |scores: &[f64]| {
            scores
                .iter()
                .map(|s| (s * 4000.0).round() / 4000.0)
                .collect::<Vec<_>>()
        };
        let grouped = Comparison::new(&ins, &outs).unwrap();
        let exact = Comparison::new(&coarse(&ins), &coarse(&outs)).unwrap();
        assert!(grouped.roc().count() > 20_001 && exact.roc().count() < 20_001);
        let grouped = list(
            &grouped.intervals(&conventions, 400, 1),
            &grouped.summary(&conventions),
        );
        let exact = list(
            &exact.intervals(&conventions, 400, 2),
            &exact.summary(&conventions),
        );
        for ((a, _), (b, _)) in grouped.into_iter().zip(exact) {
            let width = b.high - b.low;
            assert!(
                (a.low - b.low).abs() < 0.2 * width && (a.high - b.high).abs() < 0.2 * width,
                "{a:?} {b:?}"
            );
        }
    }
}
