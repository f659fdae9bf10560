//! How single values are read and written: checked where they stand, so that an error gives their own line and column.
//!
//! (Checks made after a value was read would be reported at the start of the mapping around it.)
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::str::FromStr;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::units::{Device, Magnitude, Temperature, UnitError};

/// Images a pass: as many as suit the device, or so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Batch {
    #[default]
    Auto,
    Of(NonZeroUsize),
}

impl Batch {
    pub fn size(self) -> Option<usize> {
        match self {
            Self::Auto => None,
            Self::Of(n) => Some(n.get()),
        }
    }
}

impl Serialize for Batch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Of(n) => serializer.serialize_u64(n.get() as u64),
        }
    }
}

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = Batch;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`auto` or a number of images, at least 1")
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Batch, E> {
                let size = usize::try_from(value).ok().and_then(NonZeroUsize::new);
                size.map(Batch::Of)
                    .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Batch, E> {
                if value == "auto" {
                    Ok(Batch::Auto)
                } else {
                    Err(E::invalid_value(Unexpected::Str(value), &self))
                }
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

/// A quantity that is written as a number: `#[serde(with = "values::number")]`.
pub mod number {
    use super::*;

    pub fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
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

    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: Quantity,
        D: Deserializer<'de>,
    {
        deserializer.deserialize_any(Number(PhantomData))
    }
}

/// As [`number`], where the value may be missing: `#[serde(default, with = "values::optional_number")]`.
pub mod optional_number {
    use super::*;

    pub fn serialize<T, S>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Copy + Into<f64>,
        S: Serializer,
    {
        match value {
            Some(value) => number::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: Quantity,
        D: Deserializer<'de>,
    {
        number::deserialize(deserializer).map(Some)
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

struct Number<T>(PhantomData<T>);

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

/// A device, checked in place: `#[serde(deserialize_with = "values::device")]`.
pub fn device<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Device, D::Error> {
    struct Reads;
    impl Visitor<'_> for Reads {
        type Value = Device;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a device: auto, cpu or cuda:N")
        }
        fn visit_str<E: Error>(self, value: &str) -> Result<Device, E> {
            Device::from_str(value).map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Reads)
}

/// As [`device`], where it may be missing.
pub fn optional_device<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Device>, D::Error> {
    device(deserializer).map(Some)
}

/// The version of the schema; only the one that this program knows.
pub fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Reads;
    impl Visitor<'_> for Reads {
        type Value = u64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "version {}", super::VERSION)
        }
        fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
            if value == super::VERSION {
                Ok(value)
            } else {
                Err(E::invalid_value(Unexpected::Unsigned(value), &self))
            }
        }
    }
    deserializer.deserialize_any(Reads)
}
