//! How single values are read and written: checked where they stand, so that an error gives their own line and column.
//!
//! (Checks made after a value was read would be reported at the start of the mapping around it.)
mod count;
mod device;
mod list;
mod name;
pub(super) mod number;
mod series;
mod share;

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

pub use count::{Batch, Limit};
pub(super) use count::{at_least_one, some_at_least_one};
pub(super) use device::{devices, optional_devices};
pub(super) use list::{jobs, queues};
pub(super) use name::{optional_text, text};
pub(super) use number::optional as optional_number;
pub use series::Values;
pub(super) use share::{finite, share};

/// A value that is there, even if it is null: `#[serde(default, deserialize_with = "values::present")]`.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The version of the schema that this program writes. It reads the older ones too; `migration` tells them apart.
pub const VERSION: u64 = 2;

/// The version of the schema; only those that this program knows.
pub(super) fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Reads;
    impl Visitor<'_> for Reads {
        type Value = u64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a version from 1 to {}", VERSION)
        }
        fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
            if (1..=VERSION).contains(&value) {
                Ok(value)
            } else if value > VERSION {
                Err(E::custom(format!(
                    "version {value} of the schema is newer than this program, which knows up to {}: a newer odin reads it",
                    VERSION
                )))
            } else {
                Err(E::invalid_value(Unexpected::Unsigned(value), &self))
            }
        }
    }
    deserializer.deserialize_any(Reads)
}
