//! The detectors that need nothing but the unperturbed logits.
use crate::detector::Detector;
use crate::log_odds::{argmax, log_odds};
use crate::setting::Setting;

/// The score of one image by its logits [C]; `None` for a detector that needs more than the logits. Higher is more
/// in-distribution.
pub fn score_logits(setting: &Setting, logits: &[f32]) -> Option<f64> {
    let knob = |key| {
        let value = setting.get(key);
        value.expect("the table of knobs has what its detector is computed with")
    };
    match setting.detector() {
        Detector::Baseline => Some(log_odds(logits, 1.0)),
        Detector::MaxLogit => Some(max_logit(logits)),
        Detector::Energy => Some(energy(logits, knob("temperature"))),
        Detector::Entropy => Some(entropy(logits)),
        Detector::Gen => Some(generalised_entropy(
            logits,
            knob("gamma"),
            knob("classes") as usize,
        )),
        Detector::Odin => None,
    }
}

/// NaN without logits.
fn max_logit(logits: &[f32]) -> f64 {
    logits.get(argmax(logits)).copied().map_or(f64::NAN, f64::from)
}

/// T log Σ exp(z/T), by the log-odds s at T: log Σ exp(z/T) is z_ŷ/T + log(1 + e^−s).
fn energy(logits: &[f32], temperature: f64) -> f64 {
    max_logit(logits) + temperature * softplus(-log_odds(logits, temperature))
}

/// log(1 + e^x)
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The classes' log-probabilities at T = 1 but for the guess's, and the log-odds s of the guess. With s no digit is lost
/// where the guess is all but certain: its log-probability is −log(1 + e^−s), the others share 1 / (1 + e^s).
fn log_probabilities(logits: &[f32]) -> (f64, impl Iterator<Item = f64> + '_) {
    let odds = log_odds(logits, 1.0);
    let guess = argmax(logits);
    let log_sum = max_logit(logits) + softplus(-odds);
    let others = logits
        .iter()
        .enumerate()
        .filter(move |(class, _)| *class != guess);
    (odds, others.map(move |(_, &z)| f64::from(z) - log_sum))
}

/// −log of the entropy of the softmax at T = 1.
fn entropy(logits: &[f32]) -> f64 {
    let (odds, others) = log_probabilities(logits);
    let log_normaliser = softplus(-odds);
    let mut entropy = (-log_normaliser).exp() * log_normaliser;
    for log_p in others {
        // A class that is out of the question has p = 0, and 0 · −∞ counts nothing.
        if log_p > f64::NEG_INFINITY {
            entropy -= log_p.exp() * log_p;
        }
    }
    -entropy.ln()
}

/// −Σ p^γ (1 − p)^γ over the most probable classes.
fn generalised_entropy(logits: &[f32], gamma: f64, classes: usize) -> f64 {
    let (odds, others) = log_probabilities(logits);
    // The guess first: its p is 1 / (1 + e^−s), its 1 − p is 1 / (1 + e^s).
    let guess = (gamma * (-softplus(-odds) - softplus(odds))).exp();
    let mut others: Vec<f64> = others.collect();
    if others.len() >= classes {
        if classes > 1 {
            others.select_nth_unstable_by(classes - 2, |a, b| b.total_cmp(a));
        }
        others.truncate(classes - 1);
    }
    let term = |log_p: f64| (gamma * (log_p + (-log_p.exp()).ln_1p())).exp();
    -others.into_iter().map(term).fold(guess, |sum, term| sum + term)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 5] = [1.5, -2.0, 0.25, 3.75, 3.5];

    fn softmax(logits: &[f32]) -> Vec<f64> {
        let terms: Vec<f64> = logits.iter().map(|&z| f64::from(z).exp()).collect();
        let sum: f64 = terms.iter().sum();
        terms.iter().map(|t| t / sum).collect()
    }

    fn near(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0), "{got} {want}");
    }

    fn score(detector: Detector, logits: &[f32]) -> f64 {
        score_logits(&Setting::new(detector), logits).unwrap()
    }

    #[test]
    fn each_is_what_its_definition_says() {
        let p = softmax(&LOGITS);
        near(score(Detector::MaxLogit, &LOGITS), 3.75);
        let sum = |t: f64| LOGITS.iter().map(|&z| (f64::from(z) / t).exp()).sum::<f64>().ln();
        near(score(Detector::Energy, &LOGITS), sum(1.0));
        let hot = Setting::new(Detector::Energy)
            .with("temperature", 1000.0)
            .unwrap();
        near(score_logits(&hot, &LOGITS).unwrap(), 1000.0 * sum(1000.0));
        near(
            score(Detector::Entropy, &LOGITS),
            -(-p.iter().map(|p| p * p.ln()).sum::<f64>()).ln(),
        );
        near(
            score(Detector::Gen, &LOGITS),
            -p.iter().map(|p| (p * (1.0 - p)).powf(0.1)).sum::<f64>(),
        );
        assert_eq!(score_logits(&Setting::new(Detector::Odin), &LOGITS), None);
    }

    #[test]
    fn the_order_survives_where_the_softmax_is_all_but_certain() {
        let (sure, surer) = ([60.0, 0.0, -1.0], [70.0, 0.0, -1.0]);
        assert!(score(Detector::Entropy, &surer) > score(Detector::Entropy, &sure));
        assert!(score(Detector::Entropy, &sure).is_finite());
        assert!(score(Detector::Gen, &surer) > score(Detector::Gen, &sure));
        assert!(score(Detector::Gen, &surer) < 0.0);
    }

    #[test]
    fn only_the_most_probable_classes_count_for_gen() {
        let many: Vec<f32> = (0..300).map(|j| -0.01 * j as f32).collect();
        let mut p = softmax(&many);
        p.sort_by(|a, b| b.total_cmp(a));
        for (classes, gamma) in [(100, 0.1), (1, 0.1), (2, 0.5), (300, 1.0), (1000, 0.1)] {
            let setting = Setting::new(Detector::Gen)
                .with("classes", classes as f64)
                .unwrap();
            let setting = setting.with("gamma", gamma).unwrap();
            let want = -p
                .iter()
                .take(classes)
                .map(|p| (p * (1.0 - p)).powf(gamma))
                .sum::<f64>();
            near(score_logits(&setting, &many).unwrap(), want);
        }
    }
}
