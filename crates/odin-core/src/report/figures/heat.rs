//! The heat map of a sweep.
use plotters::coord::Shift;
use plotters::prelude::*;

use super::parts::{Drawn, Title, titled};
use super::style::{FONT, SMALL, TEXT, viridis};
use crate::runs::{Cell, Grid};
use crate::session::Metric;

/// Steps of the scale beside the map.
const STEPS: i32 = 64;

/// T × ε, light where the metric is best; the best cell is framed.
pub(super) fn heat<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    title: &Title,
    grid: &Grid,
    metric: Metric,
) -> Drawn<DB> {
    let value = |cell: &Cell| 100.0 * metric.of(&cell.odin);
    let best = grid
        .cells
        .get(grid.best)
        .expect("a grid is read only with its best cell");
    let title = Title(
        title.0.clone(),
        format!(
            "best on validation: T = {}, ε = {}: {:.1} %",
            best.temperature,
            best.magnitude,
            value(best)
        ),
    );
    let inner = titled(area, &title)?;
    let mut temperatures: Vec<f64> = grid.cells.iter().map(|cell| cell.temperature.get()).collect();
    temperatures.dedup();
    let rows = grid.cells.len() / temperatures.len().max(1);
    let magnitudes: Vec<f64> = grid
        .cells
        .iter()
        .take(rows)
        .map(|cell| cell.magnitude.get())
        .collect();
    let values: Vec<f64> = grid.cells.iter().map(value).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // One value has a scale too.
    let (low, high) = if high - low > 1e-9 {
        (low, high)
    } else {
        (low - 0.5, low + 0.5)
    };
    let colour = |value: f64| {
        let share = (value - low) / (high - low);
        let (red, green, blue) = viridis(if metric.higher_is_better() {
            share
        } else {
            1.0 - share
        });
        RGBColor(red, green, blue)
    };

    let (width, _) = inner.dim_in_pixel();
    let (map, scale) = inner.split_horizontally(width as i32 - 210);
    let columns = temperatures.len() as i32;
    let mut chart = ChartBuilder::on(&map)
        .x_label_area_size(78)
        .y_label_area_size(130)
        .build_cartesian_2d(
            (0..columns - 1).into_segmented(),
            (0..rows as i32 - 1).into_segmented(),
        )?;
    let label = |values: &[f64], place: &SegmentValue<i32>| match place {
        SegmentValue::CenterOf(n) | SegmentValue::Exact(n) => usize::try_from(*n)
            .ok()
            .and_then(|n| values.get(n))
            .map_or(String::new(), ToString::to_string),
        SegmentValue::Last => String::new(),
    };
    let cell = |n: usize| {
        let (x, y) = ((n / rows.max(1)) as i32, (n % rows.max(1)) as i32);
        [
            (SegmentValue::Exact(x), SegmentValue::Exact(y)),
            (SegmentValue::Exact(x + 1), SegmentValue::Exact(y + 1)),
        ]
    };
    chart.draw_series(
        values
            .iter()
            .enumerate()
            .map(|(n, &value)| Rectangle::new(cell(n), colour(value).filled())),
    )?;
    // A path, as plotters' SVG draws the edges of rectangles one pixel wide.
    let [(left, low_edge), (right, high_edge)] = cell(grid.best);
    let frame = [
        (left.clone(), low_edge.clone()),
        (right.clone(), low_edge.clone()),
        (right, high_edge.clone()),
        (left.clone(), high_edge),
        (left, low_edge),
    ];
    for (colour, width) in [(WHITE, 9), (BLACK, 4)] {
        chart.draw_series([PathElement::new(frame.to_vec(), colour.stroke_width(width))])?;
    }
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(temperatures.len().min(10))
        .y_labels(rows.min(11))
        .x_label_formatter(&|place| label(&temperatures, place))
        .y_label_formatter(&|place| label(&magnitudes, place))
        .x_desc("temperature T")
        .y_desc("magnitude ε")
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, SMALL - 3))
        .draw()?;

    let mut chart = ChartBuilder::on(&scale)
        .margin_bottom(78)
        .margin_left(24)
        .set_label_area_size(LabelAreaPosition::Right, 128)
        .build_cartesian_2d(0.0..1.0, low..high)?;
    let step = (high - low) / f64::from(STEPS);
    chart.draw_series((0..STEPS).map(|n| {
        let from = low + f64::from(n) * step;
        Rectangle::new(
            [(0.0, from), (1.0, from + step)],
            colour(from + step / 2.0).filled(),
        )
    }))?;
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_x_axis()
        .y_labels(6)
        .y_desc(format!("{metric}, %"))
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, SMALL - 3))
        .draw()?;
    area.present()
}
