//! Text that is typed, and searching by it.
mod field;
mod fuzzy;

pub use field::Field;
pub(in crate::app) use fuzzy::search;
