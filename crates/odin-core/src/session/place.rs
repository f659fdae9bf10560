//! Where in a file a value stands, for checks that are made after reading.
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A step from a value to one inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

/// Line and column, from 1, of the value at the end of the steps.
///
/// Reads the text up to there and fails on purpose: the parser's error then says where it was.
pub(super) fn locate(text: &str, steps: &[Step]) -> Option<(usize, usize)> {
    let parser = serde_yaml::Deserializer::from_str(text);
    let location = Seek(steps).deserialize(parser).err()?.location()?;
    Some((location.line(), location.column()))
}

struct Seek<'a>(&'a [Step<'a>]);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Seek<'_> {
    /// Whether a value without values inside it is the one that is looked for.
    fn leaf<E: Error>(self) -> Result<(), E> {
        if self.0.is_empty() {
            Err(E::custom("here"))
        } else {
            Ok(())
        }
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.0.split_first() else {
            return self.leaf();
        };
        while let Some(key) = map.next_key::<String>()? {
            if *step == Step::Key(&key) {
                map.next_value_seed(Seek(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.0.split_first() else {
            return self.leaf();
        };
        let mut item = 0;
        loop {
            let more = if *step == Step::Item(item) {
                seq.next_element_seed(Seek(rest))?.is_some()
            } else {
                seq.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(());
            }
            item += 1;
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.leaf()
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.leaf()
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.leaf()
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.leaf()
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.leaf()
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.leaf()
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.leaf()
    }
}

#[cfg(test)]
mod tests {
    use super::Step::{Item, Key};
    use super::*;

    #[test]
    fn values_are_found_where_they_stand() {
        let text = "# head\na: 1\nb:\n  - {c: x, d: [true, null]}\n  - c: 2.5\n";
        for (steps, place) in [
            (&[Key("a")][..], (2, 4)),
            (&[Key("b"), Item(0), Key("c")], (4, 9)),
            (&[Key("b"), Item(0), Key("d"), Item(1)], (4, 22)),
            (&[Key("b"), Item(1), Key("c")], (5, 8)),
            (&[Key("b"), Item(1)], (5, 5)),
        ] {
            assert_eq!(locate(text, steps), Some(place), "{steps:?}");
        }
        assert_eq!(locate(text, &[Key("b"), Item(7)]), None);
        assert_eq!(locate(text, &[Key("z")]), None);
    }
}
