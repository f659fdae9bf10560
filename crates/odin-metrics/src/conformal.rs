//! Thresholds and p-values that hold for new images, however few were scored to choose them (conformal prediction: Vovk,
//! Gammerman & Shafer 2005; for OOD detection Bates et al. 2023, arXiv 2104.08279).
use crate::binomial::{Interval, beta_quantile};
use crate::error::{MetricsError, Side};

/// A threshold from ID images that were kept for it, and what it promises for new ID images of the same population.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConformalThreshold {
    /// A new image is called ID when its score ≥ this: the `rank`-th highest score. `None` where even the lowest of so few
    /// scores does not accept enough: every image is then called ID.
    pub threshold: Option<f64>,
    /// ⌈(n + 1) · TPR⌉; n + 1 where the threshold is `None`.
    pub rank: u64,
    /// Images that it was chosen on.
    pub n: u64,
    /// The TPR that new images have on average over all choices of so many images, `rank` / (n + 1); at least that asked for
    /// where no scores tie, and with ties more.
    pub expected_tpr: f64,
    /// Where the TPR of new images lies for 95 % of such choices: the chance that a new image is accepted is Beta(`rank`,
    /// n + 1 − `rank`) distributed.
    pub tpr_range: Interval,
}

/// The threshold whose expected TPR on new images is the least that is at least `tpr`. The threshold that accepts 95 % of
/// the n images themselves accepts fewer new ones: ⌈0.95 n⌉ / (n + 1), or 90.5 % for n = 20.
///
/// Calibration images must not have been used to fit or tune the detector, and must be independent.
///
/// # Errors
/// A NaN score, or none.
///
/// # Panics
/// If `tpr` lies outside (0, 1).
pub fn conformal_threshold(in_scores: &[f64], tpr: f64) -> Result<ConformalThreshold, MetricsError> {
    assert!(
        tpr > 0.0 && tpr < 1.0,
        "a TPR lies between 0 and 1, and {tpr} does not"
    );
    let mut scores = sorted(in_scores, Side::In)?;
    scores.reverse();
    let n = scores.len() as u64;
    // 19 images are enough for 95 %: 20 · 0.95 is 19, whatever the last bit of the product.
    let rank = ((n + 1) as f64 * tpr - 1e-9).ceil().max(1.0) as u64;
    let threshold = scores.get(rank as usize - 1).copied();
    let tpr_range = match threshold {
        None => Interval { low: 1.0, high: 1.0 },
        Some(_) => {
            let (accepted, left) = (rank as f64, (n + 1 - rank) as f64);
            Interval {
                low: beta_quantile(0.025, accepted, left),
                high: beta_quantile(0.975, accepted, left),
            }
        }
    };
    Ok(ConformalThreshold {
        threshold,
        rank: rank.min(n + 1),
        n,
        expected_tpr: (rank as f64 / (n + 1) as f64).min(1.0),
        tpr_range,
    })
}

/// A threshold from OOD images that were kept for it, and what it promises for new OOD images of the same population.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConformalFpr {
    /// A new image is called ID when its score ≥ this, the next number above the `rank`-th lowest score. `None` where even the
    /// highest of so few scores would let too many pass.
    pub threshold: Option<f64>,
    /// n + 1 − ⌊(n + 1) · FPR⌋; n + 1 where the threshold is `None`.
    pub rank: u64,
    /// Images that it was chosen on.
    pub n: u64,
    /// The FPR that new images have on average over all choices of so many images, 1 − `rank` / (n + 1): at most that asked
    /// for, and with ties less.
    pub expected_fpr: f64,
    /// Where the FPR of new images lies for 95 % of such choices: it is Beta(n + 1 − `rank`, `rank`) distributed.
    pub fpr_range: Interval,
}

/// The threshold at which no more than a share `fpr` of new OOD images is expected to be called ID: [`conformal_threshold`]
/// with the roles of the two sides exchanged. Of n images at least 1 / FPR − 1 are needed.
///
/// # Errors
/// A NaN score, or none.
///
/// # Panics
/// If `fpr` lies outside (0, 1).
pub fn conformal_fpr_threshold(out_scores: &[f64], fpr: f64) -> Result<ConformalFpr, MetricsError> {
    assert!(
        fpr > 0.0 && fpr < 1.0,
        "an FPR lies between 0 and 1, and {fpr} does not"
    );
    let scores = sorted(out_scores, Side::Out)?;
    let n = scores.len() as u64;
    // 19 images are enough for 5 %, whatever the last bit of the product.
    let above = ((n + 1) as f64 * fpr + 1e-9).floor() as u64;
    let rank = (n + 1 - above).max(1);
    let threshold = scores.get(rank as usize - 1).map(|score| score.next_up());
    let fpr_range = match threshold {
        None => Interval { low: 0.0, high: 0.0 },
        Some(_) => {
            let (accepted, refused) = ((n + 1 - rank) as f64, rank as f64);
            Interval {
                low: beta_quantile(0.025, accepted, refused),
                high: beta_quantile(0.975, accepted, refused),
            }
        }
    };
    Ok(ConformalFpr {
        threshold,
        rank,
        n,
        expected_fpr: (n + 1 - rank) as f64 / (n + 1) as f64,
        fpr_range,
    })
}

/// For each of `scores`, how unusual it would be among ID images: (1 + number of ID scores at or below it) / (1 + number of
/// ID scores). A new ID image has p ≤ α in at most a share α of cases; OOD images have small ones. O((n + m) log n).
///
/// # Errors
/// A NaN score on either side (`scores` are named as OOD), or no ID score.
pub fn conformal_p_values(in_scores: &[f64], scores: &[f64]) -> Result<Vec<f64>, MetricsError> {
    let sorted = sorted(in_scores, Side::In)?;
    let p_value = |(index, &score): (usize, &f64)| {
        if score.is_nan() {
            return Err(MetricsError::NotANumber {
                side: Side::Out,
                index,
            });
        }
        let at_or_below = sorted.partition_point(|&other| other <= score);
        Ok((1 + at_or_below) as f64 / (1 + sorted.len()) as f64)
    };
    scores.iter().enumerate().map(p_value).collect()
}

/// Which of several p-values to call discoveries, with no more than a share `rate` of the discoveries expected to be false
/// (Benjamini & Hochberg 1995): those up to the greatest p₍ᵢ₎ ≤ `rate` · i / m in ascending order. With p-values of
/// [`conformal_p_values`] from one ID set it holds although they depend on each other (Bates et al. 2023).
///
/// # Panics
/// If a p-value lies outside [0, 1].
pub fn benjamini_hochberg(p_values: &[f64], rate: f64) -> Vec<bool> {
    assert!(
        p_values.iter().all(|p| (0.0..=1.0).contains(p)),
        "p-values lie between 0 and 1"
    );
    let mut ascending = p_values.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    let m = ascending.len() as f64;
    let last = ascending
        .iter()
        .enumerate()
        .rfind(|(i, p)| **p <= rate * (i + 1) as f64 / m);
    let limit = last.map_or(f64::NEG_INFINITY, |(_, &p)| p);
    p_values.iter().map(|p| *p <= limit).collect()
}

/// Ascending.
fn sorted(scores: &[f64], side: Side) -> Result<Vec<f64>, MetricsError> {
    if scores.is_empty() {
        return Err(MetricsError::Empty { side });
    }
    if let Some(index) = scores.iter().position(|score| score.is_nan()) {
        return Err(MetricsError::NotANumber { side, index });
    }
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::Source;

    #[test]
    fn the_rank_is_that_of_one_image_more() {
        for (n, rank) in [
            (1, 2),
            (18, 19),
            (19, 19),
            (20, 20),
            (39, 38),
            (100, 96),
            (999, 950),
        ] {
            let scores: Vec<f64> = (0..n).map(f64::from).collect();
            let got = conformal_threshold(&scores, 0.95).unwrap();
            assert_eq!((got.rank, got.n), (rank, n as u64));
            assert_eq!(
                got.threshold,
                (rank <= n as u64).then(|| (n as u64 - rank) as f64)
            );
            assert!(got.expected_tpr >= 0.95 - 1e-12);
        }
        // scipy.stats.beta(950, 50).ppf([0.025, 0.975]), scipy 1.17.1.
        let scores: Vec<f64> = (0..999).map(f64::from).collect();
        let range = conformal_threshold(&scores, 0.95).unwrap().tpr_range;
        assert!((range.low - 0.935_670_135_572_283_6).abs() < 1e-9, "{range:?}");
        assert!((range.high - 0.962_627_000_800_530_8).abs() < 1e-9, "{range:?}");
        assert!(conformal_threshold(&[], 0.95).is_err() && conformal_threshold(&[f64::NAN], 0.95).is_err());
    }

    #[test]
    fn new_images_are_accepted_as_often_as_is_promised() {
        let mut source = Source::new(95);
        for n in [19, 20, 60] {
            let (mut sum, mut held, rounds) = (0.0, 0, 2000);
            let mut promised = conformal_threshold(&[0.0], 0.95).unwrap();
            for _ in 0..rounds {
                promised = conformal_threshold(&source.scores(n, 0.0, 0.0), 0.95).unwrap();
                let tpr = 1.0 - crate::naive::phi(promised.threshold.unwrap());
                sum += tpr;
                held += u32::from(promised.tpr_range.contains(tpr));
            }
            let mean = sum / f64::from(rounds);
            assert!((mean - promised.expected_tpr).abs() < 0.003, "{n}: {mean}");
            assert!(
                (0.935..=0.965).contains(&(f64::from(held) / f64::from(rounds))),
                "{n}: {held}"
            );
        }
    }

    #[test]
    fn new_ood_images_pass_as_seldom_as_is_promised() {
        let scores: Vec<f64> = (0..19).map(f64::from).collect();
        assert_eq!(
            conformal_fpr_threshold(&scores[1..], 0.05).unwrap().threshold,
            None
        );
        let chosen = conformal_fpr_threshold(&scores, 0.05).unwrap();
        assert_eq!((chosen.threshold, chosen.rank), (Some(18.0_f64.next_up()), 19));
        assert!((chosen.expected_fpr - 0.05).abs() < 1e-12);
        assert!(conformal_fpr_threshold(&[], 0.05).is_err());
        let mut source = Source::new(97);
        for n in [19, 20, 60] {
            let (mut sum, mut held, rounds) = (0.0, 0, 2000);
            let mut promised = chosen;
            for _ in 0..rounds {
                promised = conformal_fpr_threshold(&source.scores(n, 0.0, 0.0), 0.05).unwrap();
                let fpr = 1.0 - crate::naive::phi(promised.threshold.unwrap());
                sum += fpr;
                held += u32::from(promised.fpr_range.contains(fpr));
            }
            let mean = sum / f64::from(rounds);
            assert!(promised.expected_fpr <= 0.05 + 1e-12);
            assert!((mean - promised.expected_fpr).abs() < 0.003, "{n}: {mean}");
            assert!(
                (0.935..=0.965).contains(&(f64::from(held) / f64::from(rounds))),
                "{n}: {held}"
            );
        }
    }

    #[test]
    fn p_values_are_valid_and_discoveries_are_seldom_false() {
        let mut source = Source::new(96);
        let (mut small, mut false_share, rounds) = (0, 0.0, 300);
        for _ in 0..rounds {
            let calibration = source.scores(200, 0.0, 0.0);
            // 50 ID images and 50 OOD images, 4 deviations lower.
            let mut scores = source.scores(50, 0.0, 0.0);
            scores.extend(source.scores(50, -4.0, 0.0));
            let p_values = conformal_p_values(&calibration, &scores).unwrap();
            small += p_values[..50].iter().filter(|p| **p <= 0.1).count();
            let found = benjamini_hochberg(&p_values, 0.1);
            let wrong = found[..50].iter().filter(|found| **found).count() as f64;
            let all = found.iter().filter(|found| **found).count() as f64;
            false_share += wrong / all.max(1.0);
            assert!(all > 25.0);
        }
        let small = small as f64 / f64::from(50 * rounds);
        assert!((0.085..=0.105).contains(&small), "{small}");
        // Half are ID, so that the rate is half of what is allowed.
        let share = false_share / f64::from(rounds);
        assert!((0.03..=0.065).contains(&share), "{share}");
        assert_eq!(
            conformal_p_values(&[1.0, 2.0], &[0.0, 1.0, 3.0]).unwrap(),
            [1.0 / 3.0, 2.0 / 3.0, 1.0]
        );
    }

    #[test]
    fn discoveries_are_those_of_scipy() {
        // scipy.stats.false_discovery_control([...]) <= 0.05, scipy 1.17.1, is true for the first two and the fifth.
        let p_values = [0.001, 0.008, 0.039, 0.041, 0.0005, 0.6, 0.074, 0.205];
        assert_eq!(
            benjamini_hochberg(&p_values, 0.05),
            [true, true, false, false, true, false, false, false]
        );
        assert_eq!(benjamini_hochberg(&[], 0.05), [false; 0]);
        assert_eq!(benjamini_hochberg(&[0.04, 0.05], 0.05), [true, true]);
    }
}
