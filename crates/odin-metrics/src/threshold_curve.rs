//! AUTC: how far apart the scores lie, not only how they are ordered.
use crate::error::{MetricsError, Side};

/// The area under the threshold curve: the mean of the areas under FPR and under FNR = 1 − TPR over all thresholds in
/// [0, 1], the scores of both sets together having been scaled to [0, 1] by their least and greatest. ID is positive. A
/// fraction in [0, 1], lower is better; `None` where all scores are equal, or one is infinite (Humblot-Renaux, Escalera &
/// Moeslund, CVPRW 2023, arXiv 2306.14658).
///
/// It is ½ (mean OOD score + 1 − mean ID score) after scaling, which is how it is computed: exactly, in O(n). One outlier
/// changes the scale and so the value, and so does any monotone transformation of the scores: compare values of one kind of
/// score only.
///
/// # Errors
/// NaN, or an empty set.
pub fn autc(in_scores: &[f64], out_scores: &[f64]) -> Result<Option<f64>, MetricsError> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (scores, side) in [(in_scores, Side::In), (out_scores, Side::Out)] {
        if scores.is_empty() {
            return Err(MetricsError::Empty { side });
        }
        for (index, &score) in scores.iter().enumerate() {
            if score.is_nan() {
                return Err(MetricsError::NotANumber { side, index });
            }
            low = low.min(score);
            high = high.max(score);
        }
    }
    // Halves, for the range of the greatest scores may overflow.
    let range = 0.5 * high - 0.5 * low;
    if range <= 0.0 || !range.is_finite() {
        return Ok(None);
    }
    let mean = |scores: &[f64]| {
        let scaled = |score: &f64| (0.5 * score - 0.5 * low) / range;
        scores.iter().map(scaled).sum::<f64>() / scores.len() as f64
    };
    Ok(Some(0.5 * (mean(out_scores) + 1.0 - mean(in_scores))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_area_that_it_is_named_after() {
        let mut source = crate::naive::Source::new(91);
        let (ins, outs) = (source.scores(30, 1.0, 0.25), source.scores(20, 0.0, 0.25));
        let all: Vec<f64> = ins.iter().chain(&outs).copied().collect();
        let low = all.iter().copied().fold(f64::INFINITY, f64::min);
        let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let steps = 200_000;
        let area = (0..steps)
            .map(|i| {
                let threshold = low + (high - low) * (f64::from(i) + 0.5) / f64::from(steps);
                let above = |scores: &[f64]| {
                    scores.iter().filter(|s| **s >= threshold).count() as f64 / scores.len() as f64
                };
                0.5 * (above(&outs) + 1.0 - above(&ins))
            })
            .sum::<f64>()
            / f64::from(steps);
        assert!((autc(&ins, &outs).unwrap().unwrap() - area).abs() < 1e-5);
    }

    #[test]
    fn it_needs_a_scale() {
        assert_eq!(autc(&[1.0, 1.0], &[1.0]), Ok(None));
        assert_eq!(autc(&[f64::INFINITY], &[1.0]), Ok(None));
        assert_eq!(autc(&[f64::MAX], &[f64::MIN]), Ok(Some(0.0)));
        assert_eq!(autc(&[0.0], &[1.0]), Ok(Some(1.0)));
        assert_eq!(autc(&[], &[1.0]), Err(MetricsError::Empty { side: Side::In }));
        assert_eq!(
            autc(&[1.0], &[f64::NAN]),
            Err(MetricsError::NotANumber {
                side: Side::Out,
                index: 0
            })
        );
    }
}
