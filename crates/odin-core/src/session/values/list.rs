//! Lists with a bound.
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// No session is longer, whatever its aliases come to.
pub(super) const MAX_QUEUES: usize = 1000;
/// The same for the jobs of one queue.
pub(super) const MAX_JOBS: usize = 10_000;
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

pub(crate) fn queues<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(List::<T, MAX_QUEUES>(PhantomData))
}

pub(crate) fn jobs<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(List::<T, MAX_JOBS>(PhantomData))
}
