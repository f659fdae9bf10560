//! Knobs chosen without OOD images.
use super::grid::{Grid, GridError};
use crate::setting::{Detector, Setting};
use crate::units::LogOdds;

/// Why knobs cannot be chosen by ID images alone.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ByIdError {
    #[error(
        "no rule chooses knobs of {0} without OOD images; there is one for ε of odin and i-odin: the greatest mean max softmax \
         of ID images"
    )]
    NoRule(&'static str),
    #[error(
        "without OOD images only ε can be chosen, not {0}: the max softmax grows by itself as T falls; give {0} one value"
    )]
    NotMagnitude(&'static str),
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// The values of ε among which Generalized ODIN's rule chooses: the one with the greatest [mean max softmax](mean_max_softmax)
/// of ID validation images (Hsu et al., CVPR 2020, section 3.2). T is the one named, or the default.
///
/// # Errors
/// A detector other than ODIN and i-ODIN, several values of T, or as [`Grid::new`].
pub fn by_id(detector: Detector, named: &[(String, Vec<f64>)]) -> Result<Grid, ByIdError> {
    if !matches!(detector, Detector::Odin | Detector::IOdin) {
        return Err(ByIdError::NoRule(detector.key()));
    }
    let mut named = named.to_vec();
    if named.iter().all(|(name, _)| name != "temperature") {
        let usual = Setting::new(detector).get("temperature");
        named.push(("temperature".to_owned(), usual.into_iter().collect()));
    }
    let grid = Grid::new(detector, &named)?;
    let other = grid.axes().iter().find(|axis| axis.knob.key != "magnitude");
    match other {
        Some(axis) => Err(ByIdError::NotMagnitude(axis.knob.key)),
        None => Ok(grid),
    }
}

/// The mean of the max softmax that a setting's log-odds stand for; `None` of no images.
pub fn mean_max_softmax(log_odds: &[f64]) -> Option<f64> {
    let sum: f64 = log_odds.iter().map(|&score| LogOdds(score).probability()).sum();
    (!log_odds.is_empty()).then(|| sum / log_odds.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(detector: Detector, named: &[(&str, &[f64])]) -> Result<Grid, ByIdError> {
        let named: Vec<_> = named
            .iter()
            .map(|(name, values)| ((*name).to_owned(), values.to_vec()))
            .collect();
        by_id(detector, &named)
    }

    #[test]
    fn the_rule_is_for_the_magnitude_alone() {
        for detector in [Detector::Odin, Detector::IOdin] {
            let usual = grid(detector, &[]).unwrap();
            assert_eq!((usual.axes().len(), usual.axes()[0].knob.key), (1, "magnitude"));
            assert_eq!(usual.base().get("temperature"), Some(1000.0));
            let at = grid(
                detector,
                &[("temperature", &[10.0]), ("magnitude", &[0.0, 0.001])],
            )
            .unwrap();
            assert_eq!(at.base().get("temperature"), Some(10.0));
            assert_eq!(at.axes()[0].values, [0.0, 0.001]);
        }
        let refused = |detector, named: &[(&str, &[f64])]| grid(detector, named).unwrap_err().to_string();
        assert!(refused(Detector::Odin, &[("temperature", &[1.0, 2.0])]).contains("not temperature"));
        assert!(refused(Detector::Scale, &[]).contains("odin and i-odin"));
        assert!(refused(Detector::Odin, &[("magnitude", &[2.0])]).contains("between 0 and 1"));
    }

    #[test]
    fn the_mean_is_of_probabilities() {
        assert_eq!(mean_max_softmax(&[]), None);
        let mean = mean_max_softmax(&[0.0, 3f64.ln()]).unwrap();
        assert!((mean - 0.625).abs() < 1e-12, "{mean}");
    }
}
