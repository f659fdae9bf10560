//! Figures for a paper: 3.5 × 2.5 inches, the width of a column, lettered in 8 points at that size; as SVG, as PDF and as PNG of
//! 300 dots an inch. Lines differ in dash and shade and not in colour alone, so that they tell apart for every eye and in
//! grey.
mod draw;
mod heat;
mod pdf;
mod style;

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;

use super::subject::Subject;
use super::table::groups;
use crate::runs::{Grid, WriteError, write_whole};
use odin_metrics::{Comparison, Histogram, MetricsError, Side};
pub use style::viridis;

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
    Heat { title: Title, grid: Grid },
}

/// Two lines over a figure.
#[derive(Debug, Clone, Default)]
pub struct Title(pub String, pub String);

/// A curve: what it is called, and its points (FPR, TPR or CCR).
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
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

const INCHES: (f64, f64) = (3.5, 2.5);
const SIZE: (u32, u32) = (1050, 750);
/// Points of a curve; more cannot be seen.
const POINTS: usize = 500;

type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

impl Figure {
    /// The picture as an SVG document.
    pub fn svg(&self) -> Result<String, String> {
        style::register_font();
        let mut svg = String::new();
        self.draw(&SVGBackend::with_string(&mut svg, SIZE).into_drawing_area())
            .map_err(|error| error.to_string())?;
        let pixels = format!("width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1);
        let inches = format!("width=\"{}in\" height=\"{}in\"", INCHES.0, INCHES.1);
        Ok(svg.replacen(&pixels, &inches, 1))
    }

    /// The picture as a PDF file.
    pub fn pdf(&self) -> Result<Vec<u8>, String> {
        style::register_font();
        let points = (72.0 * INCHES.0 / f64::from(SIZE.0)) as f32;
        let mut sheet = pdf::Sheet::new(SIZE, points);
        let font = style::font().map_err(|error| error.to_string())?;
        let backend = pdf::PdfBackend {
            sheet: &mut sheet,
            font,
        };
        self.draw(&backend.into_drawing_area())
            .map_err(|error| error.to_string())?;
        Ok(sheet.finish())
    }

    /// The picture as a PNG file.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        style::register_font();
        let mut pixels = vec![0u8; 3 * (SIZE.0 * SIZE.1) as usize];
        self.draw(&BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area())
            .map_err(|error| error.to_string())?;
        let mut png = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut png);
        image::ImageEncoder::write_image(encoder, &pixels, SIZE.0, SIZE.1, image::ExtendedColorType::Rgb8)
            .map_err(|error| error.to_string())?;
        Ok(png)
    }

    /// Writes the picture beside `stem`, with the format's ending.
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
        let bytes = bytes.map_err(|reason| FigureError::Draw {
            path: path.clone(),
            reason,
        })?;
        write_whole(&path, |file| std::io::Write::write_all(file, &bytes))?;
        Ok(path)
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
            Self::Heat { title, grid } => heat::heat(area, title, grid),
        }
    }
}

/// Log-odds of one detector on both sets.
pub struct Scores<'a> {
    pub ins: &'a [f64],
    pub outs: &'a [f64],
}

/// Writes `histogram` and `roc`, each in every format, into the folder.
pub fn write_figures(
    folder: &Path,
    title: &str,
    baseline: &Scores,
    odin: &Scores,
) -> Result<(), FigureError> {
    let title = title.split_once(", ").map_or_else(
        || Title(title.to_owned(), String::new()),
        |(first, second)| Title(first.to_owned(), second.to_owned()),
    );
    let (compared, before) = (
        Comparison::new(odin.ins, odin.outs)?,
        Comparison::new(baseline.ins, baseline.outs)?,
    );
    let figures = [
        (
            "histogram",
            histogram(
                title.clone(),
                odin.ins,
                odin.outs,
                compared.threshold_at_tpr(0.95),
            )?,
        ),
        ("roc", roc(title, &before, &compared)),
    ];
    for (name, figure) in figures {
        for format in Format::ALL {
            figure.write(&folder.join(name), format)?;
        }
    }
    Ok(())
}

/// Every figure of the runs, with the name of its file: those of each run, and those that show the sets of one network
/// together.
pub fn figures_of(subjects: &[Subject]) -> Result<Vec<(String, Figure)>, FigureError> {
    let mut figures = Vec::new();
    for subject in subjects {
        let name = |kind: &str| match subjects.len() {
            1 => kind.to_owned(),
            _ => format!("{}_{kind}", subject.run.name()),
        };
        let run = &subject.run;
        let title = || {
            Title(
                format!(
                    "{}: {} against {}",
                    run.network,
                    super::subject::short(&run.in_dataset),
                    subject.set()
                ),
                format!("T = {}, ε = {}", run.temperature, run.magnitude),
            )
        };
        let scores = (&subject.ins.odin, &subject.outs.odin);
        figures.push((
            name("histogram"),
            histogram(title(), scores.0, scores.1, subject.threshold())?,
        ));
        figures.push((name("roc"), roc(title(), &subject.baseline, &subject.odin)));
        let both = [("ODIN", &subject.odin), ("baseline", &subject.baseline)];
        let lines: Option<Vec<Line>> = both
            .into_iter()
            .map(|(name, compared)| ccr_line(name, compared))
            .collect();
        figures.extend(lines.map(|lines| {
            (
                name("ccr"),
                Figure::Ccr {
                    title: title(),
                    lines,
                },
            )
        }));
        if let Some(grid) = &subject.grid {
            figures.push((
                name("heat"),
                Figure::Heat {
                    title: title(),
                    grid: grid.clone(),
                },
            ));
        }
    }
    for (group, members) in groups(subjects)
        .into_iter()
        .filter(|(_, members)| members.len() > 1)
    {
        let plain: String = group
            .replace(" · ", "_")
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        let title = || Title(group.clone(), "ODIN".to_owned());
        let label = |subject: &Subject| {
            let same = members
                .iter()
                .filter(|other| other.run.dataset == subject.run.dataset)
                .count()
                > 1;
            let run = &subject.run;
            if same {
                format!("{}, T {}, ε {}", subject.set(), run.temperature, run.magnitude)
            } else {
                subject.set()
            }
        };
        let lines = members
            .iter()
            .map(|subject| roc_line(&label(subject), &subject.odin))
            .collect();
        figures.push((
            format!("{plain}_roc"),
            Figure::Roc {
                title: title(),
                lines,
            },
        ));
        let lines: Option<Vec<Line>> = members
            .iter()
            .map(|subject| ccr_line(&label(subject), &subject.odin))
            .collect();
        figures.extend(lines.map(|lines| {
            (
                format!("{plain}_ccr"),
                Figure::Ccr {
                    title: title(),
                    lines,
                },
            )
        }));
    }
    Ok(figures)
}

fn histogram(title: Title, ins: &[f64], outs: &[f64], threshold: f64) -> Result<Figure, MetricsError> {
    let mut histogram = Box::new(Histogram::new());
    let all = ins
        .iter()
        .map(|&s| (Side::In, s))
        .chain(outs.iter().map(|&s| (Side::Out, s)));
    for (side, score) in all {
        histogram.add(score, side)?;
    }
    Ok(Figure::Histogram {
        title,
        histogram,
        threshold,
    })
}

fn roc(title: Title, baseline: &Comparison, odin: &Comparison) -> Figure {
    Figure::Roc {
        title,
        lines: vec![roc_line("ODIN", odin), roc_line("baseline", baseline)],
    }
}

fn roc_line(name: &str, compared: &Comparison) -> Line {
    let auroc = 100.0 * compared.summary(&Default::default()).auroc;
    Line {
        name: format!("{name}, AUROC {auroc:.1} %"),
        points: compared.roc_polyline(POINTS),
    }
}

/// `None` without labels.
fn ccr_line(name: &str, compared: &Comparison) -> Option<Line> {
    Some(Line {
        name: name.to_owned(),
        points: compared.ccr_polyline(POINTS)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_in_every_format() {
        let folder = tempfile::tempdir().unwrap();
        let ins: Vec<f64> = (0..200).map(|i| 1.0 + f64::from(i % 37) / 20.0).collect();
        let outs: Vec<f64> = (0..150).map(|i| f64::from(i % 41) / 20.0).collect();
        let scores = Scores {
            ins: &ins,
            outs: &outs,
        };
        write_figures(folder.path(), "network · set, T = 1", &scores, &scores).unwrap();
        for name in ["histogram", "roc"] {
            let svg = std::fs::read_to_string(folder.path().join(name).with_extension("svg")).unwrap();
            assert!(svg.contains("in-distribution") || svg.contains("AUROC"), "{svg}");
            assert!(svg.contains("width=\"3.5in\""));
            let pdf = std::fs::read(folder.path().join(name).with_extension("pdf")).unwrap();
            assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 2000, "{}", pdf.len());
            let png = image::open(folder.path().join(name).with_extension("png"))
                .unwrap()
                .to_rgb8();
            assert_eq!(png.dimensions(), SIZE);
            assert!(png.pixels().any(|p| p.0 == [255; 3]) && png.pixels().any(|p| p.0 != [255; 3]));
        }
    }

    #[test]
    fn scores_that_are_all_equal_or_infinite_are_drawn_too() {
        for (ins, outs) in [
            ([1.0; 5], [1.0; 5]),
            ([f64::INFINITY; 5], [0.0, 1.0, 2.0, 3.0, f64::NEG_INFINITY]),
            ([f64::INFINITY; 5], [f64::INFINITY; 5]),
        ] {
            let compared =
                Comparison::with_correct(&ins, Some(&[true, true, false, true, true]), &outs).unwrap();
            let threshold = compared.threshold_at_tpr(0.95);
            for figure in [
                histogram(Title::default(), &ins, &outs, threshold).unwrap(),
                roc(Title::default(), &compared, &compared),
                Figure::Ccr {
                    title: Title::default(),
                    lines: vec![ccr_line("a", &compared).unwrap()],
                },
            ] {
                assert!(figure.svg().unwrap().contains("</svg>"));
            }
        }
    }
}
