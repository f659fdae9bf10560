//! Settings as jobs have them: each detector's knobs, and the pass through the network that they need.
use serde::{Deserialize, Serialize};

use odin_detectors::Need;
pub use odin_detectors::{Detector, Knob, KnobError, Scale, Setting};

use crate::units::{Magnitude, Temperature};

/// ODIN at (T, ε).
pub fn odin(temperature: Temperature, magnitude: Magnitude) -> Setting {
    Setting::new(Detector::Odin)
        .with("temperature", temperature.get())
        .and_then(|setting| setting.with("magnitude", magnitude.get()))
        .expect("a temperature and a magnitude are within what ODIN's knobs allow")
}

/// The (T, ε) of the perturbation that ODIN's scores are computed with; `None` for another detector.
pub fn perturbation(setting: &Setting) -> Option<(Temperature, Magnitude)> {
    (setting.detector() == Detector::Odin).then(|| at(setting))?
}

fn at(setting: &Setting) -> Option<(Temperature, Magnitude)> {
    let temperature = Temperature::new(setting.get("temperature")?).ok()?;
    let magnitude = Magnitude::new(setting.get("magnitude")?).ok()?;
    Some((temperature, magnitude))
}

/// T and ε as the detector uses them: 1 and 0 where it has no such knob.
pub fn parameters(setting: &Setting) -> (Temperature, Magnitude) {
    let temperature = setting.get("temperature").and_then(|t| Temperature::new(t).ok());
    let magnitude = setting.get("magnitude").and_then(|e| Magnitude::new(e).ok());
    (
        temperature.unwrap_or(Temperature::ONE),
        magnitude.unwrap_or(Magnitude::ZERO),
    )
}

/// The knobs other than T and ε, with their values.
pub fn other_knobs(setting: &Setting) -> impl Iterator<Item = (&'static Knob, f64)> + '_ {
    setting
        .knobs()
        .filter(|(knob, _)| !["temperature", "magnitude"].contains(&knob.key))
}

/// How images are moved before a pass of their own, other than as ODIN moves them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Move {
    /// i-ODIN's: by ε, the one input value with the greatest gradient of ODIN's loss at T.
    GreatestGradient(Temperature, Magnitude),
    /// AdaSCALE's: by `step` in the normalised input, so many percent of the values, those with the least gradient of the
    /// guess's logit.
    LeastGradient { percent: f64, step: f64 },
}

/// The pass that the setting needs beside the plain one and ODIN's.
pub fn movement(setting: &Setting) -> Option<Move> {
    match setting.detector() {
        Detector::IOdin => {
            let (t, magnitude) = at(setting)?;
            (!magnitude.is_zero()).then_some(Move::GreatestGradient(t, magnitude))
        }
        Detector::AdascaleA | Detector::AdascaleL => Some(Move::LeastGradient {
            percent: setting.get("o")?,
            step: setting.get("step")?,
        }),
        _ => None,
    }
}

/// The T of i-ODIN's scores at ε = 0, which follow from the logits.
pub fn unmoved(setting: &Setting) -> Option<Temperature> {
    let (t, magnitude) = at(setting).filter(|_| setting.detector() == Detector::IOdin)?;
    magnitude.is_zero().then_some(t)
}

/// Whether the detector is fitted on images, or on labels of validation images.
pub fn is_fitted(detector: Detector) -> bool {
    let needs_fit = |need: &Need| matches!(need, Need::FitImages | Need::FitLabels | Need::ValidationLabels);
    detector.needs().iter().any(needs_fit)
}

/// Whether the detector needs what the last layer takes or is.
pub fn needs_features(detector: Detector) -> bool {
    let of_features = |need: &Need| matches!(need, Need::Features | Need::LastLayer);
    detector.needs().iter().any(of_features)
}

/// What a score set is computed by: some detectors, each with its knobs, none of them twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Settings(Vec<Setting>);

impl Settings {
    /// ODIN at (T, ε), and every detector on the logits with its knobs at their defaults.
    pub fn new(temperature: Temperature, magnitude: Magnitude) -> Self {
        let mut settings: Self = Detector::ON_LOGITS.map(Setting::new).into_iter().collect();
        settings.set(odin(temperature, magnitude));
        settings
    }

    /// One setting alone.
    pub fn only(setting: Setting) -> Self {
        Self(vec![setting])
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Setting> {
        self.0.iter()
    }

    pub fn get(&self, detector: Detector) -> Option<&Setting> {
        self.0.iter().find(|setting| setting.detector() == detector)
    }

    /// The place of a detector's scores among the columns.
    pub fn place(&self, detector: Detector) -> Option<usize> {
        self.0.iter().position(|setting| setting.detector() == detector)
    }

    /// Puts a setting in the place of the one that its detector had, or at the end.
    pub fn set(&mut self, setting: Setting) {
        match self
            .0
            .iter_mut()
            .find(|known| known.detector() == setting.detector())
        {
            Some(known) => *known = setting,
            None => self.0.push(setting),
        }
    }

    /// The same with this setting in place of its detector's.
    pub fn with(mut self, setting: Setting) -> Self {
        self.set(setting);
        self
    }

    /// The (T, ε) of the pass through the network: ODIN's. Without ODIN the images are passed through as they are.
    pub fn perturbation(&self) -> (Temperature, Magnitude) {
        self.get(Detector::Odin)
            .and_then(perturbation)
            .unwrap_or((Temperature::ONE, Magnitude::ZERO))
    }

    pub fn temperature(&self) -> Temperature {
        self.perturbation().0
    }

    pub fn magnitude(&self) -> Magnitude {
        self.perturbation().1
    }
}

impl FromIterator<Setting> for Settings {
    fn from_iter<I: IntoIterator<Item = Setting>>(settings: I) -> Self {
        let mut all = Self::default();
        settings.into_iter().for_each(|setting| all.set(setting));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detector_has_one_setting_and_odin_says_the_pass() {
        let mut settings = Settings::new(Temperature::PAPER, Magnitude::PAPER);
        assert_eq!(settings.iter().len(), Detector::ON_LOGITS.len());
        assert_eq!(settings.perturbation(), (Temperature::PAPER, Magnitude::PAPER));
        settings.set(odin(Temperature::ONE, Magnitude::ZERO));
        assert_eq!(settings.iter().len(), Detector::ON_LOGITS.len());
        assert_eq!(settings.perturbation(), (Temperature::ONE, Magnitude::ZERO));
        let energy = settings.get(Detector::Energy).unwrap();
        assert_eq!(energy.get("temperature"), Some(1.0), "whatever T the job has");
        assert_eq!(perturbation(energy), None);
        let energy = Settings::only(*energy);
        assert_eq!(energy.perturbation(), (Temperature::ONE, Magnitude::ZERO));
    }
}
