//! The table of jobs: what each scores, at which T and ε, and how far it is.
use ratatui::layout::{Flex, Layout, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::app::{Job, JobState, Model};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::theme::Theme;
use odin_core::session::Detector;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Network,
    Set,
    Temperature,
    Magnitude,
    Bar,
    Percent,
    Images,
    Rate,
    Left,
    State,
    Metric,
    Device,
    Queue,
}

/// Each field with its least width and its rank: where there is no room for all, the lowest rank goes first, and 9 stays.
const FIELDS: [(Field, u16, u8); 13] = [
    (Field::Queue, 10, 0),
    (Field::Network, 16, 9),
    (Field::Set, 12, 9),
    (Field::Temperature, 5, 9),
    (Field::Magnitude, 6, 9),
    (Field::Bar, 8, 6),
    (Field::Percent, 4, 7),
    (Field::Images, 13, 2),
    (Field::Rate, 5, 5),
    (Field::Left, 5, 4),
    (Field::State, 9, 8),
    (Field::Metric, 15, 3),
    (Field::Device, 6, 1),
];

pub(super) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    painter.target(area, Target::Jobs);
    let [head, body] = areas::head(area);
    let fields = fields(model, area.width, painter);
    let widths = fields.iter().map(|(_, width)| *width);
    let layout = Layout::horizontal(widths).spacing(1).flex(Flex::Start);
    let columns = indent(head, 1).layout_vec(&layout);
    painter.rule(head);
    for ((field, _), column) in fields.iter().zip(&columns) {
        let text = heading(*field, model, body.height, painter);
        let text = format::fit(&text, usize::from(column.width), painter.glyphs());
        let style = match field {
            Field::Network => theme.title,
            Field::State if model.failed_jobs() > 0 => theme.error,
            _ => theme.dim,
        };
        if is_number(*field) {
            painter.label_right(*column, &text, style);
        } else {
            painter.label(*column, &text, style);
        }
    }
    // The selected job stays in sight.
    let listed = model.listed_jobs();
    if listed.is_empty() && !model.jobs.is_empty() {
        painter.text(indent(body, 1), "no job matches; esc shows all", theme.dim);
    }
    let selected = listed.iter().position(|&number| number == model.view.job);
    let first = areas::first_in_sight(selected.unwrap_or_default(), body.height);
    let shown = listed
        .iter()
        .skip(first)
        .filter_map(|&number| Some((number, model.jobs.get(number)?)));
    for (row, (number, job)) in body.rows().zip(shown) {
        let is_selected = number == model.view.job;
        painter.target(row, Target::Job(number));
        if is_selected {
            painter.text(row, painter.glyphs().select, theme.accent);
        }
        for ((field, _), column) in fields.iter().zip(&columns) {
            let cell = areas::cell(row, *column);
            draw_field(*field, model, job, is_selected, cell, painter);
        }
    }
}

/// The fields that fit, with their widths.
fn fields(model: &Model, width: u16, painter: &Painter) -> Vec<(Field, u16)> {
    let mut fields = FIELDS.to_vec();
    if model.session.queues.len() < 2 {
        fields.retain(|(field, ..)| *field != Field::Queue);
    }
    let total = |fields: &[(Field, u16, u8)]| fields.iter().map(|(_, width, _)| width + 1).sum::<u16>();
    while total(&fields) > width {
        let Some(least) = fields
            .iter()
            .map(|(.., keep)| *keep)
            .min()
            .filter(|keep| *keep < 9)
        else {
            break;
        };
        fields.retain(|(.., keep)| *keep != least);
    }
    let mut spare = width.saturating_sub(total(&fields));
    // Names get as much as they need; the bar takes some of the rest.
    let longest = |name: fn(&Job) -> &str| {
        model
            .jobs
            .iter()
            .map(|job| name(job).width())
            .max()
            .unwrap_or(0)
            .min(60) as u16
    };
    fields
        .into_iter()
        .map(|(field, width, _)| {
            let wanted = match field {
                Field::Network => longest(|job| &job.spec.network) + 1,
                Field::Set => longest(|job| &job.spec.dataset) + 1,
                Field::Queue => longest(|job| &job.queue) + 1,
                Field::Bar => 40,
                Field::Device => {
                    let all = model.jobs.iter().map(|job| device(model, job, painter).width());
                    all.max().unwrap_or(0) as u16
                }
                _ => width,
            };
            let more = wanted.saturating_sub(width).min(spare);
            spare -= more;
            (field, width + more)
        })
        .collect()
}

fn is_number(field: Field) -> bool {
    matches!(
        field,
        Field::Temperature
            | Field::Magnitude
            | Field::Percent
            | Field::Images
            | Field::Rate
            | Field::Left
            | Field::Metric
    )
}

fn heading(field: Field, model: &Model, rows: u16, painter: &Painter) -> String {
    match field {
        Field::Network if model.job_filter.is_set() => {
            let text = model.job_filter.text.text().trim();
            format!("{} of {}: {text}", model.listed_jobs().len(), model.jobs.len())
        }
        Field::Network if model.jobs.len() > usize::from(rows) => {
            format!("job {} of {}", model.view.job + 1, model.jobs.len())
        }
        Field::Network => "network".to_owned(),
        Field::Set => "OOD set".to_owned(),
        Field::Temperature => "T".to_owned(),
        Field::Magnitude => painter.glyphs().epsilon.to_owned(),
        Field::Bar => "progress".to_owned(),
        Field::Percent => String::new(),
        Field::Images => "images".to_owned(),
        Field::Rate => "img/s".to_owned(),
        Field::Left => "left".to_owned(),
        Field::State => match model.failed_jobs() {
            0 => "state".to_owned(),
            failed => format!("{failed} failed"),
        },
        Field::Metric => format!("{} %", model.view.metric),
        Field::Device => "device".to_owned(),
        Field::Queue => "queue".to_owned(),
    }
}

fn draw_field(field: Field, model: &Model, job: &Job, is_selected: bool, cell: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let name = if is_selected { theme.title } else { theme.text };
    let (text, style) = match field {
        Field::Network => (job.spec.network.clone(), name),
        Field::Set => (job.spec.dataset.clone(), name),
        Field::Queue => (job.queue.clone(), theme.dim),
        Field::Temperature => (format::temperature(job.spec.settings.temperature()), name),
        Field::Magnitude => (format::magnitude(job.spec.settings.magnitude()), name),
        Field::Bar => return draw_bar(job, cell, painter),
        Field::Percent => (
            job.progress()
                .map(|part| format!("{:.0}%", (part * 100.0).floor()))
                .unwrap_or_default(),
            theme.text,
        ),
        Field::Images => match job.total() {
            Some(total) => (format!("{}/{total}", job.scored()), theme.dim),
            None => (String::new(), theme.dim),
        },
        Field::Rate => (
            job.images_per_second().map(format::rate).unwrap_or_default(),
            theme.text,
        ),
        Field::Left => (
            job.seconds_left().map(format::duration).unwrap_or_default(),
            theme.text,
        ),
        Field::State => state(job, painter.theme()),
        Field::Metric => metric(model, job, painter),
        Field::Device => {
            let full = device(model, job, painter);
            // Jobs share devices: the memory is shown once.
            let is_full = is_selected && full.width() <= usize::from(cell.width);
            (if is_full { full } else { device_names(job) }, theme.dim)
        }
    };
    let text = match field {
        Field::Network | Field::Set => format::fit_name(&text, usize::from(cell.width), painter.glyphs()),
        _ => format::fit(&text, usize::from(cell.width), painter.glyphs()),
    };
    if is_number(field) {
        painter.right(cell, &text, style);
    } else {
        painter.text(cell, &text, style);
    }
}

fn state(job: &Job, theme: &Theme) -> (String, Style) {
    let style = match job.state {
        JobState::Waiting | JobState::Cancelled => theme.dim,
        JobState::Running => theme.accent,
        JobState::Paused => theme.warning,
        JobState::Done { .. } => theme.better,
        JobState::Failed { .. } => theme.error,
    };
    (job.state.name().to_owned(), style)
}

/// `cuda:0`; of several devices the first, and how many more there are: `cuda:0+3`.
fn device_names(job: &Job) -> String {
    let devices = job.found_devices.as_ref().unwrap_or(&job.devices);
    match devices.all().len() {
        1 => devices.first().to_string(),
        count => format!("{}+{}", devices.first(), count - 1),
    }
}

/// With the memory of the first: `cuda:0 · 3.1 of 139 GiB`.
fn device(model: &Model, job: &Job, painter: &Painter) -> String {
    let name = device_names(job);
    let first = job.found_devices.as_ref().map(|devices| devices.first());
    match first.and_then(|device| model.memory.get(&device)) {
        Some(memory) => format!("{name} {} {memory}", painter.glyphs().separator),
        None => name,
    }
}

/// The chosen metric: baseline → ODIN, or another detector that is on screen.
fn metric(model: &Model, job: &Job, painter: &Painter) -> (String, Style) {
    let glyphs = painter.glyphs();
    let shown = model.beside();
    let of = |detector| {
        let analysis = job.analysis(detector).filter(|_| !job.is_stale_by(detector));
        let value = analysis.map(|analysis| format!("{:.1}", 100.0 * analysis.metric(model.view.metric)));
        value.unwrap_or_else(|| glyphs.missing.to_owned())
    };
    (
        format!("{} {} {}", of(Detector::Baseline), glyphs.arrow, of(shown)),
        painter.theme().text,
    )
}

fn draw_bar(job: &Job, cell: Rect, painter: &mut Painter) {
    let Some(progress) = job.progress() else { return };
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let filled = (progress * f64::from(cell.width)).floor() as usize;
    let style = if job.is_active() { theme.accent } else { theme.dim };
    let rest = painter.text(cell, &glyphs.bar_full.repeat(filled), style);
    painter.text(rest, &glyphs.bar_empty.repeat(usize::from(rest.width)), theme.dim);
}
