//! The values along an axis of a grid.
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::number::{self, Number, Quantity};
use crate::units::Series;

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
