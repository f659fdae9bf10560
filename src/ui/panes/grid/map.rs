//! The heat map over two knobs, with its axes.
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::axis;
use super::scale::Scale;
use super::waiting;
use crate::app::{Grid, Place};
use crate::ui::areas;
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::widgets::heat;

/// Room on the left for the name of the first knob with its values and a blank, at least and at most.
const LABELS: (u16, u16) = (7, 16);
/// The least width of a cell that shows its number.
const NUMBER: u16 = 5;

/// The part of an axis that is in sight. The cursor always is.
pub(super) struct Window {
    first: usize,
    count: usize,
    /// Rows or columns of a cell.
    size: u16,
}

impl Window {
    fn new(total: usize, room: u16, least: u16, most: u16, cursor: usize) -> Self {
        let size = (room / (total.max(1) as u16)).clamp(least, most);
        let count = usize::from(room / size).min(total);
        let first = cursor.saturating_sub(count / 2).min(total - count);
        Self { first, count, size }
    }

    /// Rows or columns of all cells in sight.
    pub(super) fn length(&self) -> u16 {
        self.size * self.count as u16
    }
}

/// The values of the first knob that are in sight in so many rows.
pub(super) fn rows(grid: &Grid, rows: u16) -> Window {
    let count = grid.rows().map_or(1, |axis| axis.values.len());
    Window::new(count, rows, 1, 4, grid.cursor.row)
}

/// How much room the first knob takes on the left.
fn labels(grid: &Grid, painter: &Painter) -> u16 {
    let width = grid.rows().map_or(0, |axis| {
        let values = axis.values.iter().map(|value| format::knob(*value).width());
        painter.glyphs().knob(axis.knob).width() + values.max().unwrap_or(0) + 2
    });
    (width as u16).clamp(LABELS.0, LABELS.1)
}

/// Draws the map and, below it, the axis of the last knob.
pub(super) fn draw(
    grid: &Grid,
    scale: &Scale<'_>,
    own: Option<Place>,
    up: &Window,
    [map, axis]: [Rect; 2],
    painter: &mut Painter,
) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let labels = labels(grid, painter);
    let columns = map.width.saturating_sub(labels);
    let across = Window::new(grid.columns().values.len(), columns, 2, 9, grid.cursor.column);
    for row in 0..up.count {
        // The largest value is on top.
        let place_up = up.first + up.count - 1 - row;
        let row_area = Rect {
            y: map.y + row as u16 * up.size,
            height: up.size,
            ..map
        };
        if let Some((axis, value)) = grid
            .rows()
            .and_then(|axis| Some((axis, *axis.values.get(place_up)?)))
        {
            let text = format::knob(value);
            let text = match row {
                0 => format!("{} {text}", glyphs.knob(axis.knob)),
                _ => text,
            };
            let style = if place_up == grid.cursor.row {
                theme.title
            } else {
                theme.dim
            };
            let label = Rect {
                width: labels - 1,
                ..row_area
            };
            let text = format::fit(&text, usize::from(labels) - 1, glyphs);
            painter.right(middle(label), &text, style);
        }
        for column in 0..across.count {
            let place = Place {
                row: place_up,
                column: across.first + column,
            };
            let cell = Rect {
                x: map.x + labels + column as u16 * across.size,
                width: across.size,
                ..row_area
            };
            painter.target(cell, Target::Cell(place));
            let marker = match () {
                () if scale.best == Some(place) => glyphs.marker,
                () if own == Some(place) => glyphs.grip,
                () => "",
            };
            let is_alike = scale.candidates.is_some_and(|places| places.contains(&place));
            let alike = if is_alike { glyphs.alike } else { "" };
            draw_cell(grid, place, scale, Marks { marker, alike }, cell, painter);
        }
    }
    let values: Vec<(u16, String)> = (across.first..across.first + across.count)
        .filter_map(|n| {
            let x = axis.x + labels + (n - across.first) as u16 * across.size;
            Some((x, format::knob(*grid.columns().values.get(n)?)))
        })
        .collect();
    let cursor = grid.cursor.column - across.first;
    axis::draw(grid, labels, &values, cursor, axis, painter);
}

/// The upper of the two rows in the middle, where there are two.
fn middle(cell: Rect) -> Rect {
    Rect {
        y: cell.y + cell.height.saturating_sub(1) / 2,
        height: cell.height.min(1),
        ..cell
    }
}

/// What is marked on a cell; empty where nothing is.
#[derive(Clone, Copy)]
struct Marks {
    /// The best cell, or the job's own.
    marker: &'static str,
    /// It may be the best.
    alike: &'static str,
}

fn draw_cell(
    grid: &Grid,
    place: Place,
    scale: &Scale<'_>,
    Marks { marker, alike }: Marks,
    cell: Rect,
    painter: &mut Painter,
) {
    let theme = painter.theme();
    let value = scale.value(grid, place);
    let (fill, style, mut text) = match value {
        Some(value) => {
            let shade = heat::shade(scale.fraction(value), painter.look);
            let text = match shade.digit {
                _ if cell.width >= NUMBER => short_percent(value),
                Some(digit) => digit.to_string(),
                None => String::new(),
            };
            (shade.fill, shade.style, text)
        }
        None => {
            let text = waiting::text(grid, place, cell.width, NUMBER, painter.glyphs());
            (" ", theme.dim, text)
        }
    };
    // A mark is beside the number; in a narrow cell a marker takes the number's place.
    let mut aside = if marker.is_empty() { alike } else { marker };
    if cell.width < NUMBER && (!marker.is_empty() || text.is_empty()) {
        text = std::mem::take(&mut aside).to_owned();
    }
    for row in cell.rows() {
        painter.text(row, &fill.repeat(usize::from(cell.width)), style);
    }
    let bold = style.add_modifier(Modifier::BOLD);
    let row = middle(cell);
    let last = areas::last_column(row);
    painter.centred(row, &text, if marker.is_empty() { style } else { bold });
    painter.text(last, aside, bold);
    if grid.cursor == place {
        let frame = if theme.has_colour && value.is_some() {
            bold
        } else {
            theme.title
        };
        if cell.width >= 3 && usize::from(cell.width) >= text.width() + 2 {
            painter.text(row, "[", frame);
            if aside.is_empty() {
                painter.text(last, "]", frame);
            }
        }
        let reversed = Style::new().add_modifier(Modifier::REVERSED);
        painter.buffer.set_style(cell, reversed);
    }
}

/// At most four characters: `4.3`, `34.7`, `100`.
fn short_percent(value: f64) -> String {
    let percent = value * 100.0;
    if percent >= 99.95 {
        "100".to_owned()
    } else {
        format!("{percent:.1}")
    }
}
