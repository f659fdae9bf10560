//! The rates and counts at the threshold.
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::app::{Analysis, Cursor, Model, Rate, Slider, published_beside};
use crate::ui::areas;
use crate::ui::format::{self, knobs};
use crate::ui::painter::Painter;
use crate::ui::panes::{compared, tuned};
use odin_core::report::Fractions;
use odin_core::session::TunedOn;
use odin_core::units::LogOdds;
use odin_metrics::{APPROXIMATE_BELOW, clopper_pearson};

pub(super) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
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
    let [tpr, fpr] = shown.rates(&point);
    let (low, high) = shown.comparison.range();
    let wide = area.width >= 40;
    // Of the longest line, with an interval like 99.90–100.00.
    let count = point.n_in.max(point.n_out).to_string().width();
    let at = format!("at {}", glyphs.delta);
    let longest = " TPR  95.00% /  : 99.90100.00".width() + 2 * count + at.width() + glyphs.to.width();
    let is_named = longest <= usize::from(area.width);
    let at = if is_named { at } else { "95 %".to_owned() };
    let rate = |name: &'static str, rate: Rate| {
        let Rate { count, of } = rate;
        let mut line = vec![
            Span::styled(format!(" {name} "), theme.text),
            Span::styled(format!("{:>6.2}%", rate.value() * 100.0), theme.title),
            Span::styled(format!(" {count}/{of}"), theme.dim),
        ];
        if wide {
            let interval = clopper_pearson(count, of, 0.95);
            let interval = format::interval((interval.low, interval.high), glyphs);
            let text = format!("  {at}: {interval}");
            line.push(Span::styled(text, theme.dim));
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
        rate("TPR", tpr),
        rate("FPR", fpr),
    ];
    lines.push(match point.ccr {
        // A share of the same images as the TPR.
        Some(ccr) => rate(
            "CCR",
            Rate {
                count: (ccr * point.n_in as f64).round() as u64,
                of: point.n_in,
            },
        ),
        None => Line::from(vec![
            Span::raw(" CCR "),
            Span::styled(glyphs.missing, theme.dim),
            Span::styled("  no labels", theme.dim),
        ]),
    });
    let other = compared::counterpart(model);
    if let Some(analysis) = other.analysis {
        let [_, there] = analysis.rates(&analysis.at(Cursor::Tpr(tpr.value())));
        lines.push(Line::from(Span::styled(
            format!(" {} FPR {:.2}%", other.name, there.value() * 100.0),
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
            let why = format!(" {at}: 95 % with {delta} fixed; in the table {delta} varies");
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
    // A warning comes before what is good to know.
    let moved = model.slider_detector();
    if let Some(tuned) = job.tuned(moved) {
        let text = match (tuned.on, tuned.images) {
            (TunedOn::Reported, None) => "tuned on these images; Grid tunes on others".to_owned(),
            _ => tuned::words(&tuned, moved, glyphs),
        };
        lines.push(Line::styled(format!(" {text}"), theme.warning));
    }
    if let Some(published) = published_beside(job, &model.catalogue) {
        let metric = model.view.metric;
        let of = |measures: &Fractions| format!("{:.1}", 100.0 * measures.get(metric));
        let baseline = of(&published.baseline);
        let text = match published.odin {
            Some(odin) => format!(
                " published {metric} {baseline} {} {} at {}",
                glyphs.arrow,
                of(&odin.metrics),
                at(odin.temperature, odin.magnitude)
            ),
            // Of ODIN at another T or ε.
            None => format!(" published {metric} {baseline} of the baseline"),
        };
        lines.push(Line::styled(text, theme.dim));
    }
    let intervals = compared::pair(model).map(|side| side.analysis.and_then(Analysis::intervals));
    let is_approximate = intervals.iter().flatten().any(|intervals| intervals.approximate);
    if is_approximate {
        let text = format!(
            " {}: approximate, a set has below {APPROXIMATE_BELOW} images",
            glyphs.alike
        );
        lines.push(Line::styled(text, theme.dim));
    }
    let biases = intervals
        .iter()
        .flatten()
        .map(|intervals| intervals.detection_error_bias);
    let bias = biases.fold(0.0, f64::max);
    if bias >= 5e-4 {
        // The least of many errors fits the images that it was found on.
        let text = format!(" error: about {:.1} too low (least of many)", 100.0 * bias);
        lines.push(Line::styled(text, theme.dim));
    }
    if let Some(shown) = model.shown().filter(|shown| shown.resolution > 0.0) {
        let text = format!(" rates to {:.3} % while scores come", shown.resolution * 100.0);
        lines.push(Line::styled(text, theme.dim));
    }
    lines
}
