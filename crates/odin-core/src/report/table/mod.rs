//! The paper's table: networks × out-of-distribution sets × metrics, the baseline beside a detector, with what others
//! published.
//!
//! `row` is the table as data, which a session's rows and runs on disk both become; each format has a module, and `content`
//! is what those for people have in common. People read %, programs fractions.
mod content;
mod csv;
mod html;
mod json;
mod latex;
mod markdown;
mod row;
mod text;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(super) use html::escape as escape_html;
pub(super) use latex::escape as escape_latex;
pub(super) use markdown::escape as escape_markdown;
pub use row::{Estimate, Estimates, Row, RunFacts, Table, Tuned};
pub(super) use text::wrap;

/// What a table is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableKind {
    Text,
    Markdown,
    Latex,
    Csv,
    Json,
    /// The `table` element alone.
    Html,
}

impl TableKind {
    /// The ending of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Markdown => "md",
            Self::Latex => "tex",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Html => "html",
        }
    }
}

impl Table {
    /// The table as text that ends in a newline. What could not be computed is missing, never made up.
    pub fn write(&self, kind: TableKind) -> String {
        match kind {
            TableKind::Text => text::write(self),
            TableKind::Markdown => markdown::write(self),
            TableKind::Latex => latex::write(self),
            TableKind::Csv => csv::write(self),
            TableKind::Json => json::write(self),
            TableKind::Html => html::write(self),
        }
    }
}
