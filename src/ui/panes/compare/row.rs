//! A row of the table: a job, with baseline/ODIN (or another detector) for each metric.
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use super::columns::Placed;
use crate::app::{CompareColumn, Job, JobState, Parameters, is_better, present};
use crate::ui::areas::indent;
use crate::ui::format;
use crate::ui::painter::Painter;
use odin_core::session::{Detector, Metric};

pub(super) fn draw(
    job: &Job,
    beside: Detector,
    is_chosen: bool,
    columns: &[Placed],
    row: Rect,
    painter: &mut Painter,
) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    if is_chosen {
        painter.text(row, glyphs.select, theme.accent);
    }
    let name = if is_chosen { theme.title } else { theme.text };
    for placed in columns {
        let room = usize::from(placed.width.saturating_sub(1));
        match placed.column {
            CompareColumn::Session => {}
            CompareColumn::Network => {
                let network = format::fit_name(&job.spec.network, room, glyphs);
                placed.write(&network, name, row, painter);
            }
            CompareColumn::Set => {
                let is_marked = job.is_tuned_here(beside);
                let mark = if is_marked { glyphs.tuned } else { "" };
                let progress = format!("{mark}{}", progress(job));
                let set = format::fit_name(&job.spec.dataset, room.saturating_sub(progress.width()), glyphs);
                placed.write(&set, name, row, painter);
                let rest = indent(placed.cell(row), set.width() as u16);
                painter.text(rest, &progress, theme.dim);
            }
            CompareColumn::Temperature => {
                let temperature = format::temperature(Parameters::of(&job.setting(beside)).temperature);
                placed.write(&temperature, theme.dim, row, painter);
            }
            CompareColumn::Magnitude => {
                let magnitude = format::magnitude(Parameters::of(&job.setting(beside)).magnitude);
                placed.write(&magnitude, theme.dim, row, painter);
            }
            CompareColumn::Images => {
                let summary = present(job, beside)
                    .or(job.baseline.as_ref())
                    .map(|analysis| analysis.summary);
                let text = summary.map(|summary| format!("{}+{}", summary.n_in, summary.n_out));
                placed.write(&text.unwrap_or_default(), theme.dim, row, painter);
            }
            CompareColumn::Metric(metric) => {
                let line = pair(job, beside, metric, placed.digits(), painter).right_aligned();
                line.render(placed.cell(row), painter.buffer);
            }
        }
    }
}

/// How far a job is, where it is not done.
fn progress(job: &Job) -> String {
    match (&job.state, job.progress()) {
        (JobState::Done { .. }, _) => String::new(),
        (JobState::Failed { .. }, _) => " failed".to_owned(),
        (_, Some(part)) => format!(" {:.0}%", (part * 100.0).floor()),
        (_, None) => String::new(),
    }
}

/// Baseline/ODIN, in percent.
fn pair(job: &Job, beside: Detector, metric: Metric, digits: usize, painter: &Painter) -> Line<'static> {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let number = |value: Option<f64>| match value {
        Some(value) => format!("{:.digits$}", 100.0 * value),
        None => glyphs.missing.to_owned(),
    };
    let baseline = number(job.baseline.as_ref().map(|analysis| analysis.metric(metric)));
    let other = number(present(job, beside).map(|analysis| analysis.metric(metric)));
    // Only what is better beyond chance stands out.
    let (of_baseline, of_other) = match is_better(job, beside, metric) {
        None => (theme.text, theme.text),
        Some(true) => (theme.text, theme.odin),
        Some(false) => (theme.title, theme.text),
    };
    Line::from(vec![
        Span::styled(baseline, of_baseline),
        Span::styled("/", theme.dim),
        Span::styled(other, of_other),
    ])
}
