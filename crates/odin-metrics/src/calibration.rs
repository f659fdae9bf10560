//! Whether a classifier's confidence is its accuracy, and whether it is unsure where it is wrong: ECE, AURC and E-AURC.
use crate::error::{MetricsError, Side};

/// The number of bins that is usual for [`expected_calibration_error`] (Guo et al. 2017).
pub const CALIBRATION_BINS: usize = 15;

/// The expected calibration error: the mean over images of |accuracy − mean confidence| of the image's bin, a fraction in
/// [0, 1]. Lower is better (Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017, arXiv 1706.04599).
///
/// Bins are `bins` (15 is usual) of equal width over [0, 1], each open below and closed above: ((b − 1)/B, b/B], as in
/// Guo et al.; a confidence of 0 falls into the first. `confidences` and `correct` have one entry for each image: the greatest
/// softmax probability, and whether its class is the label. torchmetrics and torch-uncertainty close their bins below and open
/// them above, which differs only for confidences on an edge.
///
/// ECE depends on the number of bins and is biased upwards where images are few.
///
/// # Errors
/// No image, a number of flags that is not the number of images, or a confidence outside [0, 1] (NaN too).
///
/// # Panics
/// If `bins` is 0.
pub fn expected_calibration_error(
    confidences: &[f64],
    correct: &[bool],
    bins: usize,
) -> Result<f64, MetricsError> {
    assert!(bins > 0, "calibration error needs at least one bin");
    check(confidences, correct)?;
    let mut in_bin = vec![(0_u64, 0.0); bins];
    for (index, (&confidence, &correct)) in confidences.iter().zip(correct).enumerate() {
        if !(0.0..=1.0).contains(&confidence) {
            return Err(MetricsError::NotAProbability {
                index,
                value: confidence,
            });
        }
        let edge = |bin: usize| bin as f64 / bins as f64;
        let mut bin = ((confidence * bins as f64).ceil() as usize)
            .saturating_sub(1)
            .min(bins - 1);
        // The product may round across an edge.
        if bin > 0 && confidence <= edge(bin) {
            bin -= 1;
        } else if bin + 1 < bins && confidence > edge(bin + 1) {
            bin += 1;
        }
        let (hits, sum) = &mut in_bin[bin];
        *hits += u64::from(correct);
        *sum += confidence;
    }
    // |hits − Σ confidence| is the bin's count times its gap.
    let gaps: f64 = in_bin.iter().map(|&(hits, sum)| (hits as f64 - sum).abs()).sum();
    Ok(gaps / confidences.len() as f64)
}

/// Areas under the risk–coverage curve. All are fractions in [0, 1], and lower is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskCoverage {
    /// The mean over k = 1…n of the error rate of the k most confident images (Geifman & El-Yaniv 2017).
    pub aurc: f64,
    /// What the best order of the same images, all errors last, comes to.
    pub least: f64,
}

impl RiskCoverage {
    /// The excess of AURC over the best order of the same images (Geifman, Uziel & El-Yaniv 2019). Their formula
    /// approximates the least area by r + (1 − r) ln(1 − r), r being the error rate; here it is exact.
    pub fn excess(&self) -> f64 {
        self.aurc - self.least
    }
}

/// AURC and E-AURC from a score for each image, higher being more confident, and whether it is classified correctly. Images of one score count as in a random order: the risk within them is interpolated, so that the result
/// does not depend on the order in which they come. O(n log n).
///
/// torch-uncertainty integrates the same curve by trapezoids from k = 1 and divides by 1 − 1/n instead of taking the mean:
/// it differs by O(1/n).
///
/// # Errors
/// No image, a number of flags that is not the number of images, or NaN.
pub fn risk_coverage(scores: &[f64], correct: &[bool]) -> Result<RiskCoverage, MetricsError> {
    check(scores, correct)?;
    let mut images: Vec<(f64, bool)> = Vec::with_capacity(scores.len());
    for (index, (&score, &correct)) in scores.iter().zip(correct).enumerate() {
        images.push((crate::curve::ordered(score, Side::In, index)?, correct));
    }
    images.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut taken, mut errors, mut sum) = (0_u64, 0_u64, 0.0);
    for tied in images.chunk_by(|a, b| a.0 == b.0) {
        let wrong = tied.iter().filter(|(_, correct)| !correct).count() as u64;
        let share = wrong as f64 / tied.len() as f64;
        for image in 1..=tied.len() as u64 {
            sum += (errors as f64 + share * image as f64) / (taken + image) as f64;
        }
        taken += tied.len() as u64;
        errors += wrong;
    }
    let right = taken - errors;
    let least: f64 = (1..=errors)
        .map(|wrong| wrong as f64 / (right + wrong) as f64)
        .sum();
    let n = taken as f64;
    Ok(RiskCoverage {
        aurc: sum / n,
        least: least / n,
    })
}

fn check(values: &[f64], correct: &[bool]) -> Result<(), MetricsError> {
    if values.is_empty() {
        return Err(MetricsError::Empty { side: Side::In });
    }
    if values.len() != correct.len() {
        return Err(MetricsError::CorrectCount {
            scores: values.len(),
            flags: correct.len(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::Source;

    #[test]
    fn confidences_on_an_edge_fall_below_it() {
        // 1/3 is the upper edge of the first of three bins: alone there, right and 2/3 too modest.
        let error = expected_calibration_error(&[1.0 / 3.0, 0.5], &[true, false], 3).unwrap();
        assert!((error - 0.5 * (2.0 / 3.0 + 0.5)).abs() < 1e-15);
        // In one bin: accuracy 0.5, confidence 5/12.
        let error = expected_calibration_error(&[1.0 / 3.0, 0.5], &[true, false], 1).unwrap();
        assert!((error - 1.0 / 12.0).abs() < 1e-15);
        for bins in 1..40 {
            for bin in 0..=bins {
                let edge = bin as f64 / bins as f64;
                let near = [edge.next_down().max(0.0), edge, edge.next_up().min(1.0)];
                let got = expected_calibration_error(&near, &[true; 3], bins).unwrap();
                let want = 1.0 - near.iter().sum::<f64>() / 3.0;
                assert!(
                    (got - want).abs() < 1e-12,
                    "all are right: every gap counts alike"
                );
            }
        }
    }

    #[test]
    fn ties_count_as_in_a_random_order() {
        let mut source = Source::new(81);
        let scores = source.scores(12, 0.0, 1.0);
        let correct = source.marks(12, 0.6);
        let got = risk_coverage(&scores, &correct).unwrap();
        // The mean over many orders of the tied images.
        let (mut sum, rounds) = (0.0, 20_000);
        for _ in 0..rounds {
            let broken: Vec<f64> = scores.iter().map(|s| s + 1e-6 * source.uniform()).collect();
            sum += risk_coverage(&broken, &correct).unwrap().aurc;
        }
        assert!((got.aurc - sum / f64::from(rounds)).abs() < 2e-3);
        assert!(got.excess() > 0.0);
    }

    #[test]
    fn the_best_order_has_no_excess_and_the_worst_is_known() {
        let correct = [true, true, true, false, false];
        let best = risk_coverage(&[5.0, 4.0, 3.0, 2.0, 1.0], &correct).unwrap();
        assert!(best.excess().abs() < 1e-15);
        assert!((best.aurc - (1.0 / 4.0 + 2.0 / 5.0) / 5.0).abs() < 1e-15);
        let worst = risk_coverage(&[1.0, 2.0, 3.0, 4.0, 5.0], &correct).unwrap();
        assert!((worst.aurc - (1.0 + 1.0 + 2.0 / 3.0 + 0.5 + 0.4) / 5.0).abs() < 1e-15);
    }

    #[test]
    fn what_has_no_calibration_is_refused() {
        let of = |confidences: &[f64], correct: &[bool]| expected_calibration_error(confidences, correct, 15);
        assert_eq!(of(&[], &[]), Err(MetricsError::Empty { side: Side::In }));
        assert_eq!(
            of(&[0.5], &[]),
            Err(MetricsError::CorrectCount { scores: 1, flags: 0 })
        );
        assert_eq!(
            of(&[0.5, 1.5], &[true, true]),
            Err(MetricsError::NotAProbability { index: 1, value: 1.5 })
        );
        assert!(of(&[f64::NAN], &[true]).is_err() && risk_coverage(&[f64::NAN], &[true]).is_err());
    }
}
