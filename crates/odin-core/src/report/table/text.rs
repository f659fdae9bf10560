//! For a terminal of 80 columns.
use std::fmt::Write;

use super::content::{
    caption, group_of, images, name, published_pair, published_setting, range, setting as used,
    short_percent, taken,
};
use super::row::{Row, Side, Table};
use crate::report::names::grouped;
use crate::session::Metric;

/// The least width of the first column, which fills 80 columns.
const FIRST: usize = 18;
/// Of a metric's column.
const WIDTH: usize = 12;
/// Lines of the caption.
const LINE: usize = 80;

pub(super) fn write(table: &Table) -> String {
    let mut out = String::new();
    let setting = |row: &Row| {
        let (t, e) = used(row);
        format!("T {t}, ε {e}")
    };
    let width = |row: &Row| name(row).chars().count().max(setting(row).chars().count() + 2);
    let first = table.rows.iter().map(width).max().unwrap_or_default().max(FIRST);
    for (group, rows) in grouped(&table.rows, group_of) {
        let _ = writeln!(out, "{group}");
        let heads = Metric::ALL
            .map(|metric| format!("{:>WIDTH$}", head(metric)))
            .concat();
        let _ = writeln!(out, "  {:<first$}{heads}", "");
        for row in rows {
            let mut line = |name: &str, cell: &dyn Fn(Metric) -> String| {
                let cells = Metric::ALL
                    .map(|metric| format!("{:>WIDTH$}", cell(metric)))
                    .concat();
                let line = format!("  {name:<first$}{cells}");
                let _ = writeln!(out, "{}", line.trim_end());
            };
            let pair = |baseline: String, beside: String| format!("{baseline}/{beside:>5}");
            let ranges = |side| move |metric| range(row, side, metric).unwrap_or_default();
            line(&name(row), &|metric| {
                let of = |side| short_percent(row, side, metric);
                pair(of(Side::Baseline), of(Side::Beside))
            });
            line(&format!("  {}", setting(row)), &ranges(Side::Baseline));
            line(&format!("  {}", images(row)), &ranges(Side::Beside));
            // Where no image is left out the line would say nothing.
            if row.sample().is_some() || row.skip.is_some_and(|skip| skip > 0) {
                line(&format!("  {}", taken(row)), &|_| String::new());
            }
            if let Some(published) = &row.published {
                let of = published_setting(published, table.detector);
                let name = of.map_or("  published".to_owned(), |(_, e)| format!("  publ., ε {e}"));
                line(&name, &|metric| {
                    let (baseline, beside) = published_pair(published, table.detector, metric);
                    pair(baseline, beside)
                });
            }
        }
        out.push('\n');
    }
    for sentence in caption(table, false) {
        wrap(&mut out, &sentence);
    }
    out
}

/// With an arrow towards the better.
fn head(metric: Metric) -> String {
    format!("{metric} {}", if metric.higher_is_better() { "↑" } else { "↓" })
}

/// Adds the text in lines that fit the terminal.
pub(crate) fn wrap(out: &mut String, text: &str) {
    let mut length = 0;
    for word in text.split(' ') {
        let chars = word.chars().count();
        if length > 0 && length + 1 + chars > LINE {
            out.push('\n');
            length = 0;
        }
        if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += chars;
    }
    out.push('\n');
}
