//! The definitions, spelled out image by image in O(n²): what the fast code is tested against; and random
//! score sets.
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::conventions::{AuprConvention, Conventions, ErrorConvention, Positive};
use crate::summary::{CCR_FPRS, Summary};

pub(crate) fn summary(
    ins: &[f64],
    correct: Option<&[bool]>,
    outs: &[f64],
    conventions: &Conventions,
) -> Summary {
    let negated = |scores: &[f64]| scores.iter().map(|s| -s).collect::<Vec<_>>();
    let (positives, negatives) = match conventions.positive {
        Positive::InDistribution => (ins.to_vec(), outs.to_vec()),
        Positive::OutOfDistribution => (negated(outs), negated(ins)),
    };
    let curve: Vec<(f64, f64)> = thresholds(&positives, &negatives)
        .iter()
        .map(|&t| {
            (
                above(&negatives, t) / negatives.len() as f64,
                above(&positives, t) / positives.len() as f64,
            )
        })
        .collect();
    let at95 = *curve.iter().find(|(_, tpr)| *tpr >= 0.95).unwrap();
    let error = |(fpr, tpr): (f64, f64)| 0.5 * (1.0 - tpr) + 0.5 * fpr;
    let pairs = |counts: &dyn Fn(usize) -> bool| {
        let mut sum = 0.0;
        for (i, a) in ins.iter().enumerate().filter(|(i, _)| counts(*i)) {
            let _ = i;
            sum += outs
                .iter()
                .map(|b| {
                    if a > b {
                        1.0
                    } else if a == b {
                        0.5
                    } else {
                        0.0
                    }
                })
                .sum::<f64>();
        }
        sum / (ins.len() * outs.len()) as f64
    };
    Summary {
        n_in: ins.len() as u64,
        n_out: outs.len() as u64,
        fpr95: at95.0,
        detection_error: match conventions.error {
            ErrorConvention::Minimum => curve.iter().map(|&point| error(point)).fold(0.5, f64::min),
            ErrorConvention::AtTpr95 => error(at95),
        },
        auroc: pairs(&|_| true),
        aupr_in: average_precision(ins, outs, conventions.aupr),
        aupr_out: average_precision(&negated(outs), &negated(ins), conventions.aupr),
        oscr: correct.map(|correct| pairs(&|i| correct[i])),
        ccr_at_fpr: correct.map(|correct| {
            CCR_FPRS.map(|limit| {
                let lowest = thresholds(ins, outs)
                    .into_iter()
                    .rfind(|&t| above(outs, t) / outs.len() as f64 <= limit);
                let hits = |t| ins.iter().zip(correct).filter(|(s, ok)| **s >= t && **ok).count() as f64;
                let ccr = lowest.map_or(0.0, |t| hits(t) / ins.len() as f64);
                // 100 images resolve 1 %: one of them is 1 %.
                (limit, (1.0 / outs.len() as f64 <= limit).then_some(ccr))
            })
        }),
    }
}

fn average_precision(positives: &[f64], negatives: &[f64], convention: AuprConvention) -> f64 {
    let (wp, wn) = match convention {
        AuprConvention::Balanced => (1.0 / positives.len() as f64, 1.0 / negatives.len() as f64),
        AuprConvention::Counts => (1.0, 1.0),
    };
    let precision = |t: f64| {
        let (tp, fp) = (above(positives, t) * wp, above(negatives, t) * wn);
        tp / (tp + fp)
    };
    // Σ (R_k − R_{k−1}) P_k gives every positive image the precision at its own score.
    positives.iter().map(|&t| precision(t)).sum::<f64>() / positives.len() as f64
}

fn above(scores: &[f64], threshold: f64) -> f64 {
    scores.iter().filter(|&&s| s >= threshold).count() as f64
}

/// Distinct scores, descending.
fn thresholds(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut all: Vec<f64> = a.iter().chain(b).copied().collect();
    all.sort_by(|x, y| y.partial_cmp(x).unwrap());
    all.dedup();
    all
}

/// The distribution function of the normal distribution, to 1e-9: Simpson's rule from 0.
pub(crate) fn phi(x: f64) -> f64 {
    let density = |t: f64| (-0.5 * t * t).exp() / std::f64::consts::TAU.sqrt();
    let (steps, width) = (2000, x / 2000.0);
    let inner: f64 = (1..steps)
        .map(|i| if i % 2 == 1 { 4.0 } else { 2.0 } * density(width * f64::from(i)))
        .sum();
    (0.5 + width / 3.0 * (density(0.0) + inner + density(x))).max(0.0)
}

/// Uniform random numbers in [0, 1) from a seed.
pub(crate) struct Source(ChaCha8Rng);

impl Source {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    /// Normal, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// `n` normal scores around `centre`, rounded to multiples of `grain` (ties) unless that is 0.
    pub(crate) fn scores(&mut self, n: usize, centre: f64, grain: f64) -> Vec<f64> {
        let one = |x: f64| {
            if grain > 0.0 {
                (x / grain).round() * grain
            } else {
                x
            }
        };
        (0..n).map(|_| one(centre + self.normal())).collect()
    }

    pub(crate) fn marks(&mut self, n: usize, share: f64) -> Vec<bool> {
        (0..n).map(|_| self.uniform() < share).collect()
    }
}

/// All eight conventions.
pub(crate) fn conventions() -> impl Iterator<Item = Conventions> {
    [Positive::InDistribution, Positive::OutOfDistribution]
        .into_iter()
        .flat_map(|positive| {
            [ErrorConvention::Minimum, ErrorConvention::AtTpr95]
                .into_iter()
                .flat_map(move |error| {
                    [AuprConvention::Balanced, AuprConvention::Counts]
                        .into_iter()
                        .map(move |aupr| Conventions {
                            positive,
                            error,
                            aupr,
                        })
                })
        })
}

/// Asserts that two summaries agree to 1e-12.
pub(crate) fn assert_close(got: &Summary, want: &Summary, what: &str) {
    assert_eq!((got.n_in, got.n_out), (want.n_in, want.n_out), "{what}");
    let list = |s: &Summary| {
        let mut all = vec![s.fpr95, s.detection_error, s.auroc, s.aupr_in, s.aupr_out];
        all.extend(s.oscr);
        all.extend(s.ccr_at_fpr.into_iter().flatten().filter_map(|(_, ccr)| ccr));
        all
    };
    let (got, want) = (list(got), list(want));
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(&want).enumerate() {
        assert!((g - w).abs() <= 1e-12, "{what}: number {i} is {g}, not {w}");
    }
}
