//! Which key does what: the one table that keys are looked up in and that the help is printed from.
mod compare;
mod detectors;
mod everywhere;
mod explore;
mod grid;
mod images;
mod log;
mod binding;

pub use binding::{Binding, Context, Group};

use super::action::Action;
use super::key::Key;
use super::state::overlay::PaletteEntry;
use binding::Row;
use odin_core::session::Screen;

#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        let tables = [
            explore::rows(),
            log::rows(),
            everywhere::rows(),
            grid::rows(),
            images::rows(),
            compare::rows(),
            detectors::rows(),
        ];
        let binding = |(context, group, name, keys, action, help): Row| Binding {
            context,
            group,
            name,
            keys: keys
                .split(' ')
                .map(|key| key.parse().expect("the tables name keys that exist"))
                .collect(),
            action,
            help,
        };
        Self {
            bindings: tables.into_iter().flatten().map(binding).collect(),
        }
    }
}

impl Keymap {
    /// What a key does on a screen; `None` where it is not bound.
    pub fn lookup(&self, screen: Screen, key: Key) -> Option<&Action> {
        let mut bindings = self.bindings.iter();
        let found =
            bindings.find(|binding| binding.context.holds_on(screen) && binding.keys.contains(&key))?;
        Some(&found.action)
    }

    /// Gives an action other keys; whatever else they did where it is valid, they do no more.
    ///
    /// # Panics
    /// If no action has this name.
    pub fn rebind(&mut self, name: &str, keys: &[Key]) {
        let named = self.bindings.iter().find(|binding| binding.name == name);
        let context = named.expect("names are checked where they are read").context;
        for binding in &mut self.bindings {
            if binding.name == name {
                binding.keys = keys.to_vec();
            } else if binding.context.overlaps(context) {
                binding.keys.retain(|key| !keys.contains(key));
            }
        }
    }

    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// The binding with this number.
    pub(super) fn binding(&self, number: usize) -> &Binding {
        self.bindings
            .get(number)
            .expect("bindings are numbered by their places, and none is ever removed")
    }

    /// Every binding, for the palette: those that are valid on this screen first.
    pub(super) fn palette_entries(&self, screen: Screen) -> Vec<PaletteEntry> {
        let mut bindings: Vec<(usize, &Binding)> = self.bindings.iter().enumerate().collect();
        bindings.sort_by_key(|(_, binding)| !binding.context.holds_on(screen));
        let entry = |(number, binding): (usize, &Binding)| PaletteEntry {
            number,
            text: format!(
                "{} {} {}",
                binding.help,
                binding.group.title(),
                binding.name.replace('-', " ")
            ),
        };
        bindings.into_iter().map(entry).collect()
    }

    /// What a key does on another screen; `None` where it does nothing anywhere.
    pub(super) fn elsewhere(&self, key: Key) -> Option<&Binding> {
        self.bindings.iter().find(|binding| binding.keys.contains(&key))
    }

    /// The first key for an action on any screen, for hints.
    pub fn key_for(&self, action: &Action) -> Option<Key> {
        let mut bindings = self.bindings.iter();
        let found = bindings.find(|binding| binding.action == *action)?;
        found.keys.first().copied()
    }

    /// The first key for an action on a screen.
    pub fn key_on(&self, screen: Screen, action: &Action) -> Option<Key> {
        let mut bindings = self.bindings.iter();
        let found = bindings.find(|binding| binding.context.holds_on(screen) && binding.action == *action)?;
        found.keys.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::key::KeyCode;

    #[test]
    fn no_key_means_two_things_at_one_place() {
        let keymap = Keymap::default();
        for screen in Screen::ALL {
            for binding in keymap.bindings() {
                let here = binding.context.holds_on(screen);
                for &key in binding.keys.iter().filter(|_| here) {
                    assert_eq!(
                        keymap.lookup(screen, key),
                        Some(&binding.action),
                        "{key} on {screen}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_letter_means_the_same_on_every_screen() {
        let keymap = Keymap::default();
        // Movement, and what each screen has one of: the obvious, going on, an order, a filter, what is copied.
        let kinds = "hjklHLoOfgGwy/.";
        for binding in keymap.bindings() {
            for key in &binding.keys {
                let KeyCode::Char(c) = key.code else { continue };
                if key.ctrl || c == ' ' || kinds.contains(c) {
                    continue;
                }
                for other in keymap.bindings().iter().filter(|other| other.keys.contains(key)) {
                    let is_same = other.action == binding.action || other.help == binding.help;
                    assert!(is_same, "{key}: {} and {}", binding.name, other.name);
                }
            }
        }
    }

    #[test]
    fn names_are_unique_and_written_alike() {
        let keymap = Keymap::default();
        let mut names: Vec<_> = keymap.bindings().iter().map(|binding| binding.name).collect();
        assert!(names.iter().all(|name| {
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        }));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), keymap.bindings().len());
    }

    #[test]
    fn every_binding_has_help_and_every_group_has_bindings() {
        let keymap = Keymap::default();
        assert!(
            keymap
                .bindings()
                .iter()
                .all(|binding| !binding.help.is_empty() && !binding.keys.is_empty())
        );
        assert!(
            Group::ALL
                .iter()
                .all(|&group| keymap.bindings().iter().any(|b| b.group == group))
        );
        for screen in Screen::ALL {
            assert_eq!(
                keymap.lookup(Screen::Log, Key::char(screen.digit())),
                Some(&Action::Show(screen))
            );
        }
    }
}
