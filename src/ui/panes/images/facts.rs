//! What is known about one image: its label, the network's guess, its scores, and what it is called.
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::{Job, Listed, Model};
use crate::ui::format;
use crate::ui::glyphs::Glyphs;
use crate::ui::painter::Painter;
use odin_core::protocol::{Inspection, Side};
use odin_core::session::Detector;
use odin_core::units::LogOdds;

pub(super) fn lines(
    model: &Model,
    job: &Job,
    listed: &Listed,
    inspection: Option<&Inspection>,
    painter: &Painter,
) -> Vec<Line<'static>> {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let gallery = &model.gallery;
    let pair = |name: &str, value: String, style: Style| {
        Line::from(vec![
            Span::styled(format!(" {name} "), theme.dim),
            Span::styled(value, style),
        ])
    };
    let label = listed.label.map(|label| gallery.class_name(job.id, label));
    let guess_style = match listed.label {
        Some(_) if listed.is_wrong() => theme.worse,
        Some(_) => theme.better,
        None => theme.text,
    };
    let guess = gallery.class_name(job.id, listed.prediction);
    let probability = |detector| {
        let found = inspection.map(|found| match detector {
            Detector::Odin => found.odin,
            _ => found.baseline,
        });
        let shown = (detector == model.view.detector).then_some(LogOdds(listed.score));
        match shown.or(found) {
            Some(score) => format!("{:.5}", score.probability()),
            None => glyphs.missing.to_owned(),
        }
    };
    let is_in = listed.image.side == Side::In;
    let called_in = listed.score >= gallery.threshold;
    let (called, verdict_style) = match called_in == is_in {
        _ if gallery.threshold.is_nan() => (glyphs.missing.to_owned(), theme.dim),
        is_right => {
            let (mark, style) = if is_right {
                (glyphs.better, theme.better)
            } else {
                (glyphs.worse, theme.worse)
            };
            (format!("{} {mark}", if called_in { "ID" } else { "OOD" }), style)
        }
    };
    let style = |detector| {
        if detector == model.view.detector {
            theme.title
        } else {
            theme.text
        }
    };
    let mut facts = vec![
        pair(
            "label",
            label.unwrap_or_else(|| glyphs.missing.to_owned()),
            theme.text,
        ),
        pair("guess", guess, guess_style),
        pair(
            "base p",
            probability(Detector::Baseline),
            style(Detector::Baseline),
        ),
        pair("ODIN p", probability(Detector::Odin), style(Detector::Odin)),
        pair("called", called, verdict_style),
        pair("threshold", threshold(model, glyphs), theme.cursor),
    ];
    let shown = model.view.detector;
    if !shown.is_log_odds() {
        let score = format::score(listed.score, 1.0, glyphs);
        facts.push(pair(&shown.to_string(), score, theme.title));
    }
    facts
}

fn threshold(model: &Model, glyphs: &Glyphs) -> String {
    let gallery = &model.gallery;
    if gallery.threshold.is_nan() {
        return glyphs.missing.to_owned();
    }
    // In the unit of the scores above it.
    if model.view.detector.is_log_odds() {
        format!("{:.5}", LogOdds(gallery.threshold).probability())
    } else {
        format::score(gallery.threshold, 1.0, glyphs)
    }
}
