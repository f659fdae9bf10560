//! A figure as a picture in one of three formats.
use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;

use super::error::{DrawError, FigureError};
use super::parts::{Drawn, ForestRow, Line, Title};
use super::{draw, forest, heat, pdf, style};
use crate::runs::{Grid, write_whole};
use crate::session::Metric;
use odin_metrics::Histogram;

/// What a figure shows.
pub enum Figure {
    /// Densities of both sets, and the threshold that accepts 95 % of the ID images.
    Histogram {
        title: Title,
        histogram: Box<Histogram>,
        threshold: f64,
    },
    /// TPR over FPR.
    Roc { title: Title, lines: Vec<Line> },
    /// CCR over FPR, from 1e-4 on a logarithmic axis.
    Ccr { title: Title, lines: Vec<Line> },
    /// The metric by which a sweep chose, over T × ε.
    Heat {
        title: Title,
        grid: Grid,
        metric: Metric,
    },
    /// Values with their intervals, one below the other; those that are marked stand out. As tall as the rows need.
    Forest {
        title: Title,
        /// What the values are.
        axis: String,
        rows: Vec<ForestRow>,
        /// A value to compare with.
        reference: Option<f64>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Svg,
    Pdf,
    Png,
}

impl Format {
    pub const ALL: [Self; 3] = [Self::Svg, Self::Pdf, Self::Png];
}

/// Dots an inch.
const RESOLUTION: f64 = 300.0;
/// In pixels.
pub(super) const SIZE: (u32, u32) = (1050, 750);

impl Figure {
    /// The picture as an SVG document.
    ///
    /// # Errors
    /// plotters refuses to draw it.
    pub fn svg(&self) -> Result<String, DrawError> {
        style::register_font();
        let mut svg = String::new();
        let (width, height) = self.size();
        self.draw(&SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area())
            .map_err(DrawError::new)?;
        let pixels = format!("width=\"{width}\" height=\"{height}\"");
        let [width, height] = [width, height].map(|side| f64::from(side) / RESOLUTION);
        let inches = format!("width=\"{width}in\" height=\"{height}in\"");
        Ok(svg.replacen(&pixels, &inches, 1))
    }

    /// The picture as a PDF file.
    ///
    /// # Errors
    /// plotters refuses to draw it.
    pub fn pdf(&self) -> Result<Vec<u8>, DrawError> {
        style::register_font();
        let points = (72.0 / RESOLUTION) as f32;
        let mut sheet = pdf::Sheet::new(self.size(), points, style::FONT_FILE);
        let backend = pdf::PdfBackend { sheet: &mut sheet };
        self.draw(&backend.into_drawing_area()).map_err(DrawError::new)?;
        Ok(sheet.finish())
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// plotters refuses to draw it.
    pub fn png(&self) -> Result<Vec<u8>, DrawError> {
        style::register_font();
        let (width, height) = self.size();
        let mut pixels = vec![0u8; 3 * (width * height) as usize];
        self.draw(&BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area())
            .map_err(DrawError::new)?;
        let mut png = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut png);
        image::ImageEncoder::write_image(encoder, &pixels, width, height, image::ExtendedColorType::Rgb8)
            .map_err(DrawError::new)?;
        Ok(png)
    }

    /// Writes the picture beside `stem`, with the format's ending, and gives its path.
    ///
    /// # Errors
    /// It cannot be drawn or written.
    pub fn write(&self, stem: &Path, format: Format) -> Result<PathBuf, FigureError> {
        let (ending, bytes) = match format {
            Format::Svg => ("svg", self.svg().map(String::into_bytes)),
            Format::Pdf => ("pdf", self.pdf()),
            Format::Png => ("png", self.png()),
        };
        // Not `with_extension`, which would cut a name at its last point: T1000_e0.0014.
        let mut path = stem.as_os_str().to_owned();
        path.push(format!(".{ending}"));
        let path = PathBuf::from(path);
        let bytes = bytes.map_err(|source| FigureError::Draw {
            path: path.clone(),
            source,
        })?;
        write_whole(&path, |file| std::io::Write::write_all(file, &bytes))?;
        Ok(path)
    }

    /// What the picture shows, as a sentence below it.
    pub fn caption(&self) -> &'static str {
        match self {
            Self::Histogram { .. } => "Scores of ID and OOD images; the line marks TPR 95 %.",
            Self::Roc { .. } => "ROC; the grey line marks TPR 95 %.",
            Self::Ccr { .. } => "Correct classification rate over FPR, on a logarithmic axis.",
            Self::Heat { .. } => "The sweep on its validation images; the best cell is framed.",
            Self::Forest { .. } => {
                "Each detector with its 95 % interval, the best on top. In blue: one of these is the best, with 95 % confidence. Dotted: \
                 the baseline."
            }
        }
    }

    /// In pixels.
    fn size(&self) -> (u32, u32) {
        match self {
            Self::Forest { rows, .. } => (SIZE.0, forest::height(rows.len())),
            _ => SIZE,
        }
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        match self {
            Self::Histogram {
                title,
                histogram,
                threshold,
            } => draw::histogram(area, title, histogram, *threshold),
            Self::Roc { title, lines } => draw::roc(area, title, lines),
            Self::Ccr { title, lines } => draw::ccr(area, title, lines),
            Self::Forest {
                title,
                axis,
                rows,
                reference,
            } => forest::forest(area, title, axis, rows, *reference),
            Self::Heat { title, grid, metric } => heat::heat(area, title, grid, *metric),
        }
    }
}
