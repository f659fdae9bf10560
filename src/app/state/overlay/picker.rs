//! Choosing a network and a data set for a new job.
use serde::{Deserialize, Serialize};

use crate::app::state::catalogue::{Catalogue, Choice};
use crate::app::state::text::{self, Field};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Column {
    Networks,
    #[default]
    Sets,
}

/// One of the two lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choices {
    pub query: Field,
    pub selected: usize,
    /// Places in the catalogue, the best match first.
    pub found: Vec<usize>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picker {
    /// Which list has the keyboard.
    pub column: Column,
    pub networks: Choices,
    pub sets: Choices,
}

impl Picker {
    /// Starts with the network that is on the screen, because most often another set is wanted for it.
    pub fn new(catalogue: &Catalogue, network: Option<&str>) -> Self {
        let mut picker = Self::default();
        picker.search(catalogue);
        let is_network =
            |&place: &usize| catalogue.networks.get(place).map(|choice| choice.name.as_str()) == network;
        if network.is_some() {
            picker.networks.selected = picker.networks.found.iter().position(is_network).unwrap_or(0);
        } else {
            picker.column = Column::Networks;
        }
        picker
    }

    pub fn choices(&mut self) -> &mut Choices {
        match self.column {
            Column::Networks => &mut self.networks,
            Column::Sets => &mut self.sets,
        }
    }

    pub fn search(&mut self, catalogue: &Catalogue) {
        self.networks.search(&catalogue.networks);
        self.sets.search(&catalogue.sets);
    }

    /// The names of the network and the set, or the path that was typed in place of a set.
    pub fn chosen(&self, catalogue: &Catalogue) -> Option<(String, String)> {
        let network = self.networks.choice(&catalogue.networks)?.name.clone();
        let path = self.sets.path().map(str::to_owned);
        let set = path.or_else(|| Some(self.sets.choice(&catalogue.sets)?.name.clone()))?;
        Some((network, set))
    }
}

impl Choices {
    fn search(&mut self, all: &[Choice]) {
        let before = self.found.get(self.selected).copied();
        let texts = all
            .iter()
            .map(|choice| format!("{} {}", choice.name, choice.title));
        self.found = text::search(self.query.text(), texts);
        // While nothing is typed, the same row stays selected when the catalogue is read again.
        let still = before.filter(|_| self.query.text().is_empty());
        self.selected = self
            .found
            .iter()
            .position(|&place| Some(place) == still)
            .unwrap_or(0);
    }

    pub fn choice<'a>(&self, all: &'a [Choice]) -> Option<&'a Choice> {
        all.get(*self.found.get(self.selected)?)
    }

    /// What was typed, if it is a path and not part of a name.
    pub fn path(&self) -> Option<&str> {
        let text = self.query.text().trim();
        (self.found.is_empty() && text.contains('/')).then_some(text)
    }
}
