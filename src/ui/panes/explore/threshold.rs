//! The rates and counts at the threshold.
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::app::{Cursor, Model, Slider};
use crate::metrics::clopper_pearson;
use crate::ui::areas;
use crate::ui::format::{self, knobs};
use crate::ui::painter::Painter;
use crate::ui::panes::compared;
use crate::units::LogOdds;

pub fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    if area.width < 20 {
        return;
    }
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let detector = model.view.detector;
    let focus = if model.focus == Slider::Threshold {
        glyphs.select
    } else {
        ""
    };
    let name = format!("{focus}threshold, {detector}");
    let [head, body] = areas::head(area);
    painter.title(head, &name, Vec::new());
    let Some(shown) = model.shown() else { return };
    let point = shown.at(model.cursor);
    let (low, high) = shown.comparison.range();
    let wide = area.width >= 40;
    // Of the longest line, with an interval like 99.90–100.00.
    let count = point.n_in.max(point.n_out).to_string().width();
    let at = format!("95 % at {}", glyphs.delta);
    let longest = " TPR  95.00% /  : 99.90100.00".width() + 2 * count + at.width() + glyphs.to.width();
    let is_named = longest <= usize::from(area.width);
    let at = if is_named { at } else { "95 %".to_owned() };
    let rate = |name: &'static str, value: f64, count: Option<(u64, u64)>| {
        let mut line = vec![
            Span::styled(format!(" {name} "), theme.text),
            Span::styled(format!("{:>6.2}%", value * 100.0), theme.title),
        ];
        if let Some((k, n)) = count {
            line.push(Span::styled(format!(" {k}/{n}"), theme.dim));
            if wide {
                let interval = clopper_pearson(k, n, 0.95);
                let interval = format::interval((interval.low, interval.high), glyphs);
                let text = format!("  {at}: {interval}");
                line.push(Span::styled(text, theme.dim));
            }
        }
        Line::from(line)
    };
    let probability = match detector.is_log_odds() {
        true => format!("  p {:.5}", LogOdds(point.threshold).probability()),
        false => String::new(),
    };
    let mut lines = vec![
        Line::from(vec![
            Span::styled(format!(" {} ", glyphs.delta), theme.cursor),
            Span::styled(format::score(point.threshold, high - low, glyphs), theme.cursor),
            Span::styled(probability, theme.dim),
        ]),
        rate("TPR", point.tpr, Some((point.true_positives, point.n_in))),
        rate("FPR", point.fpr, Some((point.false_positives, point.n_out))),
    ];
    lines.push(match point.ccr {
        // A share of the same images as the TPR.
        Some(ccr) => rate(
            "CCR",
            ccr,
            Some(((ccr * point.n_in as f64).round() as u64, point.n_in)),
        ),
        None => Line::from(vec![
            Span::raw(" CCR "),
            Span::styled(glyphs.missing, theme.dim),
            Span::styled("  no labels", theme.dim),
        ]),
    });
    let other = compared::counterpart(model);
    if let Some(analysis) = other.analysis {
        let there = analysis.at(Cursor::Tpr(point.tpr));
        lines.push(Line::from(Span::styled(
            format!(" {} FPR {:.2}%", other.name, there.fpr * 100.0),
            theme.dim,
        )));
    }
    let conventions = model.view.conventions.to_string();
    if wide {
        lines.extend(more(model, painter));
        lines.push(Line::default());
        lines.push(Line::from(Span::styled(
            format!(" ID is what scores {} {}", glyphs.at_least, glyphs.delta),
            theme.dim,
        )));
        lines.push(Line::from(Span::styled(format!(" {conventions}"), theme.dim)));
        if is_named {
            // FPR95 in the table and the FPR here can be the same number with another interval.
            let delta = glyphs.delta;
            let why = format!(" {at}: with {delta} fixed; in the table {delta} varies");
            lines.push(Line::from(Span::styled(why, theme.dim)));
        }
    }
    let mut lines = wrapped(lines, area.width);
    if lines.len() > usize::from(body.height) {
        lines.retain(|line| line.width() > 0);
    }
    painter.lines(body, &lines);
}

/// The lines, with those of a single style wrapped where they are too long.
fn wrapped(lines: Vec<Line<'static>>, width: u16) -> Vec<Line<'static>> {
    lines
        .into_iter()
        .flat_map(|line| match line.spans.as_slice() {
            [span] if span.width() > usize::from(width) => {
                let texts = format::wrap(span.content.trim_start(), usize::from(width).saturating_sub(1));
                let style = line.style.patch(span.style);
                texts
                    .into_iter()
                    .map(|text| Line::styled(format!(" {text}"), style))
                    .collect()
            }
            _ => vec![line],
        })
        .collect()
}

/// What is pinned, what was published, how exact the rates are, and whether T and ε were tuned on these images.
fn more(model: &Model, painter: &Painter) -> Vec<Line<'static>> {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let mut lines = Vec::new();
    let at = |t, e| {
        format!(
            "T {}, {} {}",
            format::temperature(t),
            glyphs.epsilon,
            format::magnitude(e)
        )
    };
    if let Some(pin) = &model.pin {
        let detector = pin.setting.detector();
        let at = match detector.knobs().is_empty() {
            true => String::new(),
            false => format!(" {}", knobs(&pin.setting, glyphs)),
        };
        let text = format!(" A: {detector}{at}, {} on {}", pin.dataset, pin.network);
        lines.push(Line::styled(text, theme.pinned));
    }
    let Some(job) = model.selected() else { return lines };
    let published = model.catalogue.published(&job.spec.network, &job.spec.dataset);
    if let Some(row) = published {
        let table = model.catalogue.published.get(&job.spec.network);
        let temperature = table.map_or(job.spec.settings.temperature(), |table| table.temperature);
        let metric = model.view.metric;
        let (baseline, odin) = (row.baseline.of(metric), row.odin.of(metric));
        let text = format!(
            " published {metric} {baseline} {} {odin} at {}",
            glyphs.arrow,
            at(temperature, row.magnitude)
        );
        lines.push(Line::styled(text, theme.dim));
    }
    if let Some(shown) = model.shown().filter(|shown| shown.resolution > 0.0) {
        let text = format!(" rates to {:.3} % while scores come", shown.resolution * 100.0);
        lines.push(Line::styled(text, theme.dim));
    }
    if job.is_tuned_here(model.slider_detector()) {
        lines.push(Line::styled(
            " tuned on these images; Grid tunes on others",
            theme.warning,
        ));
    }
    lines
}
