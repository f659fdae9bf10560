//! What a person takes away of results: the paper's table, figures, one page of HTML, and the files of older programs.
//!
//! A session's rows and runs on disk become one `table`; `detectors` is the table of detectors against each other; `subject` is a run read and measured, and `figures`, `page` and
//! `older` are what becomes of runs. `published` says which numbers of others may stand beside a result. Nothing here scores
//! an image.
mod detectors;
mod difference;
mod figures;
mod names;
mod older;
mod page;
mod published;
mod subject;
mod table;

pub use detectors::{
    Asked, DetectorRow, DetectorTable, Knobs, Line as DetectorLine, Missing, SetColumn, detector_tables,
    detectors_page, forests, knobs_of, lines as detector_lines, write_detectors,
};
pub use figures::{
    DrawError, Figure, FigureError, ForestRow, Format, Line, Scores, Title, figures_of, viridis,
    write_figures,
};
pub use older::{confidence_lines, dictionary_npy, dictionary_of, npz, npz_of_detectors};
pub use page::page;
pub use published::{Fractions, Measured, PublishedBeside, PublishedOdin, WeightsUsed, published_beside};
pub use subject::{Subject, SubjectError, table_of};
pub use table::{Estimate, Estimates, Row, RunFacts, Table, TableKind, Tuned};
