//! The Detectors screen: every detector against the sets of a network, the best first; below them those without numbers, and
//! why. The last rows tell of the chosen one.
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::app::{Job, Model};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use odin_core::ranking::{Average, Estimate, Ranked};
use odin_core::session::Detector;
use odin_core::setting::movement;

/// Cursor, mark, name.
const NAME: u16 = 18;
/// `100.00`, and a blank.
const VALUE: u16 = 7;
/// ` 10.1–14.5`.
const INTERVAL: u16 = 11;
const COST: u16 = 34;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Average(Average),
    Set(usize),
    Cost,
}

struct Column {
    what: What,
    x: u16,
    width: u16,
    has_interval: bool,
}

pub(crate) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    painter.target(area, Target::Detectors);
    let about_rows = if area.height >= 24 { 4 } else { 3 };
    let body_rows = area.height.saturating_sub(2 + about_rows);
    let [head, heads, body, about] = areas::stack(area, [1, 1, body_rows, about_rows]);
    let conventions = Span::styled(model.view.conventions.to_string(), theme.dim);
    painter.title(head, &title(model), vec![conventions]);
    let Some(job) = model.selected() else {
        painter.text(indent(body, 1), "this session has no jobs", theme.dim);
        return;
    };
    let columns = columns(model, area.width);
    draw_heads(model, &columns, heads, painter);
    let rows = &model.detectors.rows;
    let chosen = rows
        .iter()
        .position(|row| row.setting.detector() == model.detectors.chosen)
        .unwrap_or_default();
    let first = areas::first_in_sight(chosen, body.height);
    for (area, (n, row)) in body.rows().zip(rows.iter().enumerate().skip(first)) {
        draw_row(model, job, row, n == chosen, &columns, area, painter);
    }
    let lines = rows
        .get(chosen)
        .map(|row| about_lines(model, job, row, about.width, painter));
    painter.lines(about, &lines.unwrap_or_default());
}

fn title(model: &Model) -> String {
    let network = model.selected().map_or("", |job| job.spec.network.as_str());
    let all = model.detectors.columns.len();
    let sets = if all == 1 { "set" } else { "sets" };
    let of = match model.detectors.measured {
        measured if measured < all => format!("{measured} of {all}"),
        _ => all.to_string(),
    };
    format!("{network}, {} %, {of} {sets}", model.view.metric)
}

/// The columns that fit, from the left: the average that decides, sets, other averages, what it costs.
fn columns(model: &Model, width: u16) -> Vec<Column> {
    let detectors = &model.detectors;
    let sets = detectors.columns.len();
    let has = |average: Average| match average {
        Average::All => sets > 1,
        kind => {
            let is_of = |distance| match kind {
                Average::Near => distance == odin_core::ranking::Distance::Near,
                _ => distance == odin_core::ranking::Distance::Far,
            };
            detectors
                .columns
                .iter()
                .any(|column| column.distance.is_some_and(is_of))
        }
    };
    let mut wanted: Vec<(What, u16, bool)> = Vec::new();
    if sets > 1 {
        wanted.push((What::Average(detectors.by), VALUE + INTERVAL, true));
        let others = Average::EACH
            .into_iter()
            .filter(|kind| *kind != detectors.by && has(*kind));
        wanted.extend(others.map(|kind| (What::Average(kind), VALUE, false)));
    }
    let used: u16 = NAME + wanted.iter().map(|(_, width, _)| width).sum::<u16>();
    let room = width.saturating_sub(used);
    // Intervals of the sets where there is room for all.
    let with_intervals = room >= sets as u16 * (VALUE + INTERVAL + 1) || sets == 1;
    let each = if with_intervals {
        VALUE + INTERVAL + 1
    } else {
        VALUE + 2
    };
    let fits = usize::from(room / each).min(sets);
    wanted.extend((0..fits).map(|set| (What::Set(set), each, with_intervals)));
    let left = room.saturating_sub(fits as u16 * each);
    if left > COST {
        wanted.push((What::Cost, left, false));
    }
    let mut x = NAME;
    wanted
        .into_iter()
        .map(|(what, width, has_interval)| {
            let column = Column {
                what,
                x,
                width,
                has_interval,
            };
            x += width;
            column
        })
        .collect()
}

impl Column {
    fn cell(&self, row: Rect) -> Rect {
        let cell = indent(row, self.x);
        Rect {
            width: self.width.min(cell.width),
            ..cell
        }
    }
}

fn draw_heads(model: &Model, columns: &[Column], row: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    painter.text(indent(row, 3), "detector", theme.dim);
    for column in columns {
        let cell = column.cell(row);
        let room = usize::from(cell.width.saturating_sub(if column.has_interval { 3 } else { 1 }));
        let (text, style) = match column.what {
            What::Average(kind) if kind == model.detectors.by => {
                (format!("{} {}", average_name(kind), glyphs.down), theme.title)
            }
            What::Average(kind) => (average_name(kind).to_owned(), theme.dim),
            What::Set(set) => {
                let set = model.detectors.columns.get(set);
                let name = set.map_or("", |column| column.dataset.as_str());
                (format::fit_name(name, room, glyphs), theme.dim)
            }
            What::Cost => {
                painter.text(indent(cell, 2), "cost", theme.dim);
                continue;
            }
        };
        let text = format::fit(&text, room, glyphs);
        match column.has_interval {
            // From where values begin.
            true => {
                painter.text(indent(cell, 2), &text, style);
            }
            false => painter.right(cell, &text, style),
        }
    }
}

fn average_name(kind: Average) -> &'static str {
    match kind {
        Average::All => "mean",
        kind => kind.name(),
    }
}

fn draw_row(
    model: &Model,
    job: &Job,
    row: &Ranked,
    is_chosen: bool,
    columns: &[Column],
    area: Rect,
    painter: &mut Painter,
) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let detector = row.setting.detector();
    painter.target(area, Target::Detector(detector));
    if is_chosen {
        painter.text(area, glyphs.select, theme.accent);
    }
    let has_numbers = row.sets.iter().any(Option::is_some);
    let name = match (row.may_be_best, has_numbers) {
        (true, _) => theme.better,
        (false, true) => theme.text,
        (false, false) => theme.dim,
    };
    if row.may_be_best {
        painter.text(indent(area, 1), glyphs.alike, theme.better);
    }
    let cell = Rect {
        width: NAME - 4,
        ..indent(area, 3)
    };
    let is_kept = job.source_detector() == Some(detector);
    let label = match is_kept {
        true => format!("{detector} {}", glyphs.marker),
        false => detector.to_string(),
    };
    painter.fitted(cell, &label, if is_chosen { theme.title } else { name });
    if !has_numbers {
        let why = why_none(model, job, detector);
        painter.fitted(indent(area, NAME + 1), &why, theme.dim);
        return;
    }
    for column in columns {
        let cell = column.cell(area);
        let estimate = match column.what {
            What::Average(kind) => {
                let place = Average::EACH.iter().position(|each| *each == kind);
                place.and_then(|place| row.averages.get(place).copied().flatten())
            }
            What::Set(set) => row.sets.get(set).copied().flatten(),
            What::Cost => {
                painter.fitted(indent(cell, 2), detector.description().cost, theme.dim);
                continue;
            }
        };
        let is_deciding = column.what == What::Average(model.detectors.by);
        let style = if is_deciding && row.may_be_best {
            theme.better
        } else {
            theme.text
        };
        draw_estimate(estimate, column.has_interval, style, cell, painter);
    }
}

fn draw_estimate(
    estimate: Option<Estimate>,
    has_interval: bool,
    style: Style,
    cell: Rect,
    painter: &mut Painter,
) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let of_value = match has_interval {
        true => Rect {
            width: cell.width.saturating_sub(INTERVAL),
            ..cell
        },
        false => cell,
    };
    let Some(Estimate { value, interval }) = estimate else {
        return painter.right(of_value, glyphs.missing, theme.dim);
    };
    painter.right(of_value, &format::percent(value), style);
    if has_interval {
        let beside = indent(cell, of_value.width + 1);
        let text = format::interval_within((interval.low, interval.high), INTERVAL - 1, glyphs);
        painter.text(beside, &text, theme.dim);
    }
}

/// Why a detector has no numbers.
fn why_none(model: &Model, job: &Job, detector: Detector) -> String {
    if let Some(why) = job.fit.missing.get(&detector) {
        let start = format!("{} ", detector.key());
        return why.strip_prefix(&start).unwrap_or(why).to_owned();
    }
    if movement(&job.setting(detector)).is_some() && !model.detectors.with_passes {
        return "needs passes of its own: f scores it too".to_owned();
    }
    match job.fit.progress {
        Some((done, total)) => format!("{done} of {total} training images are passed through the network"),
        None => "waits for scores".to_owned(),
    }
}

/// The formula of the chosen detector, its knobs, cost and source, and what it was fitted on.
fn about_lines(model: &Model, job: &Job, row: &Ranked, width: u16, painter: &Painter) -> Vec<Line<'static>> {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let detector = row.setting.detector();
    let about = detector.description();
    let room = usize::from(width.saturating_sub(2));
    let separator = format!(" {} ", glyphs.separator);
    let mut texts = vec![format!("{detector}: {}", about.formula)];
    let with_source = format!("{}{separator}{}", texts.concat(), about.source);
    if with_source.width() <= room {
        texts = vec![with_source];
    }
    let knobs = format::knobs(&job.setting(detector), glyphs);
    let mut more: Vec<String> = Vec::new();
    if !detector.knobs().is_empty() {
        more.push(knobs);
    }
    more.push(about.cost.to_owned());
    texts.push(more.join(&separator));
    if let Some(why) = job.fit.missing.get(&detector) {
        texts.push(why.clone());
    } else {
        let fitted = job
            .fit
            .on
            .as_ref()
            .filter(|_| odin_core::setting::is_fitted(detector));
        let fitted = fitted.map(|on| format!("fitted on {} images of {}", on.images, on.dataset));
        let images = model.detectors.images(job.id);
        let images = images.map(|(ins, outs)| format!("measured on {ins} + {outs} images"));
        texts.push(
            [fitted, images]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(&separator),
        );
    }
    let styles = [theme.title, theme.text, theme.dim];
    texts
        .into_iter()
        .zip(styles)
        .flat_map(|(text, style)| {
            let lines = format::wrap(&text, room).into_iter();
            lines.map(move |line| Line::styled(format!(" {line}"), style))
        })
        .collect()
}
