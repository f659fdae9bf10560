//! How single values are read and written: checked where they stand, so that an error gives their own line and column.
//!
//! (Checks made after a value was read would be reported at the start of the mapping around it.)
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::str::FromStr;

use serde::de::{DeserializeSeed, Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::units::{Device, Devices, Magnitude, Series, Temperature, UnitError};

/// No session is longer, whatever its aliases come to.
pub const MAX_QUEUES: usize = 1000;
/// The same for the jobs of one queue.
pub const MAX_JOBS: usize = 10_000;
/// The same for a name or a path, in bytes.
const MAX_TEXT: usize = 4096;

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

/// At most how many images of each set: so many, or all (`null`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Limit {
    #[default]
    All,
    To(NonZeroUsize),
}

impl Limit {
    pub fn count(self) -> Option<usize> {
        match self {
            Self::All => None,
            Self::To(n) => Some(n.get()),
        }
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.count().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = Limit;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of images, at least 1, or null for all")
            }
            fn visit_unit<E: Error>(self) -> Result<Limit, E> {
                Ok(Limit::All)
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Limit, E> {
                let count = usize::try_from(value).ok().and_then(NonZeroUsize::new);
                count
                    .map(Limit::To)
                    .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

/// A value that is there, even if it is null: `#[serde(default, deserialize_with = "values::present")]`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A name or a path: not empty, on one line.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Reads;
    impl Visitor<'_> for Reads {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a name")
        }
        fn visit_str<E: Error>(self, value: &str) -> Result<String, E> {
            match value {
                _ if value.trim().is_empty() => Err(E::custom("a name is expected here, not nothing")),
                _ if value.len() > MAX_TEXT => Err(E::custom("this name is too long")),
                _ if value.chars().any(char::is_control) => Err(E::custom(
                    "a name is expected here, on one line and without control characters",
                )),
                _ => Ok(value.to_owned()),
            }
        }
        // A set or a queue may well be called 2017.
        fn visit_u64<E: Error>(self, value: u64) -> Result<String, E> {
            Ok(value.to_string())
        }
    }
    deserializer.deserialize_any(Reads)
}

/// As [`text`], where it may be missing or null.
pub fn optional_text<'de, T: From<String>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    struct Reads<T>(PhantomData<T>);
    impl<'de, T: From<String>> Visitor<'de> for Reads<T> {
        type Value = Option<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a name")
        }
        fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
            Ok(None)
        }
        fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
            text(deserializer).map(|text| Some(T::from(text)))
        }
    }
    deserializer.deserialize_option(Reads(PhantomData))
}

/// A count that cannot be 0.
pub fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    NonZeroUsize::deserialize(deserializer).map(NonZeroUsize::get)
}

/// A list of so many elements at most, refused at the first one too many: aliases can make a small file a long list.
struct List<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for List<T, MAX> {
    type Value = Vec<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX}")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            if all.len() == MAX {
                return Err(A::Error::invalid_length(MAX + 1, &self));
            }
            all.push(one);
        }
        Ok(all)
    }
}

pub fn queues<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(List::<T, MAX_QUEUES>(PhantomData))
}

pub fn jobs<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(List::<T, MAX_JOBS>(PhantomData))
}

/// Values along an axis of a sweep, at least one: a list of numbers, or `FROM:TO:COUNT`.
#[derive(Debug, Clone, PartialEq)]
pub struct Values<T>(pub Vec<T>);

impl<T: Copy + Into<f64>> Serialize for Values<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Plain<T>(T);
        impl<T: Copy + Into<f64>> Serialize for Plain<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                number::serialize(&self.0, serializer)
            }
        }
        serializer.collect_seq(self.0.iter().map(|&value| Plain(value)))
    }
}

impl<'de, T: Quantity> Deserialize<'de> for Values<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads<T>(PhantomData<T>);
        impl<'de, T: Quantity> Visitor<'de> for Reads<T> {
            type Value = Values<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of 1 to {} numbers, or FROM:TO:COUNT", Series::MAX)
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Values<T>, E> {
                let series = Series::from_str(value).map_err(E::custom)?;
                let values: Result<Vec<T>, _> = series.0.into_iter().map(T::try_from).collect();
                values.map(Values).map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Values<T>, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element_seed(Number(PhantomData))? {
                    if values.len() == Series::MAX {
                        return Err(A::Error::invalid_length(Series::MAX + 1, &self));
                    }
                    values.push(value);
                }
                if values.is_empty() {
                    return Err(A::Error::invalid_length(0, &self));
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_any(Reads(PhantomData))
    }
}

impl<'de, T: Quantity> DeserializeSeed<'de> for Number<T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
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

/// One device, or the list of those that each job is split over.
pub mod devices {
    use super::*;

    pub fn serialize<S: Serializer>(devices: &Devices, serializer: S) -> Result<S::Ok, S::Error> {
        match devices.all() {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Devices, D::Error> {
        struct One;
        impl<'de> DeserializeSeed<'de> for One {
            type Value = Device;
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Device, D::Error> {
                device(deserializer)
            }
        }
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Devices;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a device (auto, cpu or cuda:N) or a list of devices")
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Devices, E> {
                Device::from_str(value).map(Devices::from).map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Devices, A::Error> {
                let mut devices = Vec::new();
                while let Some(device) = seq.next_element_seed(One)? {
                    if devices.len() == Devices::MAX {
                        return Err(A::Error::custom(UnitError::DeviceCount(devices.len() + 1)));
                    }
                    devices.push(device);
                }
                Devices::try_from(devices).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

/// As [`devices`], where they may be missing.
pub mod optional_devices {
    use super::*;

    pub fn serialize<S: Serializer>(devices: &Option<Devices>, serializer: S) -> Result<S::Ok, S::Error> {
        match devices {
            Some(devices) => super::devices::serialize(devices, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Devices>, D::Error> {
        super::devices::deserialize(deserializer).map(Some)
    }
}

/// The version of the schema; only those that this program knows.
pub fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Reads;
    impl Visitor<'_> for Reads {
        type Value = u64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a version from 1 to {}", super::VERSION)
        }
        fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
            if (1..=super::VERSION).contains(&value) {
                Ok(value)
            } else if value > super::VERSION {
                Err(E::custom(format!(
                    "version {value} of the schema is newer than this program, which knows up to {}: a newer odin reads it",
                    super::VERSION
                )))
            } else {
                Err(E::invalid_value(Unexpected::Unsigned(value), &self))
            }
        }
    }
    deserializer.deserialize_any(Reads)
}
