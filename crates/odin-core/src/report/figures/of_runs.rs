//! Which figures runs have, and what each is called.
use std::path::Path;

use super::error::FigureError;
use super::figure::{Figure, Format};
use super::parts::{Line, Title};
use crate::report::names::{file_name, grouped, short};
use crate::report::subject::Subject;
use crate::session::Metric;
use odin_metrics::{Comparison, Histogram, MetricsError, Side};

/// Points of a curve; more cannot be seen.
const POINTS: usize = 500;

/// Log-odds of one detector on both sets.
pub struct Scores<'a> {
    pub ins: &'a [f64],
    pub outs: &'a [f64],
}

/// Writes `histogram` and `roc`, each in every format, into the folder.
///
/// # Errors
/// Scores that cannot be compared, or a file that cannot be drawn or written.
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
///
/// # Errors
/// Scores that cannot be drawn, or a grid by a metric that is not known.
pub fn figures_of(subjects: &[Subject]) -> Result<Vec<(String, Figure)>, FigureError> {
    let mut figures = Vec::new();
    for subject in subjects {
        for (kind, figure) in run_figures(subject)? {
            let name = match subjects.len() {
                1 => kind.to_owned(),
                _ => format!("{}_{kind}", subject.run.name()),
            };
            figures.push((name, figure));
        }
    }
    for (group, members) in grouped(subjects, Subject::group) {
        let plain = file_name(&group);
        for (kind, figure) in group_figures(&group, &members) {
            figures.push((format!("{plain}_{kind}"), figure));
        }
    }
    Ok(figures)
}

/// The figures of one run by their kind.
///
/// # Errors
/// Scores that cannot be drawn, or a grid by a metric that is not known.
pub(crate) fn run_figures(subject: &Subject) -> Result<Vec<(&'static str, Figure)>, FigureError> {
    let run = &subject.run;
    let title = || {
        Title(
            format!(
                "{}: {} against {}",
                run.network,
                short(&run.in_dataset),
                subject.set()
            ),
            format!("T = {}, ε = {}", run.temperature, run.magnitude),
        )
    };
    let (ins, outs) = (&subject.ins.odin, &subject.outs.odin);
    let mut figures = vec![
        ("histogram", histogram(title(), ins, outs, subject.threshold())?),
        ("roc", roc(title(), &subject.baseline, &subject.odin)),
    ];
    let both = [("ODIN", &subject.odin), ("baseline", &subject.baseline)];
    let lines = both.into_iter().map(|(name, compared)| ccr_line(name, compared));
    if let Some(lines) = lines.collect() {
        let title = title();
        figures.push(("ccr", Figure::Ccr { title, lines }));
    }
    if let Some(grid) = subject.grid.clone() {
        let metric = Metric::ALL.into_iter().find(|metric| metric.key() == grid.metric);
        let metric = metric.ok_or_else(|| FigureError::Metric {
            run: run.name(),
            metric: grid.metric.clone(),
        })?;
        let title = title();
        figures.push(("heat", Figure::Heat { title, grid, metric }));
    }
    Ok(figures)
}

/// The figures that show several runs of one group together, by their kind; none of one run alone.
pub(crate) fn group_figures(group: &str, members: &[&Subject]) -> Vec<(&'static str, Figure)> {
    if members.len() < 2 {
        return Vec::new();
    }
    let title = || Title(group.to_owned(), "ODIN".to_owned());
    let label = |subject: &Subject| {
        let run = &subject.run;
        let of_this_set = members.iter().filter(|other| other.run.dataset == run.dataset);
        match of_this_set.count() {
            1 => subject.set(),
            _ => format!("{}, T {}, ε {}", subject.set(), run.temperature, run.magnitude),
        }
    };
    let lines = members
        .iter()
        .map(|subject| roc_line(&label(subject), &subject.odin));
    let mut figures = vec![(
        "roc",
        Figure::Roc {
            title: title(),
            lines: lines.collect(),
        },
    )];
    let lines = members
        .iter()
        .map(|subject| ccr_line(&label(subject), &subject.odin));
    if let Some(lines) = lines.collect() {
        let title = title();
        figures.push(("ccr", Figure::Ccr { title, lines }));
    }
    figures
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
    use super::super::figure::SIZE;
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
            let has = |part: &[u8]| pdf.windows(part.len()).any(|window| window == part);
            assert!(has(b"/ToUnicode") && has(b"/FontFile2"), "text as text");
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
