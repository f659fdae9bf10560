//! The lines below a row of the table.
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::columns::Placed;
use crate::app::{Analysis, Job, Model, change, is_better, paired_change, present, published_beside};
use crate::ui::format;
use crate::ui::painter::Painter;
use crate::ui::panes::tuned;
use odin_core::report::Fractions;
use odin_core::session::{Detector, Metric};

/// The change from the baseline, the intervals, and what was published.
pub(super) fn lines(model: &Model, job: &Job, columns: &[Placed], painter: &Painter) -> Vec<Line<'static>> {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let beside = model.beside();
    let line = |name: String, cell: &dyn Fn(Metric) -> Option<(String, Style)>| {
        let mut spans = vec![Span::styled(format!("   {name}"), theme.dim)];
        let mut used = 3 + name.width() as u16;
        let mut any = false;
        for placed in columns {
            let Some(metric) = placed.metric() else {
                continue;
            };
            if let Some((text, style)) = cell(metric) {
                any = true;
                let end = placed.x + placed.width;
                // A blank at least, where the name is long.
                let start = end.saturating_sub(text.width() as u16).max(used + 1);
                spans.push(Span::raw(" ".repeat(usize::from(start - used))));
                used = start + text.width() as u16;
                spans.push(Span::styled(text, style));
            }
        }
        any.then(|| Line::from(spans))
    };
    let changed = |metric: Metric| {
        let change = change(job, beside, metric)?;
        let style = match is_better(job, beside, metric) {
            None => theme.dim,
            Some(true) => theme.better,
            Some(false) => theme.worse,
        };
        Some((format::points(change, glyphs), style))
    };
    let metrics = columns.iter().filter(|placed| placed.metric().is_some());
    let widths = metrics.map(|placed| placed.width);
    // With a blank between two of them.
    let room = widths.min().unwrap_or(0).saturating_sub(1);
    let interval = |metric: Metric, analysis: Option<&Analysis>| {
        let interval = analysis?.interval(metric)?;
        Some((format::interval_within(interval, room, glyphs), theme.dim))
    };
    let of_change = |metric: Metric| {
        let change = paired_change(job, beside, metric)?;
        Some((format::change_interval(change.interval, glyphs), theme.dim))
    };
    let published = published_beside(job, &model.catalogue);
    // Nothing was published about other detectors.
    let odin = published.as_ref().and_then(|published| published.odin);
    let odin = odin.filter(|_| beside == Detector::Odin);
    let theirs = |metric: Metric| {
        let of = |measures: &Fractions| format!("{:.1}", 100.0 * measures.get(metric));
        let beside = odin.map_or(glyphs.missing.to_owned(), |odin| of(&odin.metrics));
        Some((
            format!("{}/{beside}", of(&published.as_ref()?.baseline)),
            theme.dim,
        ))
    };
    let at = odin.map_or("published".to_owned(), |odin| {
        format!(
            "published, {} {}",
            glyphs.epsilon,
            format::magnitude(odin.magnitude)
        )
    });
    // With so few images that the intervals are approximate.
    let is_approximate = |analysis: Option<&Analysis>| {
        let intervals = analysis.and_then(Analysis::intervals);
        intervals.is_some_and(|intervals| intervals.approximate)
    };
    let of_95 = |name: &str, is_approximate: bool| match is_approximate {
        true => format!("{} 95 % {name}", glyphs.alike),
        false => format!("95 % {name}"),
    };
    let tuned = job.tuned(beside);
    let (baseline, other) = (job.baseline.as_ref(), present(job, beside));
    let changes = other.and_then(Analysis::changes);
    // How much better than the truth the least error is expected to be, baseline/detector.
    let bias = |analysis: Option<&Analysis>| Some(analysis?.intervals()?.detection_error_bias);
    let low = |metric: Metric| {
        let (a, b) = (bias(baseline)?, bias(other)?);
        let is_told = metric == Metric::DetectionError && a.max(b) >= 5e-4;
        is_told.then(|| (format!("{:.1}/{:.1}", 100.0 * a, 100.0 * b), theme.dim))
    };
    [
        line("change".to_owned(), &changed),
        line(
            of_95("change", changes.is_some_and(|changes| changes.approximate)),
            &of_change,
        ),
        line(of_95("baseline", is_approximate(baseline)), &|metric| {
            interval(metric, baseline)
        }),
        line(of_95(&beside.to_string(), is_approximate(other)), &|metric| {
            interval(metric, other)
        }),
        line("error too low by".to_owned(), &low),
        line(at, &theirs),
        tuned.map(|tuned| {
            Line::from(Span::styled(
                format!("   {}", tuned::words(&tuned, beside, glyphs)),
                theme.warning,
            ))
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
