//! Which cell of a grid, and on which images.
use serde::{Deserialize, Serialize};

/// A cell, by the places of its T and its ε on the axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Place {
    pub temperature: usize,
    pub magnitude: usize,
}

/// Which images a cell is computed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subset {
    /// The first images of each set: the best cell is chosen on these.
    Validation,
    /// The others: the best cell is reported on these.
    Rest,
}
