//! What a person takes away of runs: the paper's table, figures, one page of HTML, and the files of older programs.
//!
//! `subject` is a run read and measured; `table`, `figures`, `page` and `older` are what becomes of it; `comparison` is the
//! table that the dashboard exports. Nothing here scores.
mod comparison;
mod figures;
mod older;
mod page;
mod subject;
mod table;

pub use comparison::{ComparisonRow, Estimate, TableKind, comparison_table, published};
pub use figures::{Figure, FigureError, Format, Line, Scores, Title, figures_of, viridis, write_figures};
pub use older::{confidence_lines, dictionary_npy, dictionary_of, npz};
pub use page::page;
pub use subject::{Subject, SubjectError};
pub use table::{TableFormat, table};
