//! The lines below a row of the table.
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::columns::Placed;
use crate::app::{Analysis, Job, Model, change, present};
use crate::networks::Measures;
use crate::session::{Detector, Metric};
use crate::ui::format;
use crate::ui::painter::Painter;

/// The change from the baseline, the intervals, and what was published.
pub fn lines(model: &Model, job: &Job, columns: &[Placed], painter: &Painter) -> Vec<Line<'static>> {
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
        let style = match change {
            _ if change.abs() < 5e-5 => theme.dim,
            _ if (change > 0.0) == metric.higher_is_better() => theme.better,
            _ => theme.worse,
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
    let row = model.catalogue.published(&job.spec.network, &job.spec.dataset);
    let theirs = |metric: Metric| {
        let row = row?;
        let of = |measures: &Measures| format!("{:.1}", measures.of(metric));
        // Nothing was published about other detectors.
        let beside = match beside {
            Detector::Odin => of(&row.odin),
            _ => glyphs.missing.to_owned(),
        };
        Some((format!("{}/{beside}", of(&row.baseline)), theme.dim))
    };
    let at = row.map_or(String::new(), |row| match beside {
        Detector::Odin => format!(
            "published, {} {}",
            glyphs.epsilon,
            format::magnitude(row.magnitude)
        ),
        _ => "published".to_owned(),
    });
    [
        line("change".to_owned(), &changed),
        line("95 % baseline".to_owned(), &|metric| {
            interval(metric, job.baseline.as_ref())
        }),
        line(format!("95 % {beside}"), &|metric| {
            interval(metric, present(job, beside))
        }),
        line(at, &theirs),
    ]
    .into_iter()
    .flatten()
    .collect()
}
