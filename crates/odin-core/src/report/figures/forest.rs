//! Values with their intervals, one below the other.
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::parts::{Drawn, ForestRow, Title, titled};
use super::style::{FONT, GREY, IN, SMALL, TEXT};

/// Of a row.
const ROW: u32 = 40;
/// Title, axis, and the margins round them.
const REST: u32 = 230;
/// Of the axis with what it says.
const AXIS: u32 = 78;

/// What so many rows need, in pixels.
pub(super) fn height(rows: usize) -> u32 {
    REST + ROW * u32::try_from(rows).unwrap_or(u32::MAX / ROW).clamp(5, 1000)
}

pub(super) fn forest<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    title: &Title,
    axis: &str,
    rows: &[ForestRow],
    reference: Option<f64>,
) -> Drawn<DB> {
    let inner = titled(area, title)?;
    let font = (FONT, SMALL).into_font();
    let width = |row: &ForestRow| font.box_size(&row.name).map_or(0, |(width, _)| width);
    // A name that takes more than half of the figure would leave no room to draw in.
    let names = rows.iter().map(width).max().unwrap_or_default().min(525) + 24;
    let (from, to) = range(rows, reference);
    let count = rows.len().max(1) as f64;
    let mut chart = ChartBuilder::on(&inner)
        .x_label_area_size(AXIS)
        .y_label_area_size(names)
        .margin_right(8)
        .build_cartesian_2d(from..to, 0.0..count)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_max_light_lines(0)
        .bold_line_style(GREY.mix(0.25))
        .x_labels(6)
        .x_label_formatter(&|percent| format!("{}", (1e3 * percent).round() / 1e3))
        .x_desc(axis)
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, SMALL))
        .draw()?;
    if let Some(reference) = reference.map(|value| 100.0 * value) {
        let style = BLACK.mix(0.7).stroke_width(2);
        let ends = [(reference, 0.0), (reference, count)];
        chart.draw_series([DashedPathElement::new(ends, 4, 6, style)])?;
    }
    // The first on top.
    for (row, y) in rows.iter().zip((0..rows.len()).rev()) {
        let y = y as f64 + 0.5;
        let (colour, stroke) = if row.is_marked { (IN, 5) } else { (GREY, 3) };
        let [value, low, high] = [row.value, row.low, row.high].map(|value| 100.0 * value);
        chart.draw_series([PathElement::new(
            [(low, y), (high, y)],
            colour.stroke_width(stroke),
        )])?;
        chart.draw_series([Circle::new(
            (value, y),
            if row.is_marked { 10 } else { 8 },
            colour.filled(),
        )])?;
        let (left, top) = chart.backend_coord(&(from, y));
        let style = TextStyle::from(font.clone())
            .pos(Pos::new(HPos::Right, VPos::Center))
            .color(if row.is_marked { &IN } else { &BLACK });
        // Letters reach further up than down.
        area.draw(&Text::new(row.name.clone(), (left - 14, top + 4), style))?;
    }
    area.present()
}

/// What the axis shows, in %: every interval, and somewhat more.
fn range(rows: &[ForestRow], reference: Option<f64>) -> (f64, f64) {
    let ends = rows.iter().flat_map(|row| [row.low, row.high, row.value]);
    let ends = ends.chain(reference).map(|value| 100.0 * value);
    let ends = ends.filter(|value| value.is_finite());
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return (0.0, 100.0);
    }
    let margin = (0.04 * (high - low)).max(0.05);
    (low - margin, high + margin)
}
