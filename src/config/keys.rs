//! Keys from the settings: `keys: {undo: [U, ctrl-u], quit: Q, mouse: []}`. Each is checked while it is read, so that an
//! error has its line and column.
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::app::{Context, Key, Keymap};
use odin_datasets::nearest;

/// The actions that have other keys than the defaults, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeyChanges(Vec<(&'static str, Vec<Key>)>);

impl KeyChanges {
    pub(super) fn keymap(&self) -> Keymap {
        let mut keymap = Keymap::default();
        for (name, keys) in &self.0 {
            keymap.rebind(name, keys);
        }
        keymap
    }
}

/// The keys that the file has bound so far.
struct Bound {
    keymap: Keymap,
    taken: Vec<(Key, Context, &'static str)>,
}

impl<'de> Deserialize<'de> for KeyChanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = KeyChanges;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("actions with their keys, like `undo: [U, ctrl-u]`")
            }
            fn visit_unit<E: Error>(self) -> Result<KeyChanges, E> {
                Ok(KeyChanges::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeyChanges, A::Error> {
                let mut changes = KeyChanges::default();
                let mut bound = Bound {
                    keymap: Keymap::default(),
                    taken: Vec::new(),
                };
                while let Some((name, context)) = map.next_key_seed(Name(&bound.keymap, &changes))? {
                    let keys = map.next_value_seed(Keys(name, context, &mut bound))?;
                    changes.0.push((name, keys));
                }
                Ok(changes)
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

/// The name of an action.
struct Name<'a>(&'a Keymap, &'a KeyChanges);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = (&'static str, Context);
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = (&'static str, Context);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an action")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if self.1.0.iter().any(|(known, _)| *known == text) {
            return Err(E::custom(format!("the keys of `{text}` are given twice")));
        }
        let mut bindings = self.0.bindings().iter();
        if let Some(binding) = bindings.find(|binding| binding.name == text) {
            return Ok((binding.name, binding.context));
        }
        let names: Vec<String> = self.0.bindings().iter().map(|b| b.name.to_owned()).collect();
        let hint = match nearest(text, &names).as_slice() {
            [] => String::new(),
            near => format!("; did you mean {}?", near.join(" or ")),
        };
        Err(E::custom(format!(
            "no action is called `{text}`{hint} (`odin doctor --config` prints all)"
        )))
    }
}

/// The keys of an action: one, or a list that may be empty.
struct Keys<'a>(&'static str, Context, &'a mut Bound);

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = Vec<Key>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Key>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = Vec<Key>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key like `q`, `ctrl-r` or `f5`, or a list of keys")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<Key>, E> {
        // `esc enter` is two keys, as help shows them.
        text.split_whitespace()
            .map(|word| One(self.0, self.1, &mut *self.2).visit_str(word))
            .collect()
    }

    // A digit is a key too.
    fn visit_u64<E: Error>(self, digit: u64) -> Result<Vec<Key>, E> {
        self.visit_str(&digit.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<Key>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<Key>, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = sequence.next_element_seed(One(self.0, self.1, &mut *self.2))? {
            keys.push(key);
        }
        Ok(keys)
    }
}

/// A single key, which must not be bound already.
struct One<'a>(&'static str, Context, &'a mut Bound);

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = Key;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for One<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key like `q`, `ctrl-r` or `f5`")
    }

    fn visit_u64<E: Error>(self, digit: u64) -> Result<Key, E> {
        self.visit_str(&digit.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Key, E> {
        let key: Key = text.parse().map_err(E::custom)?;
        let Self(name, context, bound) = self;
        let taken = bound
            .taken
            .iter()
            .find(|(other, there, _)| *other == key && there.overlaps(context));
        if let Some((_, _, other)) = taken {
            return Err(E::custom(format!("`{key}` is the key of `{other}` already")));
        }
        bound.taken.push((key, context, name));
        Ok(key)
    }
}
