//! The table below the grid's map: metrics of the cell under the cursor and of the best one, on the validation images and on the rest.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::app::{Grid, Model, Parameters, Place, Subset};
use crate::metrics::{Intervals, Summary};
use crate::session::Metric;
use crate::ui::widgets::title;
use crate::ui::{Look, format};

/// Its head and four lines.
pub const ROWS: u16 = 5;

/// A metric of the table: its name is right-aligned to `end`, and so are its values; its interval, if there is room,
/// to the place behind.
struct Column {
    metric: Metric,
    end: u16,
    interval_end: Option<u16>,
}

/// Widths of the names and of T and ε, and the columns: the metric on the map has its interval, all have where there is
/// room for that, and where there is too little for all metrics it comes first.
fn columns(width: u16, chosen: Metric) -> ([u16; 3], Vec<Column>) {
    let is_wide = width >= 109;
    let (places, interval) = if is_wide {
        ([30, 7, 8], 12)
    } else {
        ([17, 6, 8], 11)
    };
    let metric_width = |metric| match metric {
        _ if is_wide => 10,
        Metric::Fpr95 | Metric::DetectionError | Metric::Auroc => 7,
        Metric::AuprIn => 8,
        Metric::AuprOut => 9,
    };
    let every = width >= 160;
    let mut metrics = Metric::ALL.to_vec();
    if width < 80 {
        metrics.sort_by_key(|metric| *metric != chosen);
    }
    let mut end = places.iter().sum();
    let mut columns = Vec::new();
    for metric in metrics {
        end += metric_width(metric);
        let own = end;
        let interval_end = (every || metric == chosen).then(|| {
            end += interval;
            end
        });
        if end <= width {
            columns.push(Column {
                metric,
                end: own,
                interval_end,
            });
        }
    }
    (places, columns)
}

/// A line of the table.
struct Row<'a> {
    name: &'static str,
    found: Option<(Parameters, Summary, Option<&'a Intervals>)>,
    /// What is said where there are no metrics.
    missing: String,
    style: Style,
}

pub fn draw(model: &Model, grid: &Grid, look: &Look, area: Rect, buffer: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let (metric, conventions) = (model.view.metric, model.view.conventions);
    let head = Rect { height: 1, ..area };
    title::rule(head, look, buffer);
    let ([names, t, e], columns) = columns(area.width, metric);
    let (t_end, e_end) = (names + t, names + t + e);
    title::label_before(head, t_end, "T", theme.dim, buffer);
    title::label_before(head, e_end, glyphs.epsilon, theme.dim, buffer);
    for column in &columns {
        let style = if column.metric == metric {
            theme.title
        } else {
            theme.dim
        };
        title::label_before(head, column.end, &column.metric.to_string(), style, buffer);
        if let Some(end) = column.interval_end {
            title::label_before(head, end, "95 %", theme.dim, buffer);
        }
    }
    let best = grid.best(metric, &conventions).map(|(place, _)| place);
    let on_rest = best.and_then(|place| grid.on_rest(place));
    let rest_missing = match best {
        Some(best) if grid.is_in_flight(best, Subset::Rest) => {
            let part = grid.progress(best, Subset::Rest).unwrap_or(0.0);
            format!("scoring, {:.0}%", part * 100.0)
        }
        Some(_) => "not scored".to_owned(),
        None => String::new(),
    };
    let at = |place: Place| {
        let summary = grid.cell(place)?.by(&conventions);
        Some((
            grid.parameters(place)?,
            summary,
            grid.intervals(place, &conventions),
        ))
    };
    let rest_of_odin = on_rest.and_then(|rest| {
        let intervals = rest.odin_intervals().map(|each| each.by(&conventions));
        Some((grid.parameters(best?)?, rest.odin.by(&conventions), intervals))
    });
    let rest_of_baseline = on_rest.map(|rest| {
        let intervals = rest.baseline_intervals().map(|each| each.by(&conventions));
        (Parameters::BASELINE, rest.baseline.by(&conventions), intervals)
    });
    let row = |name, found, missing: &str, style| Row {
        name,
        found,
        missing: missing.to_owned(),
        style,
    };
    let lines = [
        row("under the cursor", at(grid.cursor), "empty", theme.text),
        row("best, validation", best.and_then(at), "", theme.odin),
        row("best on the rest", rest_of_odin, &rest_missing, theme.odin),
        row(
            "baseline on rest",
            rest_of_baseline,
            &rest_missing,
            theme.baseline,
        ),
    ];
    let cursor = grid.parameters(grid.cursor);
    for ((n, row), y) in lines.into_iter().enumerate().zip(area.y + 1..area.bottom()) {
        let mut right = |text: &str, end: u16, style: Style| {
            let x = (area.x + end).saturating_sub(text.width() as u16);
            buffer.set_stringn(x, y, text, usize::from(area.right().saturating_sub(x)), style);
        };
        let known = row.found.as_ref().map(|(parameters, ..)| *parameters);
        if let Some(parameters) = known.or(cursor.filter(|_| n == 0)) {
            right(&format::temperature(parameters.temperature), t_end, row.style);
            right(&format::magnitude(parameters.magnitude), e_end, row.style);
        }
        let mut name = row.name.to_owned();
        match row.found {
            Some((_, summary, intervals)) => {
                if names > 20 {
                    name += &format!(" {}+{}", summary.n_in, summary.n_out);
                }
                for column in &columns {
                    right(
                        &format::percent(column.metric.of(&summary)),
                        column.end,
                        row.style,
                    );
                    if let Some((end, intervals)) = column.interval_end.zip(intervals) {
                        let interval = column.metric.interval_of(intervals);
                        let text = format::interval((interval.low, interval.high), glyphs);
                        right(&text, end, theme.dim);
                    }
                }
            }
            // Where T stands, for that is not known either; behind it where it is.
            None => {
                let from = if n == 0 { e_end + 2 } else { names + 2 };
                let room = usize::from(area.width.saturating_sub(from));
                buffer.set_stringn(area.x + from, y, &row.missing, room, row.style);
            }
        }
        buffer.set_stringn(area.x + 1, y, &name, usize::from(names), theme.text);
    }
}
