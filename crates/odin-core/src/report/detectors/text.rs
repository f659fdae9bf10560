//! For a terminal of 80 columns.
use std::fmt::Write;

use super::content::{MARK, caption, columns, knobs, percent, range, title};
use super::rows::DetectorTable;
use crate::ranking::Estimate;
use crate::report::table::wrap;

/// Of a terminal.
const WIDTH: usize = 80;
/// Between columns.
const GAP: usize = 2;
/// The name of a detector, with what stands before it.
const MOST_NAME: usize = 24;
/// Its knobs; those that are longer have a line of their own.
const MOST_KNOBS: usize = 20;

/// A line of such a table: a detector, its knobs, and a number a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub may_be_best: bool,
    pub name: String,
    pub knobs: String,
    pub cells: Vec<Option<Estimate>>,
}

pub(super) fn write(table: &DetectorTable) -> String {
    let columns = columns(table);
    let heads: Vec<[String; 2]> = columns
        .iter()
        .map(|column| [column.head.clone(), column.about.clone()])
        .collect();
    let rows: Vec<Line> = table
        .rows
        .iter()
        .map(|row| Line {
            may_be_best: row.may_be_best,
            name: row.name(),
            knobs: knobs(row),
            cells: columns.iter().map(|column| column.estimate(row)).collect(),
        })
        .collect();
    let mut out = format!("{}\n", title(table));
    out.push_str(&lines(&heads, &rows));
    out.push('\n');
    for sentence in caption(table) {
        wrap(&mut out, &sentence);
    }
    out
}

/// Two lines a detector, its intervals below its numbers; columns that have no room stand in a block below.
pub fn lines(heads: &[[String; 2]], rows: &[Line]) -> String {
    let chars = |text: &str| text.chars().count();
    let first = rows
        .iter()
        .flat_map(|row| [chars(&row.name) + 2, (chars(&row.knobs) + 4).min(MOST_KNOBS)])
        .max();
    let first = first.unwrap_or_default().clamp(12, MOST_NAME);
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(n, [head, about])| {
            let cells = rows
                .iter()
                .filter_map(|row| range(row.cells.get(n).copied().flatten()));
            let longest = cells.map(|cell| chars(&cell)).max().unwrap_or_default();
            longest.max(chars(head)).max(chars(about)).max(4)
        })
        .collect();
    let mut blocks: Vec<Vec<usize>> = vec![Vec::new()];
    let mut used = first;
    for (n, width) in widths.iter().enumerate() {
        let block = blocks.last_mut().expect("there is a first block");
        if used + GAP + width > WIDTH && !block.is_empty() {
            blocks.push(vec![n]);
            used = first + GAP + width;
        } else {
            block.push(n);
            used += GAP + width;
        }
    }
    let mut out = String::new();
    for (number, block) in blocks.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let mut line = |start: &str, cell: &dyn Fn(usize) -> String| {
            let mut text = format!("{start:<first$}");
            if chars(start) > first {
                // Too long for its column: the numbers stand below.
                let _ = writeln!(out, "{start}");
                text = " ".repeat(first);
            }
            for &n in block {
                let width = GAP + widths.get(n).copied().unwrap_or_default();
                let _ = write!(text, "{:>width$}", cell(n));
            }
            if !text.trim().is_empty() {
                let _ = writeln!(out, "{}", text.trim_end());
            }
        };
        let head = |n: usize, place: usize| heads.get(n).and_then(|head| head.get(place)).cloned();
        line("", &|n| head(n, 0).unwrap_or_default());
        line("", &|n| head(n, 1).unwrap_or_default());
        for row in rows {
            let of = |n: usize| row.cells.get(n).copied().flatten();
            let mark = if row.may_be_best { MARK } else { " " };
            line(&format!("{mark} {}", row.name), &|n| percent(of(n)));
            line(&format!("    {}", row.knobs), &|n| {
                range(of(n)).unwrap_or_default()
            });
        }
    }
    out
}
