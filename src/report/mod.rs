//! What a person takes away: figures by plotters. Tables are the command line's.
//!
//! Takes score sets and metrics, and writes files; nothing here scores or measures.
mod comparison;
mod figures;

pub use comparison::{ComparisonRow, Estimate, TableKind, comparison_table, published};
pub use figures::{FigureError, Scores, write_figures};
