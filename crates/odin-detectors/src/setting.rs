//! A detector with its knobs.
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::detector::Detector;
use crate::knob::{Knob, KnobError, Values};

/// Most knobs that a detector has.
pub const MOST_KNOBS: usize = 8;

/// A detector with a value for each of its knobs: what a score is computed by. Values are always within what the knob allows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    detector: Detector,
    /// In the order of [`Detector::knobs`]; 0 beyond.
    values: [f64; MOST_KNOBS],
}

impl Setting {
    /// The detector with its knobs at their defaults.
    pub fn new(detector: Detector) -> Self {
        let mut values = [0.0; MOST_KNOBS];
        for (value, knob) in values.iter_mut().zip(detector.knobs()) {
            *value = knob.default;
        }
        Self { detector, values }
    }

    /// The same with one knob at another value.
    pub fn with(mut self, key: &str, value: f64) -> Result<Self, KnobError> {
        let knobs = self.detector.knobs();
        let place = knobs.iter().position(|knob| knob.key == key);
        let (Some(knob), Some(slot)) = (
            place.and_then(|place| knobs.get(place)),
            place.and_then(|place| self.values.get_mut(place)),
        ) else {
            let keys: Vec<_> = knobs.iter().map(|knob| knob.key).collect();
            return Err(KnobError::Unknown {
                detector: self.detector.key(),
                key: key.to_owned(),
                it_has: match keys.is_empty() {
                    true => "it has none".to_owned(),
                    false => format!("its knobs are {}", keys.join(", ")),
                },
            });
        };
        *slot = knob.check(value)?;
        Ok(self)
    }

    /// The detector.
    pub fn detector(&self) -> Detector {
        self.detector
    }

    /// Every knob with its value.
    pub fn knobs(&self) -> impl Iterator<Item = (&'static Knob, f64)> + '_ {
        self.detector.knobs().iter().zip(self.values)
    }

    /// The value of a knob; `None` where the detector has no such knob.
    pub fn get(&self, key: &str) -> Option<f64> {
        self.values().find(key)
    }

    /// The values by the keys of their knobs.
    pub fn values(&self) -> Values<'_> {
        Values {
            knobs: self.detector.knobs(),
            values: &self.values,
        }
    }

    /// The value of the knob at this place among its detector's.
    pub fn value(&self, place: usize) -> Option<f64> {
        self.knobs().nth(place).map(|(_, value)| value)
    }

    /// Every knob's value by its key, as files have them.
    pub fn by_key(&self) -> BTreeMap<String, f64> {
        self.knobs()
            .map(|(knob, value)| (knob.key.to_owned(), value))
            .collect()
    }

    /// Whether every knob is where it is by default.
    pub fn is_default(&self) -> bool {
        *self == Self::new(self.detector)
    }

    fn bits(&self) -> [u64; MOST_KNOBS] {
        self.values.map(f64::to_bits)
    }
}

// No value is NaN: `Knob::check` refuses it.
impl Eq for Setting {}

impl Hash for Setting {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.detector.hash(state);
        self.bits().hash(state);
    }
}

/// As in `ODIN (T 1000, ε 0.0014)`.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let knobs: Vec<_> = self
            .knobs()
            .map(|(knob, value)| format!("{} {value}", knob.label))
            .collect();
        match knobs.is_empty() {
            true => write!(f, "{}", self.detector),
            false => write!(f, "{} ({})", self.detector, knobs.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detector_has_sound_knobs() {
        for detector in Detector::ALL {
            assert!(detector.knobs().len() <= MOST_KNOBS);
            for (knob, value) in Setting::new(detector).knobs() {
                assert_eq!(knob.check(value), Ok(value), "{detector} {}", knob.key);
                assert!(
                    knob.least <= knob.span.0 && knob.span.1 <= knob.most,
                    "{detector} {}",
                    knob.key
                );
                assert!(knob.check(f64::NAN).is_err());
            }
        }
    }

    #[test]
    fn a_value_out_of_range_and_an_unknown_knob_are_refused() {
        let odin = Setting::new(Detector::Odin);
        assert_eq!(
            odin.with("temperature", 10.0).unwrap().get("temperature"),
            Some(10.0)
        );
        let message = |result: Result<Setting, KnobError>| result.unwrap_err().to_string();
        assert_eq!(
            message(odin.with("magnitude", 2.0)),
            "magnitude must be between 0 and 1, not 2"
        );
        assert_eq!(
            message(odin.with("percentile", 2.0)),
            "odin has no knob `percentile`; its knobs are temperature, magnitude"
        );
        assert_eq!(
            message(Setting::new(Detector::Gen).with("classes", 1.5)),
            "classes must be a whole number between 1 and 1000000, not 1.5"
        );
        assert_eq!(odin.with("magnitude", -0.0), odin.with("magnitude", 0.0));
        assert_eq!(odin.to_string(), "ODIN (T 1000, ε 0.0014)");
        assert_eq!(Setting::new(Detector::MaxLogit).to_string(), "max logit");
    }
}
