//! Which classes a detector accepts: FPR by OOD class, TPR by ID class.
use std::collections::BTreeMap;

use crate::binomial::{Interval, clopper_pearson};
use crate::error::{MetricsError, Side};

/// The share of one class's images that score at least the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassRate {
    /// The class, as it was given.
    pub class: u32,
    /// Images of it with score ≥ the threshold.
    pub accepted: u64,
    /// Images of it.
    pub n: u64,
    /// `accepted` / `n`.
    pub rate: f64,
    /// The exact 95 % interval of the rate (Clopper & Pearson 1934), the threshold being taken as given.
    pub interval: Interval,
}

/// The share of images with score ≥ `threshold`, class by class in ascending order. Of OOD images it is the FPR of each
/// class (by their own label, or by the class that they were taken for), of ID images the TPR.
///
/// Of many classes some stand out by chance: 5 in 100 of the intervals miss.
///
/// # Errors
/// A NaN score, or a number of classes that is not the number of images; the error names `side`.
pub fn rates_by_class(
    scores: &[f64],
    classes: &[u32],
    threshold: f64,
    side: Side,
) -> Result<Vec<ClassRate>, MetricsError> {
    if scores.len() != classes.len() {
        return Err(MetricsError::ClassCount {
            side,
            images: scores.len(),
            classes: classes.len(),
        });
    }
    let mut counts = BTreeMap::<u32, (u64, u64)>::new();
    for (index, (&score, &class)) in scores.iter().zip(classes).enumerate() {
        if score.is_nan() {
            return Err(MetricsError::NotANumber { side, index });
        }
        let (accepted, n) = counts.entry(class).or_default();
        *accepted += u64::from(score >= threshold);
        *n += 1;
    }
    let rate = |(class, (accepted, n)): (u32, (u64, u64))| ClassRate {
        class,
        accepted,
        n,
        rate: accepted as f64 / n as f64,
        interval: clopper_pearson(accepted, n, 0.95),
    };
    Ok(counts.into_iter().map(rate).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_add_up_to_the_rate_of_all() {
        let mut source = crate::naive::Source::new(92);
        let (ins, outs) = (source.scores(300, 2.0, 0.1), source.scores(200, 0.0, 0.1));
        let classes: Vec<u32> = (0..200).map(|i| [7, 3, 7, 900][i % 4]).collect();
        let comparison = crate::Comparison::new(&ins, &outs).unwrap();
        let threshold = comparison.threshold_at_tpr(0.95);
        let rates = rates_by_class(&outs, &classes, threshold, Side::Out).unwrap();
        assert_eq!(
            rates.iter().map(|rate| (rate.class, rate.n)).collect::<Vec<_>>(),
            [(3, 50), (7, 100), (900, 50)]
        );
        let accepted: u64 = rates.iter().map(|rate| rate.accepted).sum();
        assert_eq!(accepted, comparison.at(threshold).false_positives);
        assert!(rates.iter().all(|rate| rate.interval.contains(rate.rate)));
        assert!(rates_by_class(&outs, &classes[1..], threshold, Side::Out).is_err());
        assert!(rates_by_class(&[f64::NAN], &[1], 0.0, Side::Out).is_err());
        assert_eq!(rates_by_class(&[], &[], 0.0, Side::In), Ok(Vec::new()));
    }
}
