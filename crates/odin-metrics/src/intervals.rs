//! 95 % intervals of a summary, by influence values, order statistics and a bootstrap.
use serde::{Deserialize, Serialize};

use crate::binomial::{Interval, NORMAL, T_TAIL, clopper_pearson, student_quantile};
use crate::bootstrap;
use crate::comparison::Comparison;
use crate::conventions::{AuprConvention, Conventions, ErrorConvention, Positive};
use crate::curve::{Tally, upto};
use crate::influence::{Smooth, logit_interval};
use crate::quantile_rate;
use crate::summaries::Summaries;
use crate::summary::{CCR_FPRS, Summary, TPR, resolves};

const LEVEL: f64 = 0.95;
/// With fewer, a standard deviation of replicates is itself too uncertain.
const FEWEST_REPLICATES: usize = 40;
/// 95 % intervals of fewer independent images (or groups of images) than this may hold the truth less often than they
/// say.
pub const APPROXIMATE_BELOW: u64 = 200;

/// 95 % intervals, metric by metric as in [`Summary`]. Each holds the estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// Of [`Summary::fpr95`].
    pub fpr95: Interval,
    /// Of [`Summary::detection_error`].
    pub detection_error: Interval,
    /// Of [`Summary::auroc`].
    pub auroc: Interval,
    /// Of [`Summary::aupr_in`].
    pub aupr_in: Interval,
    /// Of [`Summary::aupr_out`].
    pub aupr_out: Interval,
    /// Of [`Summary::oscr`].
    pub oscr: Option<Interval>,
    /// `(fpr, interval of the CCR there)`; `None` where the OOD images are too few for that FPR.
    pub ccr_at_fpr: Option<[(f64, Option<Interval>); 4]>,
    /// By how much the detection error is expected to lie below the truth, a fraction ≥ 0: the least of many errors fits
    /// the images that it was found on. 0 for the error at TPR 95. Its interval allows for this; the estimate does not.
    #[serde(default)]
    pub detection_error_bias: f64,
    /// Whether there are fewer than [`APPROXIMATE_BELOW`] independent images on either side, so that these intervals are
    /// approximate.
    #[serde(default)]
    pub approximate: bool,
}

impl Comparison {
    /// 95 % intervals of every metric. Images are taken to be independent; where they come in groups, such as crops of
    /// one photograph, use [`Paired::resampled`](crate::Paired::resampled).
    ///
    /// - AUROC, OSCR and AUPR: by the influence of every image (for AUROC, DeLong, DeLong & Clarke-Pearson 1988) on the
    ///   logit scale, with a t quantile whose degrees of freedom follow from the kurtosis of the influence values.
    /// - FPR95 and CCR at an FPR: the order statistics between which the threshold may lie, and given these the exact
    ///   interval of a proportion (Clopper & Pearson 1934), both chances taken together. With fewer than 72 images in the
    ///   set that the threshold is of, 95 % TPR may need a threshold beyond all of them, and one end is 0 or 1.
    /// - The least detection error: from a bootstrap of as many `replicates` (1,000 is usual; at least 40 are taken),
    ///   around the estimate plus its [bias](Intervals::detection_error_bias), on the logit scale. The same `seed` gives
    ///   the same interval. The error at TPR 95 follows FPR95.
    ///
    /// Tried on normal scores 1.5, 3 and 4.5 deviations apart, with 200 and with 1,000 images a side, they hold the truth
    /// 92 to 98 times in 100, and exact ones of rates that n images hardly resolve more often; with fewer they are marked
    /// [approximate](Intervals::approximate).
    ///
    /// An estimate of exactly 0 or 1 gets what exact binomial limits allow: the worst curve through the point (FPR limit,
    /// 1 − miss limit), which is conservative. Scores that are all equal do give an AUROC of [0.5, 0.5].
    ///
    /// A replicate costs O(distinct scores). Above 20,000 of these, it is taken of at most 4,096 groups, even in accepted
    /// images and in log FPR: cost stays bounded.
    pub fn intervals(&self, conventions: &Conventions, replicates: usize, seed: u64) -> Intervals {
        *self.intervals_by_each(replicates, seed).by(conventions)
    }

    /// As [`Comparison::intervals`], by every convention from the same replicates.
    pub fn intervals_by_each(&self, replicates: usize, seed: u64) -> EachIntervals {
        let count = replicates.max(FEWEST_REPLICATES);
        let (coarse, drawn) = bootstrap::replicates(self.tally(), count, seed, |tally| tally.least_error());
        let error = LeastError::of(coarse, &drawn.collect::<Vec<_>>());
        EachIntervals::of_independent(&self.tally(), &self.summaries(), error)
    }
}

/// [`Intervals`] by every convention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EachIntervals(Box<[Intervals; 8]>);

/// What replicates say of the least detection error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeastError {
    /// How far the replicates lie below what they were drawn from, on average; at least 0.
    bias: f64,
    /// Their standard deviation.
    deviation: f64,
}

impl LeastError {
    /// From replicates; `origin` is the error of what they were drawn from.
    pub(crate) fn of(origin: f64, replicates: &[f64]) -> Self {
        let (mean, deviation) = mean_and_deviation(replicates);
        Self {
            bias: (origin - mean).max(0.0),
            deviation,
        }
    }
}

/// 0 and 0 of no values.
pub(crate) fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

impl EachIntervals {
    /// Of independent images.
    pub(crate) fn of_independent(tally: &Tally<'_>, exact: &Summaries, error: LeastError) -> Self {
        let kinds = tally.kinds();
        let smooth = |metric: Smooth| tally.influence(metric).interval(&kinds);
        let (auroc, oscr) = (
            smooth(Smooth::Auroc),
            tally.corrects.and_then(|_| smooth(Smooth::Oscr)),
        );
        let aupr = [true, false].map(|balanced| {
            [
                smooth(Smooth::AuprIn { balanced }),
                smooth(Smooth::AuprOut { balanced }),
            ]
        });
        let (n_in, n_out) = (tally.n_in(), tally.n_out());
        let fpr95 = [
            quantile_rate::interval(tally.ins, tally.outs, n_out, TPR),
            quantile_rate::interval(&reversed(tally.outs), &reversed(tally.ins), n_in, TPR),
        ];
        let ccr = tally.corrects.map(|corrects| {
            CCR_FPRS.map(|fpr| {
                let is_resolved = resolves(n_out, fpr);
                is_resolved.then(|| quantile_rate::interval(tally.outs, corrects, n_in, fpr))
            })
        });
        Self(Box::new(Conventions::ALL.map(|conventions| {
            let exact = exact.by(&conventions);
            let fpr95 = match conventions.positive {
                Positive::InDistribution => fpr95[0],
                Positive::OutOfDistribution => fpr95[1],
            };
            let [aupr_in, aupr_out] = match conventions.aupr {
                AuprConvention::Balanced => aupr[0],
                AuprConvention::Counts => aupr[1],
            };
            // An estimate without an interval of its own gets one of the unseen below, or is known.
            let around = |interval: Option<Interval>, estimate: f64| {
                interval
                    .unwrap_or(Interval::at(estimate))
                    .union(Interval::at(estimate))
            };
            let least_error = || {
                let centre = exact.detection_error + error.bias;
                // Replicates of few errors vary too little, two proportions at a fixed threshold too much: the mean of
                // both variances covered best in simulations.
                let proportions = 0.25 * centre * (1.0 - centre) * (1.0 / n_in as f64 + 1.0 / n_out as f64);
                let deviation = (0.5 * (error.deviation.powi(2) + proportions)).sqrt();
                logit_interval(centre, NORMAL * deviation)
            };
            let error_at_tpr95 = Interval {
                low: 0.5 * (1.0 - TPR) + 0.5 * fpr95.low,
                high: 0.5 * (1.0 - TPR) + 0.5 * fpr95.high,
            };
            let is_least = conventions.error == ErrorConvention::Minimum;
            let mut intervals = Intervals {
                fpr95: around(Some(fpr95), exact.fpr95),
                detection_error: if is_least {
                    around(least_error(), exact.detection_error).within(0.0, 0.5)
                } else {
                    around(Some(error_at_tpr95), exact.detection_error)
                },
                auroc: around(auroc, exact.auroc),
                aupr_in: around(aupr_in, exact.aupr_in),
                aupr_out: around(aupr_out, exact.aupr_out),
                oscr: exact.oscr.map(|estimate| around(oscr, estimate)),
                ccr_at_fpr: exact.ccr_at_fpr.zip(ccr).map(|(estimates, intervals)| {
                    std::array::from_fn(|i| {
                        let (fpr, estimate) = estimates[i];
                        (fpr, estimate.map(|estimate| around(intervals[i], estimate)))
                    })
                }),
                detection_error_bias: if is_least { error.bias } else { 0.0 },
                approximate: n_in.min(n_out) < APPROXIMATE_BELOW,
            };
            intervals.allow_for_the_unseen(&exact, &conventions, n_in, n_out);
            intervals
        })))
    }

    /// From replicates alone: of images in groups, and of averages over sets. There are as many independent units a side,
    /// images or groups of them, as `units` says.
    pub(crate) fn of_replicates(exact: &Summaries, replicates: &[Summaries], units: (u64, u64)) -> Self {
        let (units_in, units_out) = units;
        let fewest = units_in.min(units_out);
        let quantile = student_quantile(T_TAIL, fewest.saturating_sub(1).max(1) as f64);
        Self(Box::new(Conventions::ALL.map(|conventions| {
            let exact = exact.by(&conventions);
            let replicates: Vec<Summary> = replicates
                .iter()
                .map(|summaries| summaries.by(&conventions))
                .collect();
            let around = |estimate: f64, bias: f64, value: &dyn Fn(&Summary) -> f64| {
                let values: Vec<f64> = replicates.iter().map(value).collect();
                let (_, deviation) = mean_and_deviation(&values);
                logit_interval(estimate + bias, quantile * deviation)
                    .unwrap_or(Interval::at(estimate))
                    .union(Interval::at(estimate))
            };
            let is_least = conventions.error == ErrorConvention::Minimum;
            let errors: Vec<f64> = replicates.iter().map(|s| s.detection_error).collect();
            let bias = if is_least {
                LeastError::of(exact.detection_error, &errors).bias
            } else {
                0.0
            };
            let unknown = || unreachable!("replicates of images with known correctness have OSCR and CCR");
            let mut intervals = Intervals {
                fpr95: around(exact.fpr95, 0.0, &|s| s.fpr95),
                detection_error: around(exact.detection_error, bias, &|s| s.detection_error).within(0.0, 0.5),
                auroc: around(exact.auroc, 0.0, &|s| s.auroc),
                aupr_in: around(exact.aupr_in, 0.0, &|s| s.aupr_in),
                aupr_out: around(exact.aupr_out, 0.0, &|s| s.aupr_out),
                oscr: exact
                    .oscr
                    .map(|oscr| around(oscr, 0.0, &|s| s.oscr.unwrap_or_else(unknown))),
                ccr_at_fpr: exact.ccr_at_fpr.map(|estimates| {
                    std::array::from_fn(|i| {
                        let (fpr, estimate) = estimates[i];
                        // A replicate of fewer OOD images may not resolve an FPR that the set just does.
                        let value =
                            |s: &Summary| s.ccr_at_fpr.map_or_else(unknown, |ccrs| ccrs[i].1.unwrap_or(0.0));
                        (fpr, estimate.map(|estimate| around(estimate, 0.0, &value)))
                    })
                }),
                detection_error_bias: bias,
                approximate: fewest < APPROXIMATE_BELOW,
            };
            intervals.allow_for_the_unseen(&exact, &conventions, units_in, units_out);
            intervals
        })))
    }

    /// By one choice of conventions.
    pub fn by(&self, conventions: &Conventions) -> &Intervals {
        &self.0[conventions.number()]
    }
}

/// The cumulative counts from the other end.
fn reversed(cumulative: &[u64]) -> Vec<u64> {
    let total = upto(cumulative, cumulative.len());
    (0..cumulative.len())
        .rev()
        .map(|group| total - upto(cumulative, group))
        .collect()
}

impl Intervals {
    /// Widens the intervals of estimates of exactly 0 or 1, which show no variation, to what so many independent images
    /// cannot rule out.
    fn allow_for_the_unseen(&mut self, exact: &Summary, conventions: &Conventions, n_in: u64, n_out: u64) {
        let negatives = match conventions.positive {
            Positive::InDistribution => n_out,
            Positive::OutOfDistribution => n_in,
        };
        let before = self.fpr95;
        allow(&mut self.fpr95, exact.fpr95, negatives);
        if let (Some(ccrs), Some(exact)) = (&mut self.ccr_at_fpr, &exact.ccr_at_fpr) {
            for ((_, interval), (_, estimate)) in ccrs.iter_mut().zip(exact) {
                if let (Some(interval), Some(estimate)) = (interval, estimate) {
                    allow(interval, *estimate, n_in);
                }
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
            AuprConvention::Counts => exact.n_out as f64 / exact.n_in as f64,
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
    use super::*;
    use crate::naive::{self, Source};

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
        all.extend(ccrs.filter_map(|((_, interval), (_, estimate))| interval.zip(estimate)));
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
        let none = |n: usize| {
            let (ins, outs) = (ins.repeat(n), outs.repeat(n));
            Comparison::new(&ins, &outs)
                .unwrap()
                .intervals(&Conventions::default(), 100, 0)
        };
        let enough = none(4);
        assert_eq!(enough.fpr95, clopper_pearson(0, 200, 0.95));
        assert!((enough.detection_error.high - enough.fpr95.high).abs() < 1e-12);
        // Of 50 images the chance is 8 % that none is of the lowest 5 % of its population: no threshold that accepts 95 %
        // is known then.
        assert!(none(1).fpr95.high > 0.99);
        assert!(none(1).approximate && !enough.approximate);
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
