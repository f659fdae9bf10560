//! A metric over the values of one knob, each with its 95 % interval.
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::axis;
use super::legend::FAINT;
use super::scale::Scale;
use super::waiting;
use crate::app::{Grid, Model, Place};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::widgets::canvas::{Canvas, Ink, Pen};
use odin_core::tuning::Axis;

/// Room on the left for `100.00` and a blank.
const LABELS: u16 = 8;

/// Draws the curve and, below it, the axis of the knob.
pub(super) fn draw(
    model: &Model,
    grid: &Grid,
    scale: &Scale<'_>,
    own: Option<Place>,
    [area, axis]: [Rect; 2],
    painter: &mut Painter,
) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let mut plot = indent(area, LABELS);
    plot.width = plot.width.saturating_sub(2);
    if plot.width < 4 || plot.height < 2 {
        return;
    }
    let xs = fractions(grid.columns());
    let columns: Vec<u16> = xs
        .iter()
        .map(|x| plot.x + (x * f64::from(plot.width - 1)).round() as u16)
        .collect();
    draw_axis(grid, &columns, [plot, axis], painter);
    targets(&columns, plot, painter);
    let points = points(model, grid, scale);
    let Some(ends) = ends(&points) else {
        draw_waiting(grid, &columns, plot, painter);
        draw_cursor(grid, &columns, None, plot, painter);
        return;
    };
    let up = |value: f64| (value - ends.0) / (ends.1 - ends.0);
    let mut canvas = Canvas::new(plot);
    let faint = Pen {
        style: theme.dim,
        ascii: FAINT,
        every: 2,
    };
    let solid = Pen {
        style: theme.odin,
        ascii: "*",
        every: 1,
    };
    // A stretch of neighbours that are measured: between others nothing is known.
    for stretch in stretches(&points) {
        let at = |of: fn(&Point) -> f64| {
            let measured = stretch
                .iter()
                .filter_map(|n| Some((n, points.get(*n)?.as_ref()?)));
            let place = |(n, point): (&usize, &Point)| (xs.get(*n).copied().unwrap_or(0.0), up(of(point)));
            measured.map(place).collect::<Vec<_>>()
        };
        canvas.polyline(at(|point| point.low), faint);
        canvas.polyline(at(|point| point.high), faint);
        canvas.polyline(at(|point| point.value), solid);
    }
    canvas.draw(plot, Ink::new(model.view.marks, painter.look), painter);
    draw_waiting(grid, &columns, plot, painter);
    let row = |value: f64| plot.y + ((1.0 - up(value)) * f64::from(plot.height - 1)).round() as u16;
    draw_cursor(
        grid,
        &columns,
        points.get(grid.cursor.column).and_then(|point| point.as_ref()),
        plot,
        painter,
    );
    for (n, (point, x)) in points.iter().zip(&columns).enumerate() {
        let Some(point) = point else { continue };
        let place = Place { row: 0, column: n };
        let is_alike = scale.candidates.is_some_and(|places| places.contains(&place));
        let (mark, style) = match () {
            () if scale.best == Some(place) => (glyphs.marker, theme.odin),
            () if own == Some(place) => (glyphs.grip, theme.title),
            () if is_alike => (glyphs.alike, theme.better),
            () => continue,
        };
        painter.text(cell(*x, row(point.value), mark), mark, style);
    }
    let margin = Rect {
        x: area.x,
        width: LABELS - 1,
        ..area
    };
    painter.right(margin, &format::percent(ends.1), theme.dim);
    painter.right(areas::foot(margin)[1], &format::percent(ends.0), theme.dim);
}

fn cell(x: u16, y: u16, text: &str) -> Rect {
    Rect {
        x,
        y,
        width: text.width() as u16,
        height: 1,
    }
}

/// A measured value.
struct Point {
    value: f64,
    /// 95 % interval; the value itself until it is computed.
    low: f64,
    high: f64,
}

/// Value by value; `None` where it is not measured.
fn points(model: &Model, grid: &Grid, scale: &Scale<'_>) -> Vec<Option<Point>> {
    let (metric, conventions) = (model.view.metric, model.view.conventions);
    let point = |place: Place| {
        let value = scale.value(grid, place)?;
        let interval = grid
            .intervals(place, &conventions)
            .map(|all| metric.interval_of(all));
        Some(Point {
            value,
            low: interval.map_or(value, |interval| interval.low),
            high: interval.map_or(value, |interval| interval.high),
        })
    };
    grid.places().map(point).collect()
}

/// The least and the greatest value on the vertical axis; `None` where nothing is measured.
fn ends(points: &[Option<Point>]) -> Option<(f64, f64)> {
    let measured = || points.iter().flatten();
    let low = measured().map(|point| point.low).reduce(f64::min)?;
    let high = measured().map(|point| point.high).reduce(f64::max)?;
    // All alike: in the middle.
    Some(match high - low < 1e-4 {
        true => (low - 0.005, high + 0.005),
        false => (low, high),
    })
}

/// The numbers of neighbours that are measured.
fn stretches(points: &[Option<Point>]) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for (n, point) in points.iter().enumerate() {
        match (point, all.last_mut()) {
            (Some(_), Some(last)) => last.push(n),
            _ => all.push(Vec::new()),
        }
    }
    all
}

/// Where the values are from the left (0) to the right (1), on the scale of the knob.
fn fractions(axis: &Axis) -> Vec<f64> {
    let at = |value: f64| axis.on_scale(value);
    let ends = axis.values.first().zip(axis.values.last());
    let (first, last) = ends.map_or((0.0, 1.0), |(first, last)| (at(*first), at(*last)));
    let length = if last > first { last - first } else { 1.0 };
    axis.values
        .iter()
        .map(|value| (at(*value) - first) / length)
        .collect()
}

/// Each column belongs to the value that is nearest.
fn targets(columns: &[u16], plot: Rect, painter: &mut Painter) {
    let mut from = plot.x;
    for (n, x) in columns.iter().enumerate() {
        let end = columns.get(n + 1).map_or(plot.right(), |next| (x + next) / 2 + 1);
        let area = Rect {
            x: from,
            width: end.saturating_sub(from),
            ..plot
        };
        painter.target(area, Target::Cell(Place { row: 0, column: n }));
        from = end.max(from);
    }
}

/// On the foot of the plot, what is still to come or has no scores.
fn draw_waiting(grid: &Grid, columns: &[u16], plot: Rect, painter: &mut Painter) {
    for (place, x) in grid.places().zip(columns) {
        if grid.cell(place).is_none() {
            let text = waiting::text(grid, place, 1, u16::MAX, painter.glyphs());
            painter.text(cell(*x, plot.bottom() - 1, &text), &text, painter.theme().dim);
        }
    }
}

/// A line at the value under the cursor, and what it comes to.
fn draw_cursor(grid: &Grid, columns: &[u16], point: Option<&Point>, plot: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let Some(x) = columns.get(grid.cursor.column).copied() else {
        return;
    };
    // It lies below the curve.
    for y in plot.y..plot.bottom() {
        let is_free = painter
            .buffer
            .cell((x, y))
            .is_some_and(|cell| cell.symbol() == " ");
        if is_free {
            painter.text(cell(x, y, glyphs.cursor), glyphs.cursor, theme.cursor);
        }
    }
    let Some(point) = point else { return };
    // On blanks, not to be read together with the curves.
    let text = format!(" {} ", format::percent(point.value));
    let width = text.width() as u16;
    let left = match x + 1 + width <= plot.right() {
        true => x + 1,
        false => x.saturating_sub(width),
    };
    painter.text(cell(left, plot.y, &text), &text, theme.cursor);
}

/// The axis, with each value below its place on the curve.
fn draw_axis(grid: &Grid, columns: &[u16], [plot, axis]: [Rect; 2], painter: &mut Painter) {
    let labels: Vec<(u16, String)> = columns
        .iter()
        .zip(&grid.columns().values)
        .map(|(x, value)| {
            let text = format::knob(*value);
            let left = x.saturating_sub(text.width() as u16 / 2).max(plot.x);
            (left.min(axis.right().saturating_sub(text.width() as u16)), text)
        })
        .collect();
    axis::draw(grid, LABELS, &labels, grid.cursor.column, axis, painter);
}
