//! The command palette: every action by name, found by typing some letters of it.
use crate::app::state::text::{self, Field};

/// A binding as the palette searches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct PaletteEntry {
    /// Its number in the keymap.
    pub(in crate::app) number: usize,
    pub(in crate::app) text: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Palette {
    pub query: Field,
    /// Place in `found`.
    pub selected: usize,
    /// Numbers of bindings in the keymap, the best match first.
    pub found: Vec<usize>,
}

impl Palette {
    /// Nothing is typed yet: every entry is found, in the order given.
    pub(in crate::app) fn new(entries: Vec<PaletteEntry>) -> Self {
        let mut palette = Self::default();
        palette.search(entries);
        palette
    }

    /// Searches for what is typed. Of equally good matches the one given first comes first.
    pub(in crate::app) fn search(&mut self, entries: Vec<PaletteEntry>) {
        let (numbers, texts): (Vec<usize>, Vec<String>) = entries
            .into_iter()
            .map(|entry| (entry.number, entry.text))
            .unzip();
        let number = |place: usize| *numbers.get(place).expect("a search finds places of its texts");
        let found = text::search(self.query.text(), texts);
        self.found = found.into_iter().map(number).collect();
        self.selected = 0;
    }
}
