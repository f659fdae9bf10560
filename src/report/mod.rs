//! What a person takes away: figures by plotters. Tables are the command line's.
//!
//! Takes score sets and metrics, and writes files; nothing here scores or measures.
mod figures;

pub use figures::{FigureError, Scores, write_figures};
