//! A detector with its knobs.
use odin_detectors::Detector;

use crate::units::{Magnitude, Temperature};

/// The T and ε that a detector's scores are computed with, where a job has these.
pub fn parameters(
    detector: Detector,
    temperature: Temperature,
    magnitude: Magnitude,
) -> (Temperature, Magnitude) {
    match detector {
        Detector::Odin => (temperature, magnitude),
        Detector::Energy => (temperature, Magnitude::ZERO),
        Detector::Baseline | Detector::MaxLogit | Detector::Entropy | Detector::Gen => {
            (Temperature::ONE, Magnitude::ZERO)
        }
    }
}
