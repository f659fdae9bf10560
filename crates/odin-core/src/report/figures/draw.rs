//! Histograms and curves.
use plotters::chart::SeriesAnno;
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::parts::{Drawn, Line, Title, titled};
use super::style::{FONT, GREY, IN, OUT, SMALL, Stroke, TEXT, stroke};
use odin_metrics::Histogram;

const COLUMNS: usize = 50;
/// Length of a sample of a line in a legend.
const SAMPLE: i32 = 70;
/// The lowest FPR of a logarithmic axis, as a power of ten.
const DECADES: f64 = 4.0;

pub(super) fn histogram<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    title: &Title,
    histogram: &Histogram,
    threshold: f64,
) -> Drawn<DB> {
    let inner = titled(area, title)?;
    let Some(densities) = histogram.densities(COLUMNS) else {
        let nothing = TextStyle::from((FONT, TEXT).into_font()).pos(Pos::new(HPos::Center, VPos::Center));
        let (width, height) = inner.dim_in_pixel();
        let place = (width as i32 / 2, height as i32 / 2);
        inner.draw(&Text::new("every score is infinite".to_owned(), place, nothing))?;
        return area.present();
    };
    let bins = densities.bins;
    let all = densities.density_in.iter().chain(&densities.density_out);
    let tallest = all.copied().fold(f64::MIN_POSITIVE, f64::max);
    // Room for the legend above the bars.
    let top = 1.45 * tallest;
    let mut chart = ChartBuilder::on(&inner)
        .x_label_area_size(78)
        .y_label_area_size(100)
        .build_cartesian_2d(bins.low..bins.high, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(6)
        .y_labels(5)
        .x_desc("log-odds of the guessed class at T")
        .y_desc("density")
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, SMALL))
        .draw()?;
    for (values, colour, fill, label) in [
        (&densities.density_in, IN, 0.45, "in-distribution"),
        (&densities.density_out, OUT, 0.35, "out-of-distribution"),
    ] {
        let steps: Vec<(f64, f64)> = values
            .iter()
            .enumerate()
            .flat_map(|(i, &density)| [(bins.edge(i), density), (bins.edge(i + 1), density)])
            .collect();
        let dashed = colour == OUT;
        chart.draw_series(AreaSeries::new(steps.clone(), 0.0, colour.mix(fill)))?;
        let (dash, gap) = if dashed { (12, 6) } else { (1, 0) };
        let border = Stroke {
            colour,
            width: 4,
            dash,
            gap,
        };
        line(&mut chart, &steps, border)?
            .label(label)
            .legend(move |(x, y)| {
                Rectangle::new(
                    [(x, y - 10), (x + SAMPLE, y + 10)],
                    colour.mix(if dashed { 0.5 } else { 0.8 }).filled(),
                )
            });
    }
    if (bins.low..=bins.high).contains(&threshold) {
        let black = Stroke {
            colour: BLACK,
            width: 3,
            dash: 5,
            gap: 5,
        };
        line(
            &mut chart,
            &[(threshold, 0.0), (threshold, 1.05 * tallest)],
            black,
        )?
        .label("threshold at TPR 95 %")
        .legend(move |at| sample(at, black));
    }
    legend(&mut chart, SeriesLabelPosition::UpperLeft)?;
    area.present()
}

pub(super) fn roc<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    title: &Title,
    lines: &[Line],
) -> Drawn<DB> {
    let inner = titled(area, title)?;
    let mut chart = ChartBuilder::on(&inner)
        .x_label_area_size(78)
        .y_label_area_size(100)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(6)
        .y_labels(6)
        .x_desc("false positive rate")
        .y_desc("true positive rate")
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, SMALL))
        .draw()?;
    chart.draw_series(LineSeries::new([(0.0, 0.95), (1.0, 0.95)], GREY.stroke_width(1)))?;
    for (n, Line { name, points }) in lines.iter().enumerate() {
        let stroke = stroke(n);
        line(&mut chart, points, stroke)?
            .label(name.as_str())
            .legend(move |at| sample(at, stroke));
    }
    legend(&mut chart, SeriesLabelPosition::LowerRight)?;
    area.present()
}

pub(super) fn ccr<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    title: &Title,
    lines: &[Line],
) -> Drawn<DB> {
    let inner = titled(area, title)?;
    let mut chart = ChartBuilder::on(&inner)
        .x_label_area_size(78)
        .y_label_area_size(100)
        .build_cartesian_2d(-DECADES..0.0, 0.0..1.0)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(DECADES as usize + 1)
        .y_labels(6)
        .x_label_formatter(&|power| format!("{} %", 10f64.powf(*power + 2.0)))
        .x_desc("false positive rate")
        .y_desc("correct classification rate")
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, SMALL))
        .draw()?;
    let mut low = 0.0;
    for (n, Line { name, points }) in lines.iter().enumerate() {
        let stroke = stroke(n);
        let points = logarithmic(points);
        let before = points.iter().rfind(|point| point.0 <= -2.0);
        low += before.expect("a curve begins at the lowest FPR").1;
        line(&mut chart, &points, stroke)?
            .label(name.as_str())
            .legend(move |at| sample(at, stroke));
    }
    // Where the curves are not.
    let high_already = low > 0.5 * lines.len() as f64;
    legend(
        &mut chart,
        if high_already {
            SeriesLabelPosition::LowerRight
        } else {
            SeriesLabelPosition::UpperLeft
        },
    )?;
    area.present()
}

/// Steps over log₁₀ FPR. Left of the first false positive a curve is at the height that it reaches there.
fn logarithmic(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let before = points.iter().rfind(|(fpr, _)| fpr.log10() <= -DECADES);
    let (_, start) = before.expect("a curve begins at FPR 0");
    let rest = points.iter().filter(|(fpr, _)| fpr.log10() > -DECADES);
    std::iter::once((-DECADES, *start))
        .chain(rest.map(|&(fpr, ccr)| (fpr.log10(), ccr)))
        .collect()
}

type Chart<'a, DB> = ChartContext<
    'a,
    DB,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

/// Draws the line with its dash.
fn line<'a, 'b, DB: DrawingBackend + 'a>(
    chart: &'b mut Chart<'a, DB>,
    points: &[(f64, f64)],
    stroke: Stroke,
) -> Result<&'b mut SeriesAnno<'a, DB>, DrawingAreaErrorKind<DB::ErrorType>> {
    let style = stroke.colour.stroke_width(stroke.width);
    let points = points.to_vec();
    if stroke.gap == 0 {
        chart.draw_series(LineSeries::new(points, style))
    } else {
        chart.draw_series(DashedLineSeries::new(
            points,
            stroke.dash as i32,
            stroke.gap as i32,
            style,
        ))
    }
}

/// A sample of the line for a legend.
fn sample<DB: DrawingBackend>((x, y): (i32, i32), stroke: Stroke) -> DynElement<'static, DB, (i32, i32)> {
    let style = stroke.colour.stroke_width(stroke.width);
    let ends = vec![(x, y), (x + SAMPLE, y)];
    if stroke.gap == 0 {
        PathElement::new(ends, style).into_dyn()
    } else {
        DashedPathElement::new(ends, stroke.dash as i32, stroke.gap as i32, style).into_dyn()
    }
}

fn legend<'a, DB: DrawingBackend + 'a>(
    chart: &mut Chart<'a, DB>,
    position: SeriesLabelPosition,
) -> Drawn<DB> {
    chart
        .configure_series_labels()
        .position(position)
        .legend_area_size(SAMPLE as u32 + 14)
        .margin(8)
        .label_font((FONT, SMALL))
        .background_style(WHITE.mix(0.85))
        .draw()
}
