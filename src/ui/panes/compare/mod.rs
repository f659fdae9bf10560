//! The Compare screen: the paper's table, live. A row is a job; below it are the change, the intervals and what was published,
//! for all rows where there is room, else for the chosen one.
mod row;
mod details;
mod columns;

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::app::{CompareColumn, Job, Model};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;

pub(crate) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let [head, heads, body] = areas::stack(area, [1, 1, area.height.saturating_sub(2)]);
    let conventions = model.view.conventions.to_string();
    let title = title(model, area.width, conventions.width(), painter);
    painter.title(head, &title, vec![Span::styled(conventions, theme.dim)]);
    let jobs: Vec<(usize, &Job)> = model
        .compared()
        .into_iter()
        .filter_map(|number| Some((number, model.jobs.get(number)?)))
        .collect();
    if jobs.is_empty() {
        let [_, row] = areas::head(body);
        painter.text(indent(row, 1), "this session has no jobs", theme.dim);
        return;
    }
    let columns = columns::place(model, area.width);
    columns::draw_heads(model, &columns, heads, painter);
    let details: Vec<Vec<Line>> = jobs
        .iter()
        .map(|(_, job)| details::lines(model, job, &columns, painter))
        .collect();
    let chosen = jobs.iter().position(|(number, _)| *number == model.view.job);
    let chosen = chosen.unwrap_or_default();
    let heights = heights(&details, chosen, model.compare.details, body.height);
    // The chosen row stays in sight.
    let mut first = 0;
    let up_to_chosen = heights.get(..=chosen).unwrap_or_default();
    let mut needed: usize = up_to_chosen.iter().map(|rows| usize::from(*rows)).sum();
    while first < chosen && needed > usize::from(body.height) {
        needed -= usize::from(heights.get(first).copied().unwrap_or(0));
        first += 1;
    }
    let beside = model.beside();
    let mut rest = body;
    let shown = jobs.iter().zip(&details).zip(&heights).enumerate().skip(first);
    for (n, (((number, job), details), height)) in shown {
        let [block, below] = areas::stack(rest, [*height, u16::MAX]);
        if block.is_empty() {
            break;
        }
        painter.target(block, Target::Row(*number));
        let [row, lines] = areas::head(block);
        row::draw(job, beside, n == chosen, &columns, row, painter);
        painter.lines(lines, details);
        rest = below;
    }
}

/// What is compared; the network, T and ε too, where they are the same for all jobs and leave room for the conventions.
fn title(model: &Model, width: u16, conventions: usize, painter: &Painter) -> String {
    let beside = model.beside();
    let name = match model.compare.column {
        // The head of its column says which metric.
        CompareColumn::Metric(_) => {
            format!("baseline/{beside}, by {}", model.compare.number.title(beside))
        }
        _ => format!("baseline/{beside}, %"),
    };
    let Some(network) = columns::only_network(model) else {
        return name;
    };
    let fits = |title: &str| title.width() + conventions + 7 <= usize::from(width);
    if let Some(setting) = columns::common_setting(model) {
        let t = format::temperature(setting.temperature);
        let e = format::magnitude(setting.magnitude);
        let full = format!("{network} at T {t}, {} {e}, {name}", painter.glyphs().epsilon);
        if fits(&full) {
            return full;
        }
    }
    let full = format!("{network}, {name}");
    if fits(&full) || width < 80 { full } else { name }
}

/// The heights of the rows with their details: all have them where there is room, else the chosen one.
fn heights(details: &[Vec<Line>], chosen: usize, has_details: bool, room: u16) -> Vec<u16> {
    let all: usize = details.iter().map(|lines| 1 + lines.len()).sum();
    let height = |(n, lines): (usize, &Vec<Line>)| {
        if has_details && (all <= usize::from(room) || n == chosen) {
            1 + lines.len() as u16
        } else {
            1
        }
    };
    details.iter().enumerate().map(height).collect()
}
