//! The score itself, in f64 from f32 logits.
/// The guessed class: the first of the greatest logits, as PyTorch's argmax.
pub fn argmax(logits: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (class, &logit) in logits.iter().enumerate() {
        if logit > best.1 {
            best = (class, logit);
        }
    }
    best.0
}

/// −log Σ_{j≠ŷ} exp((z_j − z_ŷ)/T), with ŷ the argmax.
///
/// At T = 1000 max softmax of ten classes lies within 1e-2 of 0.1 and f32 leaves few distinct values; near T = 1 it
/// crowds below 1. The log-odds keep the order and every digit at both ends.
pub fn log_odds(logits: &[f32], temperature: f64) -> f64 {
    let guess = argmax(logits);
    let top = f64::from(logits.get(guess).copied().unwrap_or(f32::NAN));
    let gap = |z: f32| (f64::from(z) - top) / temperature;
    let others = || {
        logits
            .iter()
            .enumerate()
            .filter(|&(class, _)| class != guess)
            .map(|(_, &z)| gap(z))
    };
    // Taking out the greatest gap keeps the sum in range at small T, where every term may underflow.
    let greatest = others().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = others().map(|gap| (gap - greatest).exp()).sum();
    -(greatest + sum.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Max softmax of log-odds.
    fn probability(odds: f64) -> f64 {
        1.0 / (1.0 + (-odds).exp())
    }

    fn max_softmax(logits: &[f32], t: f64) -> f64 {
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let terms: Vec<f64> = logits
            .iter()
            .map(|&z| ((f64::from(z) - f64::from(top)) / t).exp())
            .collect();
        1.0 / terms.iter().sum::<f64>()
    }

    #[test]
    fn the_probability_is_max_softmax() {
        let logits = [1.5f32, -2.0, 0.25, 3.75, 3.5];
        for t in [0.5, 1.0, 10.0, 1000.0] {
            let score = log_odds(&logits, t);
            assert!(
                (probability(score) - max_softmax(&logits, t)).abs() < 1e-15,
                "T = {t}"
            );
        }
    }

    #[test]
    fn the_order_survives_where_the_probability_saturates() {
        let sure = log_odds(&[60.0, 0.0, 0.0], 1.0);
        let surer = log_odds(&[70.0, 0.0, 0.0], 1.0);
        assert_eq!(probability(sure), probability(surer));
        assert!(surer > sure);
        let cold = log_odds(&[70.0, 0.0, 0.0], 1e-3);
        assert!((cold - (70_000.0 - 2f64.ln())).abs() < 1e-9, "{}", cold);
    }

    #[test]
    fn ties_go_to_the_first_class() {
        assert_eq!(argmax(&[1.0, 3.0, 3.0]), 1);
        let tie = log_odds(&[2.0, 2.0], 1000.0);
        assert_eq!(tie, 0.0);
    }

    #[test]
    fn logits_that_are_not_numbers_give_a_score_that_is_none() {
        assert!(log_odds(&[f32::NAN, f32::NAN], 1.0).is_nan());
    }
}
