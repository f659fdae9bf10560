//! Figures for a paper: score histogram and ROC, each as SVG and PNG. The two colours tell apart for every eye and in
//! grey; baseline and ODIN also differ in line weight.
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::FontStyle;

use crate::metrics::{Comparison, Histogram, MetricsError, Side};
use crate::runs::{WriteError, write_whole};

/// A figure that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    #[error("{}: {reason}", path.display())]
    Draw { path: PathBuf, reason: String },
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
}

/// Log-odds of one detector on both sets.
pub struct Scores<'a> {
    pub ins: &'a [f64],
    pub outs: &'a [f64],
}

/// Blue and vermilion of Okabe and Ito's palette.
const IN: RGBColor = RGBColor(0, 114, 178);
const OUT: RGBColor = RGBColor(213, 94, 0);
const GREY: RGBColor = RGBColor(120, 120, 120);
const SIZE: (u32, u32) = (900, 600);
const COLUMNS: usize = 60;
const FONT: &str = "sans-serif";
const TEXT: u32 = 22;

/// Writes `histogram.{svg,png}` and `roc.{svg,png}` into the folder.
pub fn write_figures(
    folder: &Path,
    title: &str,
    baseline: &Scores,
    odin: &Scores,
) -> Result<(), FigureError> {
    register_font();
    let mut histogram = Histogram::new();
    let all = odin
        .ins
        .iter()
        .map(|&s| (Side::In, s))
        .chain(odin.outs.iter().map(|&s| (Side::Out, s)));
    for (side, score) in all {
        histogram.add(score, side)?;
    }
    let odin = Comparison::new(odin.ins, odin.outs)?;
    let baseline = Comparison::new(baseline.ins, baseline.outs)?;
    let threshold = odin.threshold_at_tpr(0.95);
    figure(&folder.join("histogram"), &|area| {
        draw_histogram(area, title, &histogram, threshold)
    })?;
    figure(&folder.join("roc"), &|area| {
        draw_roc(area, title, &baseline, &odin)
    })
}

/// What a drawing goes onto, whatever the file's format.
enum Area<'a> {
    Svg(DrawingArea<SVGBackend<'a>, Shift>),
    Png(DrawingArea<BitMapBackend<'a>, Shift>),
}

fn figure(stem: &Path, draw: &dyn Fn(&Area) -> Result<(), String>) -> Result<(), FigureError> {
    let svg_path = stem.with_extension("svg");
    let mut svg = String::new();
    draw(&Area::Svg(
        SVGBackend::with_string(&mut svg, SIZE).into_drawing_area(),
    ))
    .map_err(|reason| FigureError::Draw {
        path: svg_path.clone(),
        reason,
    })?;
    write_whole(&svg_path, |file| std::io::Write::write_all(file, svg.as_bytes()))?;
    let png_path = stem.with_extension("png");
    let mut pixels = vec![0u8; 3 * (SIZE.0 * SIZE.1) as usize];
    draw(&Area::Png(
        BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area(),
    ))
    .map_err(|reason| FigureError::Draw {
        path: png_path.clone(),
        reason,
    })?;
    write_whole(&png_path, |file| {
        let encoder = image::codecs::png::PngEncoder::new(file);
        image::ImageEncoder::write_image(encoder, &pixels, SIZE.0, SIZE.1, image::ExtendedColorType::Rgb8)
            .map_err(std::io::Error::other)
    })?;
    Ok(())
}

/// plotters measures text with fonts of its own; this one comes with the program, so that figures are the same
/// everywhere.
fn register_font() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let font = epaint_default_fonts::UBUNTU_LIGHT;
        // It fails only for bytes that are no font.
        let _ = plotters::style::register_font(FONT, FontStyle::Normal, font);
    });
}

fn draw_histogram(area: &Area, title: &str, histogram: &Histogram, threshold: f64) -> Result<(), String> {
    match area {
        Area::Svg(area) => histogram_on(area, title, histogram, threshold).map_err(|e| e.to_string()),
        Area::Png(area) => histogram_on(area, title, histogram, threshold).map_err(|e| e.to_string()),
    }
}

fn draw_roc(area: &Area, title: &str, baseline: &Comparison, odin: &Comparison) -> Result<(), String> {
    match area {
        Area::Svg(area) => roc_on(area, title, baseline, odin).map_err(|e| e.to_string()),
        Area::Png(area) => roc_on(area, title, baseline, odin).map_err(|e| e.to_string()),
    }
}

type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

fn histogram_on<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    title: &str,
    histogram: &Histogram,
    threshold: f64,
) -> Drawn<DB> {
    area.fill(&WHITE)?;
    let Some(densities) = histogram.densities(COLUMNS) else {
        return area.present();
    };
    let bins = densities.bins;
    let tallest = densities
        .density_in
        .iter()
        .chain(&densities.density_out)
        .copied()
        .fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, TEXT))
        .margin(16)
        .x_label_area_size(52)
        .y_label_area_size(72)
        .build_cartesian_2d(bins.low..bins.high, 0.0..1.05 * tallest)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc("ODIN score (log-odds of the guessed class at T)")
        .y_desc("density")
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, TEXT - 4))
        .draw()?;
    for (values, colour, label) in [
        (&densities.density_in, IN, "in-distribution"),
        (&densities.density_out, OUT, "out-of-distribution"),
    ] {
        let steps: Vec<(f64, f64)> = values
            .iter()
            .enumerate()
            .flat_map(|(i, &density)| [(bins.edge(i), density), (bins.edge(i + 1), density)])
            .collect();
        chart
            .draw_series(AreaSeries::new(steps, 0.0, colour.mix(0.3)).border_style(colour.stroke_width(2)))?
            .label(label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 7), (x + 22, y + 7)], colour.mix(0.6).filled()));
    }
    chart
        .draw_series(LineSeries::new(
            [(threshold, 0.0), (threshold, 1.05 * tallest)],
            GREY.stroke_width(2),
        ))?
        .label("threshold at TPR 95 %")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 22, y)], GREY.stroke_width(2)));
    chart
        .configure_series_labels()
        .label_font((FONT, TEXT - 2))
        .background_style(WHITE.mix(0.85))
        .draw()?;
    area.present()
}

fn roc_on<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    title: &str,
    baseline: &Comparison,
    odin: &Comparison,
) -> Drawn<DB> {
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, TEXT))
        .margin(16)
        .x_label_area_size(52)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc("false positive rate")
        .y_desc("true positive rate")
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, TEXT - 4))
        .draw()?;
    chart.draw_series(LineSeries::new([(0.0, 0.95), (1.0, 0.95)], GREY.stroke_width(1)))?;
    let auroc = |comparison: &Comparison| 100.0 * comparison.summary(&Default::default()).auroc;
    for (comparison, colour, width, name) in [(baseline, OUT, 2, "baseline"), (odin, IN, 4, "ODIN")] {
        chart
            .draw_series(LineSeries::new(
                comparison.roc_polyline(400),
                colour.stroke_width(width),
            ))?
            .label(format!("{name}, AUROC {:.2} %", auroc(comparison)))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(width)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .label_font((FONT, TEXT - 2))
        .background_style(WHITE.mix(0.85))
        .draw()?;
    area.present()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_in_both_formats() {
        let folder = tempfile::tempdir().unwrap();
        let ins: Vec<f64> = (0..200).map(|i| 1.0 + f64::from(i % 37) / 20.0).collect();
        let outs: Vec<f64> = (0..150).map(|i| f64::from(i % 41) / 20.0).collect();
        let scores = Scores {
            ins: &ins,
            outs: &outs,
        };
        write_figures(folder.path(), "network · set", &scores, &scores).unwrap();
        for name in ["histogram", "roc"] {
            let svg = std::fs::read_to_string(folder.path().join(name).with_extension("svg")).unwrap();
            assert!(svg.contains("in-distribution") || svg.contains("AUROC"), "{svg}");
            let png = image::open(folder.path().join(name).with_extension("png"))
                .unwrap()
                .to_rgb8();
            assert_eq!(png.dimensions(), SIZE);
            assert!(png.pixels().any(|p| p.0 == [255; 3]) && png.pixels().any(|p| p.0 != [255; 3]));
        }
    }
}
