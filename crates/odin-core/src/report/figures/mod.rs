//! Figures for a paper: 3.5 × 2.5 inches, the width of a column, lettered in 8 points at that size; as SVG, as PDF and as PNG of
//! 300 dots an inch. Lines differ in dash and shade and not in colour alone, so that they tell apart for every eye and in
//! grey.
mod draw;
mod error;
mod figure;
mod forest;
mod heat;
mod of_runs;
mod parts;
mod pdf;
mod pdf_font;
mod style;

pub use error::{DrawError, FigureError};
pub use figure::{Figure, Format};
pub use of_runs::{Scores, figures_of, write_figures};
pub(super) use of_runs::{group_figures, run_figures};
pub use parts::{ForestRow, Line, Title};
pub use style::viridis;
