//! The columns of the table, their heads, and where they are.
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::app::{CompareColumn, Job, Model, Parameters};
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use odin_core::session::Metric;

/// `100.0/100.0`, and a blank.
const CELL: u16 = 12;
/// `100.00/100.00`, and a blank.
const WIDE_CELL: u16 = 15;
const T_WIDTH: u16 = 7;
const EPSILON_WIDTH: u16 = 8;

/// A column, with its place in a row. Names begin where it begins; numbers end where it ends.
pub(super) struct Placed {
    pub column: CompareColumn,
    pub x: u16,
    pub width: u16,
}

impl Placed {
    /// The cell of the column in a row.
    pub(super) fn cell(&self, row: Rect) -> Rect {
        Rect {
            x: row.x + self.x,
            width: self.width,
            ..row
        }
    }

    /// Writes a name or a number into the cell.
    pub(super) fn write(&self, text: &str, style: Style, row: Rect, painter: &mut Painter) {
        let cell = self.cell(row);
        match self.column {
            CompareColumn::Network | CompareColumn::Set => {
                painter.text(cell, text, style);
            }
            _ => painter.right(cell, text, style),
        }
    }

    /// Digits after the point that there is room for.
    pub(super) fn digits(&self) -> usize {
        if self.width >= WIDE_CELL { 2 } else { 1 }
    }

    pub(super) fn metric(&self) -> Option<Metric> {
        match self.column {
            CompareColumn::Metric(metric) => Some(metric),
            _ => None,
        }
    }
}

/// The network, where all jobs have the same one. It then needs no column.
pub(super) fn only_network(model: &Model) -> Option<&str> {
    let mut names = model.jobs.iter().map(|job| job.spec.network.as_str());
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

/// T and ε, where all jobs have the same.
pub(super) fn common_setting(model: &Model) -> Option<Parameters> {
    let beside = model.beside();
    let mut settings = model.jobs.iter().map(|job| Parameters::of(&job.setting(beside)));
    let first = settings.next()?;
    settings.all(|setting| setting == first).then_some(first)
}

/// The columns that fit into so many, from the left.
pub(super) fn place(model: &Model, width: u16) -> Vec<Placed> {
    let longest = |name: fn(&Job) -> &str, most: usize| {
        let longest = model.jobs.iter().map(|job| name(job).width()).max().unwrap_or(0);
        longest.clamp(7, most) as u16 + 1
    };
    let names = if width >= 110 { 40 } else { 16 };
    let network = longest(|job| &job.spec.network, names);
    let set = longest(|job| &job.spec.dataset, names) + 5;
    let mut wanted = vec![(CompareColumn::Network, network), (CompareColumn::Set, set)];
    if only_network(model).is_some() {
        wanted.remove(0);
    }
    let total = |wanted: &[(CompareColumn, u16)]| 1 + wanted.iter().map(|(_, width)| width).sum::<u16>();
    let room = width.saturating_sub(total(&wanted));
    let reserved = if common_setting(model).is_none() {
        T_WIDTH + EPSILON_WIDTH
    } else {
        0
    };
    let mut metrics = Metric::ALL.to_vec();
    let needed = |metrics: &[Metric]| CELL * metrics.len() as u16;
    // Where T and ε tell jobs apart, they come before the AUPRs; else all metrics come first.
    while metrics.len() > 3 && needed(&metrics) + reserved > room
        || metrics.len() > 1 && needed(&metrics) > room
    {
        // The chosen metric stays.
        let last = metrics.iter().rposition(|metric| *metric != model.view.metric);
        last.map(|last| metrics.remove(last));
    }
    let count = metrics.len() as u16;
    let cell = if room >= count * WIDE_CELL + reserved {
        WIDE_CELL
    } else {
        CELL
    };
    let mut spare = room.saturating_sub(count * cell);
    for (column, width) in [
        (CompareColumn::Temperature, T_WIDTH),
        (CompareColumn::Magnitude, EPSILON_WIDTH),
        (CompareColumn::Images, 13),
    ] {
        if spare >= width {
            spare -= width;
            wanted.push((column, width));
        }
    }
    let metrics = metrics.into_iter().map(CompareColumn::Metric);
    wanted.extend(metrics.map(|metric| (metric, cell)));
    let mut x = 1;
    let place = |(column, width)| {
        let placed = Placed { column, x, width };
        x += width;
        placed
    };
    wanted.into_iter().map(place).collect()
}

/// Draws the heads; a click on one sorts by its column.
pub(super) fn draw_heads(model: &Model, columns: &[Placed], row: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    for placed in columns {
        let name = match placed.column {
            CompareColumn::Session => String::new(),
            CompareColumn::Network => "network".to_owned(),
            CompareColumn::Set => "OOD set".to_owned(),
            CompareColumn::Temperature => "T".to_owned(),
            CompareColumn::Magnitude => glyphs.epsilon.to_owned(),
            CompareColumn::Images => "images".to_owned(),
            CompareColumn::Metric(metric) => metric.to_string(),
        };
        let is_sorted = placed.column == model.compare.column;
        let (name, style) = match (is_sorted, model.compare.is_descending) {
            (true, false) => (format!("{name} {}", glyphs.up), theme.title),
            (true, true) => (format!("{name} {}", glyphs.down), theme.title),
            (false, _) => (name, theme.dim),
        };
        placed.write(&name, style, row, painter);
        painter.target(placed.cell(row), Target::Column(placed.column));
    }
}
