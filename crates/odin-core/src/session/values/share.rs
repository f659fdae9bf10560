//! Numbers of the view: shares, and scores.
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A share above 0, at most 1: `#[serde(deserialize_with = "values::share")]`.
pub(crate) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if value > 0.0 && value <= 1.0 {
        Ok(value)
    } else {
        Err(D::Error::custom(format!(
            "a share above 0, at most 1, not {value}"
        )))
    }
}

/// A number that is neither infinite nor NaN.
pub(crate) fn finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err(D::Error::custom(format!("a finite number, not {value}")))
    }
}
