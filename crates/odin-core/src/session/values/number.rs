//! A quantity that is written as a number: `#[serde(with = "values::number")]`.
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, Visitor};
use serde::{Deserializer, Serializer};

use crate::units::{Magnitude, Temperature, UnitError};

pub(crate) fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Copy + Into<f64>,
    S: Serializer,
{
    let value: f64 = (*value).into();
    // `1000`, not `1000.0`: as a person writes it.
    if value.fract() == 0.0 && value.abs() < 1e15 {
        serializer.serialize_i64(value as i64)
    } else {
        serializer.serialize_f64(value)
    }
}

pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Quantity,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(Number(PhantomData))
}

/// The same where the value may be missing: `#[serde(default, with = "values::optional_number")]`.
pub(crate) mod optional {
    use super::*;

    pub(crate) fn serialize<T, S>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Copy + Into<f64>,
        S: Serializer,
    {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: Quantity,
        D: Deserializer<'de>,
    {
        super::deserialize(deserializer).map(Some)
    }
}

/// A number that can be out of range.
pub trait Quantity: TryFrom<f64, Error = UnitError> {
    const EXPECTED: &'static str;
}

impl Quantity for Temperature {
    const EXPECTED: &'static str = "a temperature: a number above 0";
}

impl Quantity for Magnitude {
    const EXPECTED: &'static str = "a magnitude: a number between 0 and 1";
}

/// Reads a quantity.
pub(crate) struct Number<T>(pub PhantomData<T>);

impl<T: Quantity> Visitor<'_> for Number<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        T::try_from(value).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        self.visit_f64(value as f64)
    }
}

impl<'de, T: Quantity> DeserializeSeed<'de> for Number<T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}
