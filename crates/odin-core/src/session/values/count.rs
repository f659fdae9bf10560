//! Counts of images.
use std::fmt;
use std::num::NonZeroUsize;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// A count that cannot be 0.
pub(crate) fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    NonZeroUsize::deserialize(deserializer).map(NonZeroUsize::get)
}

/// As [`at_least_one`], where it may be missing.
pub(crate) fn some_at_least_one<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<usize>, D::Error> {
    at_least_one(deserializer).map(Some)
}
