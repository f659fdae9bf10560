//! Deserialising through a check whose error has a line and a column.
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Reads a map as `R` and turns it into a `T`. serde's `try_from` does the same, but its errors lose their place.
pub(super) fn through<'de, R, T, D>(deserializer: D) -> Result<T, D::Error>
where
    R: Deserialize<'de>,
    T: TryFrom<R>,
    T::Error: fmt::Display,
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(Through::<R, T>(PhantomData))
}

struct Through<R, T>(PhantomData<(R, T)>);

impl<'de, R, T> Visitor<'de> for Through<R, T>
where
    R: Deserialize<'de>,
    T: TryFrom<R>,
    T::Error: fmt::Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of keys and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let raw = R::deserialize(MapAccessDeserializer::new(map))?;
        T::try_from(raw).map_err(A::Error::custom)
    }
}
