//! Which detector for this network: detectors × OOD sets by one metric, as a table and as a figure.
//!
//! `rows` is the table as data, `measure` makes it of runs on disk; `text`, `markup` and `data` write it, `content` is what
//! those for people have in common, and `forest` is its figure.
mod content;
mod data;
mod forest;
mod markup;
mod measure;
mod rows;
mod text;

#[cfg(test)]
mod tests;

pub use content::knobs_of;
pub use forest::forests;
pub use measure::{Asked, detector_tables};
pub use rows::{DetectorRow, DetectorTable, Knobs, Missing, SetColumn};
pub use text::{Line, lines};

use super::figures::FigureError;
use super::page;
use super::table::TableKind;

/// The tables one below the other, as text that ends in a newline; HTML as `table` elements.
pub fn write_detectors(tables: &[DetectorTable], kind: TableKind) -> String {
    match kind {
        TableKind::Text => tables.iter().map(text::write).collect::<Vec<_>>().join("\n"),
        TableKind::Markdown => tables.iter().map(markup::markdown).collect::<Vec<_>>().join("\n"),
        TableKind::Latex => tables.iter().map(markup::latex).collect::<Vec<_>>().join("\n"),
        TableKind::Html => tables.iter().map(markup::html).collect(),
        TableKind::Csv => data::csv(tables),
        TableKind::Json => data::json(tables),
    }
}

/// One page of HTML with tables and figures, which needs no other file.
///
/// # Errors
/// A figure cannot be drawn.
pub fn detectors_page(tables: &[DetectorTable], title: &str) -> Result<String, FigureError> {
    let mut body = String::new();
    for (table, (name, figure)) in tables.iter().zip(forests(tables)) {
        body.push_str(&format!("<div class=\"wide\">{}</div>\n", markup::html(table)));
        page::figure(&mut body, &name, &figure)?;
    }
    Ok(page::document(title, &body))
}
