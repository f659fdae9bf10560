//! For issues, pages and notebooks.
use std::fmt::Write;

use super::content::{
    caption, group_of, head, images, name, percent, published_pair, published_setting, range,
    setting as used, skip,
};
use super::row::{Row, Side, Table};
use crate::session::Metric;

pub(super) fn write(table: &Table) -> String {
    let heads = Metric::ALL.map(|metric| format!(" {} |", head(metric))).concat();
    let mut out = format!(
        "| network | OOD set | T | ε | images | skip |{heads}\n|---|---|---:|---:|---:|---:|{}\n",
        "---|".repeat(Metric::ALL.len())
    );
    for row in &table.rows {
        let cells = Metric::ALL.map(|metric| {
            let of = |side| number(row, side, metric);
            format!(" {} / {} |", of(Side::Baseline), of(Side::Beside))
        });
        let (t, e) = used(row);
        let (images, skip) = (images(row), skip(row));
        let _ = writeln!(
            out,
            "| {} | {} | {t} | {e} | {images} | {skip} |{}",
            escape(&group_of(row)),
            escape(&name(row)),
            cells.concat()
        );
        if let Some(published) = &row.published {
            let cells = Metric::ALL.map(|metric| {
                let (baseline, beside) = published_pair(published, table.detector, metric);
                format!(" {baseline} / {beside} |")
            });
            let (t, e) = published_setting(published, table.detector).unwrap_or_default();
            let _ = writeln!(out, "| | *published* | {t} | {e} | | |{}", cells.concat());
        }
    }
    let _ = writeln!(out, "\n{}", caption(table, true).join(" "));
    out
}

fn number(row: &Row, side: Side, metric: Metric) -> String {
    let mut text = percent(row, side, metric);
    if row.better(metric) == Some(side) {
        text = format!("**{text}**");
    }
    if let Some(range) = range(row, side, metric) {
        let _ = write!(text, " ({range})");
    }
    text
}

/// A bar would end the cell.
pub(crate) fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}
