//! Names and paths.
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Bytes that no name and no path exceeds.
const MAX_TEXT: usize = 4096;

/// A name or a path: not empty, on one line.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
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
pub(crate) fn optional_text<'de, T: From<String>, D: Deserializer<'de>>(
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
