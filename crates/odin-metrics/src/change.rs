//! By how much one detector differs from another on the same images, with paired 95 % intervals.
use serde::{Deserialize, Serialize};

use crate::binomial::{Interval, T_TAIL, clopper_pearson, student_quantile};
use crate::conventions::{AuprConvention, Conventions};
use crate::error::MetricsError;
use crate::influence::{Influence, Smooth, Spread, error_and_quantile};
use crate::intervals::{APPROXIMATE_BELOW, mean_and_deviation};
use crate::metric::Metric;
use crate::paired::{Images, Paired};
use crate::summaries::Summaries;
use crate::summary::Summary;

/// A difference of a metric, a fraction in [−1, 1].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The one detector's value minus the other's.
    pub difference: f64,
    /// 95 % interval of it, which holds the difference.
    pub interval: Interval,
}

/// The change of every metric from one detector to another, metric by metric as in [`Summary`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// Of [`Summary::fpr95`].
    pub fpr95: Change,
    /// Of [`Summary::detection_error`].
    pub detection_error: Change,
    /// Of [`Summary::auroc`].
    pub auroc: Change,
    /// Of [`Summary::aupr_in`].
    pub aupr_in: Change,
    /// Of [`Summary::aupr_out`].
    pub aupr_out: Change,
    /// Of [`Summary::oscr`]; `None` without correctness.
    pub oscr: Option<Change>,
    /// Of [`Summary::ccr_at_fpr`].
    pub ccr_at_fpr: Option<[(f64, Option<Change>); 4]>,
    /// Whether there are fewer than [`APPROXIMATE_BELOW`] independent images on either side.
    pub approximate: bool,
}

impl Change {
    /// Whether the interval does not hold 0: the two detectors differ beyond what chance alone would show.
    pub fn is_significant(&self) -> bool {
        !self.interval.contains(0.0)
    }
}

impl Metric {
    /// Its change.
    pub fn change_of(self, changes: &Changes) -> Change {
        match self {
            Self::Fpr95 => changes.fpr95,
            Self::DetectionError => changes.detection_error,
            Self::Auroc => changes.auroc,
            Self::AuprIn => changes.aupr_in,
            Self::AuprOut => changes.aupr_out,
        }
    }
}

impl Paired {
    /// What `self` has more than `baseline`, metric by metric, with 95 % intervals for the same images seen by both.
    ///
    /// Of AUROC (DeLong, DeLong & Clarke-Pearson 1988), OSCR and AUPR by the influence of every image on the difference, with
    /// a t quantile; of the others by the standard deviation of the difference between replicates of the same draw. Where
    /// images come in groups, all are by replicates. Two detectors that order all images alike do not differ: [0, 0].
    /// Two that differ in no replicate without doing that, such as two perfect ones, get what so many images cannot rule
    /// out.
    ///
    /// # Errors
    /// [`MetricsError::NotPaired`] where the two are not of the same images (as many, with the same marks and groups), or
    /// drawn by different seeds or numbers of replicates.
    pub fn changes_from(&self, baseline: &Self, conventions: &Conventions) -> Result<Changes, MetricsError> {
        if !self.images.is_drawn_as(&baseline.images) || self.replicates.len() != baseline.replicates.len() {
            return Err(MetricsError::NotPaired);
        }
        let units = self.images.units();
        let mut changes = of_replicates(
            (&self.summaries, &self.replicates),
            (&baseline.summaries, &baseline.replicates),
            units,
            conventions,
        );
        if self.images.is_ranked_as(&baseline.images) {
            changes.each(|change| change.interval = Interval::at(change.difference));
        } else if !self.images.is_grouped() {
            let balanced = conventions.aupr == AuprConvention::Balanced;
            let smooth = |change: &mut Change, metric: Smooth| {
                if let Some((error, quantile)) = error_of_difference(&self.images, &baseline.images, metric) {
                    change.interval = around(change.difference, quantile * error);
                }
            };
            smooth(&mut changes.auroc, Smooth::Auroc);
            smooth(&mut changes.aupr_in, Smooth::AuprIn { balanced });
            smooth(&mut changes.aupr_out, Smooth::AuprOut { balanced });
            if let Some(oscr) = &mut changes.oscr {
                smooth(oscr, Smooth::Oscr);
            }
        }
        Ok(changes)
    }
}

/// The standard error of a difference, from what each image adds to it, and the t quantile that goes with it; `None` where
/// no image differs.
fn error_of_difference(ours: &Images, theirs: &Images, metric: Smooth) -> Option<(f64, f64)> {
    let [a, b] = [ours, theirs].map(|images| images.comparison.tally().influence(metric));
    let (mut ins, mut outs) = (Spread::default(), Spread::default());
    for image in 0..ours.ins.len() {
        let is_correct = ours.correct.as_ref().is_none_or(|correct| correct[image]);
        let of = |influence: &Influence, images: &Images| {
            let values = if is_correct {
                &influence.corrects
            } else {
                &influence.wrongs
            };
            values[images.ins[image] as usize]
        };
        ins.add(of(&a, ours) - of(&b, theirs), 1);
    }
    for (&mine, &their) in ours.outs.iter().zip(&theirs.outs) {
        outs.add(a.outs[mine as usize] - b.outs[their as usize], 1);
    }
    error_and_quantile(&ins, &outs)
}

/// From replicates alone, the n-th of both being of the same draw. There are as many independent units a side as `units`
/// says.
pub(crate) fn of_replicates(
    ours: (&Summaries, &[Summaries]),
    theirs: (&Summaries, &[Summaries]),
    units: (u64, u64),
    conventions: &Conventions,
) -> Changes {
    let (a, b) = (ours.0.by(conventions), theirs.0.by(conventions));
    let pairs: Vec<(Summary, Summary)> = ours
        .1
        .iter()
        .zip(theirs.1)
        .map(|(a, b)| (a.by(conventions), b.by(conventions)))
        .collect();
    let fewest = units.0.min(units.1);
    let quantile = student_quantile(T_TAIL, fewest.saturating_sub(1).max(1) as f64);
    let unseen = |n: u64| clopper_pearson(0, n, 0.95).high;
    let unseen = 1.0 - (1.0 - unseen(units.0)) * (1.0 - unseen(units.1));
    let change = |value: &dyn Fn(&Summary) -> Option<f64>| -> Option<Change> {
        let difference = value(&a)? - value(&b)?;
        let differences: Vec<f64> = pairs
            .iter()
            .filter_map(|(a, b)| Some(value(a)? - value(b)?))
            .collect();
        let (_, deviation) = mean_and_deviation(&differences);
        let half = if deviation > 0.0 {
            quantile * deviation
        } else {
            unseen
        };
        Some(Change {
            difference,
            interval: around(difference, half),
        })
    };
    let always = |value: fn(&Summary) -> f64| -> Change {
        change(&|summary| Some(value(summary)))
            .unwrap_or_else(|| unreachable!("every summary has this metric"))
    };
    Changes {
        fpr95: always(|s| s.fpr95),
        detection_error: always(|s| s.detection_error),
        auroc: always(|s| s.auroc),
        aupr_in: always(|s| s.aupr_in),
        aupr_out: always(|s| s.aupr_out),
        oscr: change(&|s| s.oscr),
        ccr_at_fpr: a
            .ccr_at_fpr
            .zip(b.ccr_at_fpr)
            .map(|(ccrs, _)| std::array::from_fn(|i| (ccrs[i].0, change(&|s| s.ccr_at_fpr?[i].1)))),
        approximate: fewest < APPROXIMATE_BELOW,
    }
}

fn around(difference: f64, half: f64) -> Interval {
    Interval {
        low: difference - half,
        high: difference + half,
    }
    .within(-1.0, 1.0)
}

impl Changes {
    fn each(&mut self, mut with: impl FnMut(&mut Change)) {
        let always = [
            &mut self.fpr95,
            &mut self.detection_error,
            &mut self.auroc,
            &mut self.aupr_in,
            &mut self.aupr_out,
        ];
        let ccrs = self
            .ccr_at_fpr
            .iter_mut()
            .flatten()
            .filter_map(|(_, change)| change.as_mut());
        always
            .into_iter()
            .chain(&mut self.oscr)
            .chain(ccrs)
            .for_each(&mut with);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::Source;

    /// Scores of one detector and of another that sees the same images through noise of its own.
    fn two(source: &mut Source, n: usize, d: f64, noise: f64) -> [Vec<f64>; 4] {
        let (ins, outs) = (source.scores(n, d, 0.0), source.scores(n, 0.0, 0.0));
        let mut again = |scores: &[f64]| {
            let (part, scale) = (source.scores(n, 0.0, 0.0), (1.0 + noise * noise).sqrt());
            scores
                .iter()
                .zip(part)
                .map(|(x, e)| (x + noise * e) / scale)
                .collect::<Vec<_>>()
        };
        let seen = [again(&ins), again(&outs)];
        let [seen_ins, seen_outs] = seen;
        [ins, outs, seen_ins, seen_outs]
    }

    #[test]
    fn intervals_of_changes_cover_the_truth_as_often_as_they_say() {
        let mut source = Source::new(61);
        let (n, noise, rounds) = (300, 0.5, 300);
        let shrunk = |d: f64| d / (1.0f64 + noise * noise).sqrt();
        for d in [1.5, 3.0] {
            // Φ(d/√2), Φ(1.645 − d), Φ(−d/2) of both, from scipy 1.17.1.
            let truth = |d: f64| {
                let phi = crate::naive::phi;
                [phi(1.644_853_627 - d), phi(-0.5 * d), phi(d / 2f64.sqrt())]
            };
            let want: Vec<f64> = truth(shrunk(d))
                .iter()
                .zip(truth(d))
                .map(|(a, b)| a - b)
                .collect();
            let mut held = [0; 3];
            for round in 0..rounds {
                let [ins, outs, seen_ins, seen_outs] = two(&mut source, n, d, noise);
                let baseline = Paired::new(&ins, None, &outs, 100, round).unwrap();
                let other = Paired::new(&seen_ins, None, &seen_outs, 100, round).unwrap();
                let changes = other.changes_from(&baseline, &Conventions::default()).unwrap();
                let all = [changes.fpr95, changes.detection_error, changes.auroc];
                for ((held, change), want) in held.iter_mut().zip(all).zip(&want) {
                    *held += u32::from(change.interval.contains(*want));
                }
            }
            let shares = held.map(|held| f64::from(held) / rounds as f64);
            println!("d = {d}: {shares:?}");
            assert!(
                shares.iter().all(|share| (0.92..=0.98).contains(share)),
                "d = {d}: {shares:?}"
            );
        }
    }

    #[test]
    fn the_standard_error_is_that_of_paired_delong() {
        let numbers = |all: &[u8]| all.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        let paired =
            |ins: &[u8], outs: &[u8]| Paired::new(&numbers(ins), None, &numbers(outs), 40, 1).unwrap();
        let ours = paired(
            &[9, 7, 8, 6, 5, 9, 4, 7, 3, 8, 6, 2],
            &[1, 3, 2, 5, 4, 0, 6, 2, 1, 3],
        );
        let theirs = paired(
            &[8, 8, 5, 7, 4, 9, 3, 5, 6, 7, 6, 1],
            &[2, 3, 1, 6, 5, 1, 4, 3, 0, 2],
        );
        // MLstatkit 0.1.91, Delong_test: AUROC 0.875 and 0.84583, variance of the difference.
        let variance = 0.002_996_282_267_115_598_f64;
        let (error, _) = error_of_difference(&ours.images, &theirs.images, Smooth::Auroc).unwrap();
        assert!((error - variance.sqrt()).abs() < 1e-12, "{error}");
        let changes = ours.changes_from(&theirs, &Conventions::default()).unwrap();
        assert!((changes.auroc.difference - 0.029_166_666_666_666_67).abs() < 1e-12);
        assert!(!changes.auroc.is_significant() && changes.approximate);
    }

    #[test]
    fn a_paired_interval_is_the_narrower_one() {
        let mut source = Source::new(62);
        let [ins, outs, seen_ins, seen_outs] = two(&mut source, 400, 1.5, 0.3);
        let marks = source.marks(400, 0.9);
        let baseline = Paired::new(&ins, Some(&marks), &outs, 200, 1).unwrap();
        let other = Paired::new(&seen_ins, Some(&marks), &seen_outs, 200, 1).unwrap();
        for conventions in Conventions::ALL {
            let changes = other.changes_from(&baseline, &conventions).unwrap();
            let back = baseline.changes_from(&other, &conventions).unwrap();
            let (ours, theirs) = (other.intervals(), baseline.intervals());
            for metric in Metric::ALL {
                let change = metric.change_of(&changes);
                let width = |interval: Interval| interval.high - interval.low;
                let apart = width(metric.interval_of(ours.by(&conventions)))
                    + width(metric.interval_of(theirs.by(&conventions)));
                assert!(width(change.interval) < 0.7 * apart, "{metric}");
                assert!((change.difference + metric.change_of(&back).difference).abs() < 1e-12);
                assert!(change.interval.contains(change.difference));
            }
            assert!(changes.oscr.is_some() && changes.ccr_at_fpr.unwrap()[3].1.is_some());
            // 400 images do not resolve an FPR of 0.1 %.
            assert_eq!(changes.ccr_at_fpr.unwrap()[1].1, None);
        }
    }

    #[test]
    fn detectors_that_rank_alike_do_not_differ_and_perfect_ones_may() {
        let mut source = Source::new(63);
        let (ins, outs) = (source.scores(300, 9.0, 0.0), source.scores(300, 0.0, 0.0));
        let squeezed = |scores: &[f64]| scores.iter().map(|s| s.atan()).collect::<Vec<_>>();
        let of = |ins: &[f64], outs: &[f64]| Paired::new(ins, None, outs, 50, 1).unwrap();
        let conventions = Conventions::default();
        let alike = of(&squeezed(&ins), &squeezed(&outs))
            .changes_from(&of(&ins, &outs), &conventions)
            .unwrap();
        assert_eq!(alike.auroc.interval, Interval { low: 0.0, high: 0.0 });
        let mut shuffled = ins.clone();
        shuffled.swap(0, 1);
        let perfect = of(&shuffled, &outs)
            .changes_from(&of(&ins, &outs), &conventions)
            .unwrap();
        assert!(perfect.auroc.difference == 0.0 && !perfect.auroc.is_significant());
        assert!(perfect.auroc.interval.high > 0.01 && perfect.fpr95.interval.low < -0.01);
    }

    #[test]
    fn what_is_not_paired_is_refused() {
        let (ins, outs) = ([2.0, 3.0, 1.0], [0.0, 1.5]);
        let of = |ins: &[f64], seed| Paired::new(ins, None, &outs, 50, seed).unwrap();
        let conventions = Conventions::default();
        for other in [
            of(&ins, 2),
            of(&ins[..2], 1),
            Paired::new(&ins, None, &outs, 49, 1).unwrap(),
        ] {
            assert_eq!(
                of(&ins, 1).changes_from(&other, &conventions),
                Err(MetricsError::NotPaired)
            );
        }
    }
}
