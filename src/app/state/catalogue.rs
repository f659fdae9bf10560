//! The networks and data sets that jobs can be made from, and published numbers.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use odin_core::networks::Published;
use odin_core::ranking::Distances;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Those that are present come first.
    pub networks: Vec<Choice>,
    pub sets: Vec<Choice>,
    /// The tables on the networks' cards, by the network's name.
    pub published: BTreeMap<String, Published>,
    /// By the network's name: how sets stand to its own, where its card says.
    pub distances: BTreeMap<String, Distances>,
}

/// A network or a data set that has a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub name: String,
    pub title: String,
    /// Whether its files are on this machine.
    pub is_present: bool,
}
