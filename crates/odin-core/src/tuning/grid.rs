//! The settings that are tried: one knob over its values, or two over each other's.
use std::fmt::Write;

use crate::setting::{Detector, Knob, KnobError, Move, Scale, Setting, movement, perturbation};
use crate::units::{Magnitude, Temperature};

/// How many values of a knob are tried where nobody says which.
const USUAL: usize = 11;

/// A knob and the values of it that are tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    pub knob: &'static Knob,
    pub values: Vec<f64>,
}

impl Axis {
    /// A value on the scale of the knob, on which its values are spread evenly.
    pub fn on_scale(&self, value: f64) -> f64 {
        match self.knob.scale {
            Scale::Linear { .. } => value,
            Scale::Logarithmic | Scale::Count => value.max(f64::MIN_POSITIVE).ln(),
        }
    }
}

/// A detector, with one or two of its knobs to be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    base: Setting,
    axes: Vec<Axis>,
}

/// Knobs that cannot be tuned so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GridError {
    #[error("{0} has no knobs, so there is nothing to tune; detectors with knobs: {keys}", keys = with_knobs())]
    NoKnobs(&'static str),
    #[error(transparent)]
    Knob(#[from] KnobError),
    #[error("{0} is given twice: one list names all the values of a knob")]
    Twice(&'static str),
    #[error("one knob is tuned, or two; {0} have several values here: give some of them one value")]
    TooMany(String),
    #[error("{0} is left nothing to choose: give one of its knobs several values, as in {1}")]
    NoChoice(&'static str, String),
}

fn with_knobs() -> String {
    let all = Detector::ALL.into_iter().filter(|one| !one.knobs().is_empty());
    all.map(Detector::key).collect::<Vec<_>>().join(", ")
}

impl Grid {
    /// Of these values by the names of their knobs. A knob with one value keeps it; one or two with several are tuned; the others
    /// stay at their defaults. Where none has several, the first two knobs that are not named (at most as many as there are) take
    /// [usual](usual_values) values.
    ///
    /// # Errors
    /// A detector without knobs, a knob that it does not have, a value that the knob cannot have, more than two knobs with
    /// several values, or nothing to choose.
    pub fn new(detector: Detector, named: &[(String, Vec<f64>)]) -> Result<Self, GridError> {
        let key = detector.key();
        if detector.knobs().is_empty() {
            return Err(GridError::NoKnobs(key));
        }
        let (mut base, mut axes, mut seen) = (Setting::new(detector), Vec::new(), Vec::new());
        for (name, values) in named {
            let mut distinct: Vec<f64> = Vec::new();
            for &value in values {
                // Says what the knob's values are, or which knobs there are.
                let value = base.with(name, value)?.get(name).unwrap_or(value);
                if !distinct.contains(&value) {
                    distinct.push(value);
                }
            }
            let Some(knob) = detector.knobs().iter().find(|knob| knob.key == name) else {
                // A list without values names no knob either.
                continue;
            };
            if seen.contains(&knob.key) {
                return Err(GridError::Twice(knob.key));
            }
            seen.push(knob.key);
            match distinct[..] {
                [] => {}
                [one] => base = base.with(name, one)?,
                _ => axes.push(Axis {
                    knob,
                    values: distinct,
                }),
            }
        }
        if axes.is_empty() {
            let unnamed = detector.knobs().iter().filter(|knob| !seen.contains(&knob.key));
            axes.extend(unnamed.take(2).map(|knob| Axis {
                knob,
                values: usual_values(detector, knob),
            }));
        }
        if axes.is_empty() {
            let mut example = String::new();
            for knob in detector.knobs().iter().take(1) {
                let values: Vec<_> = usual_values(detector, knob).iter().map(f64::to_string).collect();
                // It fails only where memory does.
                let _ = write!(example, "{}={}", knob.key, values.join(","));
            }
            return Err(GridError::NoChoice(key, example));
        }
        if axes.len() > 2 {
            let keys: Vec<_> = axes.iter().map(|axis| axis.knob.key).collect();
            return Err(GridError::TooMany(keys.join(", ")));
        }
        Ok(Self { base, axes })
    }

    pub fn detector(&self) -> Detector {
        self.base.detector()
    }

    /// One or two.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// What the knobs that are not tuned have.
    pub fn base(&self) -> &Setting {
        &self.base
    }

    /// Every combination of the values: those of the last knob one after another, at each of the first.
    pub fn settings(&self) -> Vec<Setting> {
        let mut all = vec![self.base];
        for axis in &self.axes {
            let at = |setting: &Setting, value: f64| {
                setting
                    .with(axis.knob.key, value)
                    .expect("the values of an axis were checked by its knob")
            };
            all = all
                .iter()
                .flat_map(|setting| axis.values.iter().map(move |&value| at(setting, value)))
                .collect();
        }
        all
    }
}

/// Values over what a slider of the knob shows; of ODIN and i-ODIN, those of the paper's grid.
fn usual_values(detector: Detector, knob: &Knob) -> Vec<f64> {
    if matches!(detector, Detector::Odin | Detector::IOdin) {
        return match knob.key {
            "temperature" => [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map(f64::from).into(),
            _ => (0..=20).map(|i| f64::from(i) * 2.0 / 1e4).collect(),
        };
    }
    let (from, to) = knob.span;
    let part = |i: usize| i as f64 / (USUAL - 1) as f64;
    let mut values: Vec<f64> = match knob.scale {
        Scale::Linear { step } => {
            let at = |i: usize| from + ((to - from) * part(i) / step).round() * step;
            // Rounded to twelve digits: 0.0014, not 0.0014000000000000002.
            let rounded = |value: f64| format!("{value:.12}").parse().unwrap_or(value);
            (0..USUAL).map(|i| rounded(at(i)).clamp(from, to)).collect()
        }
        Scale::Logarithmic => {
            let at = |i: usize| from * (to / from).powf(part(i));
            (0..USUAL).map(|i| two_digits(at(i)).clamp(from, to)).collect()
        }
        Scale::Count => {
            let decades = (0..=9).map(|power| 10f64.powi(power));
            let steps = decades.flat_map(|ten| [1.0, 2.0, 5.0].map(|one| one * ten));
            steps.filter(|value| (from..=to).contains(value)).collect()
        }
    };
    values.dedup();
    values
}

fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

/// The pass through the network that a setting's scores need beside the plain one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pass {
    Odin(Temperature, Magnitude),
    Other(Move),
}

/// What pass a setting needs; `None` where its scores are arithmetic on what the plain pass gives.
pub fn pass_of(setting: &Setting) -> Option<Pass> {
    match perturbation(setting) {
        Some((t, magnitude)) => (!magnitude.is_zero()).then_some(Pass::Odin(t, magnitude)),
        None => movement(setting).map(Pass::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(detector: Detector, named: &[(&str, &[f64])]) -> Result<Grid, GridError> {
        let named: Vec<_> = named
            .iter()
            .map(|(name, values)| ((*name).to_owned(), values.to_vec()))
            .collect();
        Grid::new(detector, &named)
    }

    fn tuned(grid: &Grid) -> Vec<(&str, usize)> {
        let axes = grid.axes().iter();
        axes.map(|axis| (axis.knob.key, axis.values.len())).collect()
    }

    #[test]
    fn a_knob_with_one_value_keeps_it_and_others_are_tuned() {
        let paper = grid(Detector::Odin, &[]).unwrap();
        assert_eq!(tuned(&paper), [("temperature", 10), ("magnitude", 21)]);
        let settings = paper.settings();
        assert_eq!(settings.len(), 210);
        assert_eq!(settings[7].to_string(), "ODIN (T 1, ε 0.0014)");
        assert_eq!(settings[21].get("temperature"), Some(2.0));
        let passes = settings.iter().filter(|one| pass_of(one).is_some()).count();
        assert_eq!(passes, 200);
        let at = grid(Detector::Odin, &[("temperature", &[100.0])]).unwrap();
        assert_eq!(tuned(&at), [("magnitude", 21)]);
        assert!(
            at.settings()
                .iter()
                .all(|one| one.get("temperature") == Some(100.0))
        );
        let scale = grid(Detector::Scale, &[("percentile", &[85.0, 90.0, 85.0])]).unwrap();
        assert_eq!(tuned(&scale), [("percentile", 2)]);
        assert!(scale.settings().iter().all(|one| pass_of(one).is_none()));
        let ada = grid(
            Detector::AdascaleA,
            &[("o", &[1.0, 5.0]), ("lambda", &[1.0, 10.0])],
        )
        .unwrap();
        let mut passes: Vec<_> = ada.settings().iter().filter_map(pass_of).collect();
        passes.dedup();
        assert_eq!((ada.settings().len(), passes.len()), (4, 2));
    }

    #[test]
    fn every_detector_with_knobs_has_usual_values() {
        for detector in Detector::ALL {
            let Ok(grid) = grid(detector, &[]) else {
                assert!(detector.knobs().is_empty(), "{detector}");
                continue;
            };
            assert_eq!(grid.axes().len(), detector.knobs().len().min(2), "{detector}");
            for Axis { knob, values } in grid.axes() {
                assert!(values.len() >= 9 && values.is_sorted(), "{detector}: {values:?}");
                assert!(
                    values.iter().all(|&value| knob.check(value) == Ok(value)),
                    "{detector}"
                );
            }
        }
        let of = |detector| grid(detector, &[]).unwrap().axes()[0].values.clone();
        assert_eq!(
            of(Detector::Knn),
            [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0]
        );
        assert_eq!(of(Detector::React)[..3], [50.0, 55.0, 60.0]);
        assert_eq!(of(Detector::Energy)[..3], [1.0, 2.5, 6.3]);
    }

    #[test]
    fn what_cannot_be_tuned_is_refused_with_what_can() {
        let refused = |detector, named: &[(&str, &[f64])]| grid(detector, named).unwrap_err().to_string();
        assert!(refused(Detector::Baseline, &[]).contains("detectors with knobs: odin, energy,"));
        assert!(refused(Detector::Scale, &[("k", &[1.0])]).contains("its knobs are percentile"));
        assert!(refused(Detector::Scale, &[("percentile", &[50.0, 100.0])]).contains("not 100"));
        assert!(refused(Detector::Scale, &[("percentile", &[50.0])]).contains("percentile=0,10,20,"));
        let two = [("percentile", &[50.0][..]), ("percentile", &[60.0][..])];
        assert!(refused(Detector::Scale, &two).contains("twice"));
        let three = [
            ("low", &[1.0, 2.0][..]),
            ("high", &[90.0, 95.0][..]),
            ("k1", &[1.0, 2.0][..]),
        ];
        assert!(refused(Detector::AdascaleA, &three).contains("low, high, k1 have several values"));
    }
}
