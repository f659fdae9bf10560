//! One image: as it is, what ODIN adds to it, what comes of that; label, guess, scores, logits; its place among the others.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::{compared, histogram};
use crate::app::{Gallery, Job, Listed, Model};
use crate::engine::protocol::{Inspection, Pixels, Side};
use crate::session::{Axis, Detector};
use crate::ui::widgets::{blocks, title};
use crate::ui::{HitMap, Look, Target, format, rows};
use crate::units::LogOdds;

/// From this width on there is room for three pictures beside each other.
const THREE: u16 = 60;
/// The facts beside a picture where there is only one.
const FACTS: u16 = 20;

pub fn draw(model: &Model, job: &Job, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    let theme = &look.theme;
    let gallery = &model.gallery;
    let Some(listed) = gallery.chosen() else {
        return;
    };
    let (set, style) = match listed.image.side {
        Side::In => ("ID", theme.ins),
        Side::Out => ("OOD", theme.outs),
    };
    let name = match listed.image.side {
        Side::In => format!("image {}", listed.image.index),
        Side::Out => format!("image {} of {}", listed.image.index, job.spec.dataset),
    };
    let head = Rect { height: 1, ..area };
    title::draw(head, &name, vec![Span::styled(set, style)], look, buffer);
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if body.width < 24 || body.height < 8 {
        return;
    }
    let three = body.width >= THREE;
    // A third of the width is a square of half as many rows.
    let square = if three {
        body.width / 3 / 2
    } else {
        (body.width - FACTS) / 2
    };
    let least_below = if three { 10 } else { 7 };
    let pictures = (square + u16::from(three))
        .min(body.height.saturating_sub(least_below))
        .max(4);
    let facts_rows = if three { 3 } else { 0 };
    let below = body.height.saturating_sub(pictures + facts_rows);
    let [top, facts_area, rest] = rows(body, [pictures, facts_rows, below]);
    let (logits, histogram) = if three {
        beside(rest)
    } else {
        let histogram_rows = if below >= 12 {
            (below / 2).min(12)
        } else {
            below.min(5)
        };
        let [logits, histogram] = rows(rest, [below.saturating_sub(histogram_rows), histogram_rows]);
        (logits, histogram)
    };
    let result = gallery.inspection(job);
    let facts = facts(
        model,
        job,
        gallery,
        listed,
        result.and_then(|result| result.as_ref().ok()),
        look,
    );
    if three {
        draw_three(gallery, job, listed, result, look, top, buffer, hits);
        // Two facts a line.
        let half = facts_area.width / 2;
        for (n, fact) in facts.iter().enumerate() {
            let (row, column) = (n as u16 / 2, n as u16 % 2);
            if row < facts_area.height {
                buffer.set_line(facts_area.x + column * half, facts_area.y + row, fact, half);
            }
        }
    } else {
        let picture = Rect {
            width: top.width - FACTS,
            ..top
        };
        let pixels = result
            .and_then(|result| result.as_ref().ok())
            .map(|inspection| &inspection.original)
            .or(gallery
                .thumbnail(job.id, listed.image)
                .and_then(|known| known.as_ref().ok()));
        show(pixels, look, picture, buffer, hits);
        let x = picture.right() + 1;
        for (fact, y) in facts.iter().zip(top.top()..top.bottom()) {
            buffer.set_line(x, y, fact, FACTS - 1);
        }
    }
    match result {
        Some(Ok(inspection)) => draw_logits(gallery, job, inspection, look, logits, buffer),
        Some(Err(why)) => say(why, theme.error, look, logits, buffer),
        None => say("asking the network", theme.dim, look, logits, buffer),
    }
    if histogram.height >= 4 {
        let mut found = HitMap::default();
        let shown = compared::of(model, model.view.detector);
        histogram::draw(model, &shown, true, look, histogram, buffer, &mut found);
        mark(model, listed, &found, look, buffer);
        hits.extend(found);
    }
}

/// Two halves, with a blank column between them.
fn beside(area: Rect) -> (Rect, Rect) {
    let left = area.width / 2;
    let first = Rect {
        width: left.saturating_sub(1),
        ..area
    };
    let second = Rect {
        x: area.x + left,
        width: area.width - left,
        ..area
    };
    (first, second)
}

fn say(text: &str, style: Style, look: &Look, area: Rect, buffer: &mut Buffer) {
    if area.height > 0 {
        let text = format::fit(text, usize::from(area.width.saturating_sub(2)), &look.glyphs);
        buffer.set_string(area.x + 1, area.y + area.height / 2, text, style);
    }
}

fn show(pixels: Option<&Pixels>, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    if let Some(pixels) = pixels {
        let at = blocks::place(pixels, area);
        blocks::draw(pixels, at, look, buffer);
        hits.pictures.push((at, pixels.clone()));
    }
}

#[expect(clippy::too_many_arguments)]
fn draw_three(
    gallery: &Gallery,
    job: &Job,
    listed: &Listed,
    result: Option<&Result<Inspection, String>>,
    look: &Look,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut HitMap,
) {
    let inspection = result.and_then(|result| result.as_ref().ok());
    let known = gallery
        .thumbnail(job.id, listed.image)
        .and_then(|known| known.as_ref().ok());
    let epsilon = inspection.map(|found| found.magnitude.get());
    let amplified = match epsilon {
        Some(0.0) => "direction; nothing is added".to_owned(),
        Some(epsilon) => format!("perturbation, {:.0} times", 0.5 / epsilon),
        None => "perturbation".to_owned(),
    };
    let third = area.width / 3;
    let columns = [
        (
            inspection.map(|found| &found.original).or(known),
            "as it is".to_owned(),
        ),
        (inspection.map(|found| &found.perturbation), amplified),
        (inspection.map(|found| &found.perturbed), "perturbed".to_owned()),
    ];
    for (n, (pixels, name)) in (0..3).zip(columns) {
        let column = Rect {
            x: area.x + n * third,
            width: third.saturating_sub(1),
            ..area
        };
        let picture = Rect {
            height: column.height.saturating_sub(1),
            ..column
        };
        show(pixels, look, picture, buffer, hits);
        let name = format::fit(&name, usize::from(column.width), &look.glyphs);
        let x = column.x + column.width.saturating_sub(name.width() as u16) / 2;
        buffer.set_string(x, column.bottom().saturating_sub(1), name, look.theme.dim);
    }
}

fn facts<'a>(
    model: &Model,
    job: &Job,
    gallery: &Gallery,
    listed: &Listed,
    inspection: Option<&Inspection>,
    look: &Look,
) -> Vec<Line<'a>> {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
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
        pair("threshold", threshold(model, gallery, look), theme.cursor),
    ];
    let shown = model.view.detector;
    if !shown.is_log_odds() {
        let score = format::score(listed.score, 1.0, glyphs);
        facts.push(pair(&shown.to_string(), score, theme.title));
    }
    facts
}

fn threshold(model: &Model, gallery: &Gallery, look: &Look) -> String {
    if gallery.threshold.is_nan() {
        return look.glyphs.missing.to_owned();
    }
    match model.view.axis {
        Axis::Probability if model.view.detector.is_log_odds() => {
            format!("{:.5}", LogOdds(gallery.threshold).probability())
        }
        _ => format::score(gallery.threshold, 1.0, &look.glyphs),
    }
}

/// The greatest logits as bars, of the image as it is; and what perturbing makes of them.
fn draw_logits(
    gallery: &Gallery,
    job: &Job,
    found: &Inspection,
    look: &Look,
    area: Rect,
    buffer: &mut Buffer,
) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    if area.height < 2 {
        return;
    }
    let head = Rect { height: 1, ..area };
    let legend = vec![Span::styled(
        format!("as it is {} perturbed", glyphs.arrow),
        theme.dim,
    )];
    title::draw(head, "logits", legend, look, buffer);
    let mut order: Vec<usize> = (0..found.logits_before.len()).collect();
    let value = |class: usize| found.logits_before.get(class).copied().unwrap_or(f32::NAN);
    order.sort_by(|a, b| value(*b).total_cmp(&value(*a)));
    let shown = usize::from(area.height - 1).min(order.len());
    let range = |values: &[f32]| {
        let finite = values.iter().filter(|value| value.is_finite());
        finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        })
    };
    let (low, high) = range(&found.logits_before);
    let name_width = if area.width >= 60 { 16 } else { 10 };
    let numbers = 16;
    let bar = usize::from(area.width).saturating_sub(name_width + numbers + 3);
    for (class, y) in order.into_iter().take(shown).zip(area.y + 1..area.bottom()) {
        let number = u16::try_from(class).unwrap_or(u16::MAX);
        let name = format::fit(&gallery.class_name(job.id, number), name_width, glyphs);
        let style = if found.label == Some(number) {
            theme.title
        } else {
            theme.text
        };
        buffer.set_string(area.x + 1, y, name, style);
        let share = f64::from((value(class) - low) / (high - low).max(f32::MIN_POSITIVE));
        let filled = (share.clamp(0.0, 1.0) * bar as f64).round() as usize;
        let x = area.x + 2 + name_width as u16;
        let text = glyphs.bar_full.repeat(filled.max(1));
        buffer.set_stringn(x, y, text, bar.max(1), theme.ins);
        let after = found.logits_after.get(class).copied().unwrap_or(f32::NAN);
        let text = format!("{:>7.2} {:>7.2}", value(class), after).replace('-', glyphs.minus);
        let x = area.right().saturating_sub(text.width() as u16);
        buffer.set_string(x, y, text, theme.dim);
    }
}

/// Where the chosen image stands in the histogram.
fn mark(model: &Model, listed: &Listed, found: &HitMap, look: &Look, buffer: &mut Buffer) {
    let Some((plot, Target::Histogram { low, high })) = found.first() else {
        return;
    };
    let value = match model.view.axis {
        Axis::LogOdds => listed.score,
        Axis::Probability => LogOdds(listed.score).probability(),
    };
    let part = ((value - low) / (high - low)).clamp(0.0, 1.0);
    if part.is_nan() || plot.width == 0 {
        return;
    }
    let x = plot.x + ((part * f64::from(plot.width)) as u16).min(plot.width - 1);
    let style = match listed.image.side {
        Side::In => look.theme.ins,
        Side::Out => look.theme.outs,
    };
    let style = style.patch(look.theme.title);
    // Down to the ground, so that it is seen above the columns.
    buffer.set_string(x, plot.y, look.glyphs.down_marker, style);
}
