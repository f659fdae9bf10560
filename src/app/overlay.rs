//! What lies over the screen and has the keyboard until it is closed.
use super::field::Field;
use super::fuzzy;
use super::keymap::{Context, Keymap};
use super::picker::Picker;
use super::restore::Restore;
use crate::session::Screen;

#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The page, which begins anew after the last.
    Help(usize),
    Palette(Palette),
    /// What to add to the jobs.
    Picker(Picker),
    /// Whether to go on with what was not saved the last time.
    Restore(Restore),
}

/// Every action by name, found by typing some letters of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Palette {
    pub query: Field,
    /// Place in `found`.
    pub selected: usize,
    /// Numbers of bindings in the keymap, the best match first.
    pub found: Vec<usize>,
}

impl Palette {
    pub fn new(keymap: &Keymap, screen: Screen) -> Self {
        let mut palette = Self::default();
        palette.search(keymap, screen);
        palette
    }

    /// Looks for what is typed; what holds on this screen comes before the keys of others.
    pub fn search(&mut self, keymap: &Keymap, screen: Screen) {
        let is_far = |&number: &usize| {
            let context = keymap.bindings().get(number).map(|binding| binding.context);
            !matches!(context, Some(Context::Everywhere)) && context != Some(Context::On(screen))
        };
        let mut order: Vec<usize> = (0..keymap.bindings().len()).collect();
        order.sort_by_key(is_far);
        let texts = order.iter().filter_map(|&number| keymap.bindings().get(number));
        let texts = texts.map(|binding| {
            format!(
                "{} {} {}",
                binding.help,
                binding.group.title(),
                binding.name.replace('-', " ")
            )
        });
        let found = fuzzy::search(self.query.text(), texts);
        self.found = found
            .into_iter()
            .filter_map(|place| order.get(place).copied())
            .collect();
        self.selected = 0;
    }
}

/// Moves a choice by so many rows of a list, staying on it.
pub fn stepped(selected: usize, by: i32, length: usize) -> usize {
    let to = selected.saturating_add_signed(by as isize);
    to.min(length.saturating_sub(1))
}
