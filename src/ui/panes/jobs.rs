//! The table of jobs: what each scores, at which T and ε, and how far it is.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::app::{Job, JobState, Model};
use crate::session::Detector;
use crate::ui::widgets::title;
use crate::ui::{HitMap, Look, Target, format};

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

/// A field's least width, and how soon it goes when there is no room for all (the least first).
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

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    hits.add(area, Target::Jobs);
    let columns = columns(model, look, area.width);
    let head = Rect { height: 1, ..area };
    title::rule(head, look, buffer);
    let rows = area.height.saturating_sub(1);
    // The selected job stays in sight.
    let first = (model.view.job + 1).saturating_sub(usize::from(rows));
    for (field, x, width) in &columns {
        let text = heading(*field, model, look, rows);
        let style = if *field == Field::Network {
            look.theme.title
        } else {
            look.theme.dim
        };
        if is_number(*field) {
            title::label_before(head, x + width, &text, style, buffer);
        } else {
            title::label(head, x.saturating_sub(1), &text, style, buffer);
        }
    }
    for (row, (number, job)) in (0..rows).zip(model.jobs.iter().enumerate().skip(first)) {
        let line = Rect {
            y: area.y + 1 + row,
            height: 1,
            ..area
        };
        let is_selected = number == model.view.job;
        hits.add(line, Target::Job(number));
        if is_selected {
            buffer.set_string(line.x, line.y, look.glyphs.select, look.theme.accent);
        }
        for (field, x, width) in &columns {
            let cell = Rect {
                x: line.x + x,
                width: *width,
                ..line
            };
            draw_field(*field, model, job, is_selected, look, cell, buffer);
        }
    }
}

/// The fields that fit, with where they begin and how wide they are.
fn columns(model: &Model, look: &Look, width: u16) -> Vec<(Field, u16, u16)> {
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
    // Names first, as far as they need it; the bar takes some of the rest.
    let longest = |name: fn(&Job) -> &str| {
        model
            .jobs
            .iter()
            .map(|job| name(job).width())
            .max()
            .unwrap_or(0)
            .min(60) as u16
    };
    let mut x = 1;
    let mut placed = Vec::new();
    for (field, width, _) in fields {
        let wanted = match field {
            Field::Network => longest(|job| &job.spec.network) + 1,
            Field::Set => longest(|job| &job.spec.dataset) + 1,
            Field::Queue => longest(|job| &job.queue) + 1,
            Field::Bar => 40,
            Field::Device => {
                let all = model.jobs.iter().map(|job| device(model, job, look).width());
                all.max().unwrap_or(0) as u16
            }
            _ => width,
        };
        let more = wanted.saturating_sub(width).min(spare);
        spare -= more;
        placed.push((field, x, width + more));
        x += width + more + 1;
    }
    placed
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

fn heading(field: Field, model: &Model, look: &Look, rows: u16) -> String {
    match field {
        Field::Network if model.jobs.len() > usize::from(rows) => {
            format!("job {} of {}", model.view.job + 1, model.jobs.len())
        }
        Field::Network => "network".to_owned(),
        Field::Set => "OOD set".to_owned(),
        Field::Temperature => "T".to_owned(),
        Field::Magnitude => look.glyphs.epsilon.to_owned(),
        Field::Bar => "progress".to_owned(),
        Field::Percent => String::new(),
        Field::Images => "images".to_owned(),
        Field::Rate => "img/s".to_owned(),
        Field::Left => "left".to_owned(),
        Field::State => "state".to_owned(),
        Field::Metric => format!("{} %", model.view.metric),
        Field::Device => "device".to_owned(),
        Field::Queue => "queue".to_owned(),
    }
}

fn draw_field(
    field: Field,
    model: &Model,
    job: &Job,
    is_selected: bool,
    look: &Look,
    cell: Rect,
    buffer: &mut Buffer,
) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let name = if is_selected { theme.title } else { theme.text };
    let (text, style) = match field {
        Field::Network => (job.spec.network.clone(), name),
        Field::Set => (job.spec.dataset.clone(), name),
        Field::Queue => (job.queue.clone(), theme.dim),
        Field::Temperature => (format::temperature(job.spec.temperature), name),
        Field::Magnitude => (format::magnitude(job.spec.magnitude), name),
        Field::Bar => return draw_bar(job, look, cell, buffer),
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
        Field::State => state(job, look),
        Field::Metric => metric(model, job, look),
        Field::Device => {
            let full = device(model, job, look);
            // Once is enough: jobs share devices.
            let is_full = is_selected && full.width() <= usize::from(cell.width);
            (if is_full { full } else { device_names(job) }, theme.dim)
        }
    };
    let text = format::fit(&text, usize::from(cell.width), glyphs);
    let x = if is_number(field) {
        cell.right().saturating_sub(text.width() as u16)
    } else {
        cell.x
    };
    buffer.set_string(x, cell.y, text, style);
}

fn state(job: &Job, look: &Look) -> (String, Style) {
    let theme = &look.theme;
    let (text, style) = match job.state {
        JobState::Waiting => ("waiting", theme.dim),
        JobState::Running => ("running", theme.accent),
        JobState::Paused => ("paused", theme.warning),
        JobState::Done { .. } => ("done", theme.better),
        JobState::Failed { .. } => ("failed", theme.error),
        JobState::Cancelled => ("cancelled", theme.dim),
    };
    (text.to_owned(), style)
}

/// `cuda:0`; of a split job the first, and how many there are.
fn device_names(job: &Job) -> String {
    let devices = job.found_devices.as_ref().unwrap_or(&job.devices);
    match devices.all().len() {
        1 => devices.first().to_string(),
        count => format!("{}+{}", devices.first(), count - 1),
    }
}

/// With the memory of the first: `cuda:0 · 3.1 of 139 GiB`.
fn device(model: &Model, job: &Job, look: &Look) -> String {
    let name = device_names(job);
    let first = job.found_devices.as_ref().map(|devices| devices.first());
    match first.and_then(|device| model.memory.get(&device)) {
        Some(memory) => format!("{name} {} {memory}", look.glyphs.separator),
        None => name,
    }
}

/// The chosen metric, baseline → ODIN, or another detector that is looked at.
fn metric(model: &Model, job: &Job, look: &Look) -> (String, Style) {
    let shown = model.beside();
    let of = |detector| {
        let analysis = job.analysis(detector).filter(|_| !job.is_stale_by(detector));
        let value = analysis.map(|analysis| format!("{:.1}", 100.0 * analysis.metric(model.view.metric)));
        value.unwrap_or_else(|| look.glyphs.missing.to_owned())
    };
    (
        format!("{} {} {}", of(Detector::Baseline), look.glyphs.arrow, of(shown)),
        look.theme.text,
    )
}

fn draw_bar(job: &Job, look: &Look, cell: Rect, buffer: &mut Buffer) {
    let Some(progress) = job.progress() else { return };
    let filled = (progress * f64::from(cell.width)).floor() as u16;
    for (n, x) in (0..cell.width).zip(cell.left()..) {
        let (symbol, style) = if n < filled {
            (
                look.glyphs.bar_full,
                if job.is_active() {
                    look.theme.accent
                } else {
                    look.theme.dim
                },
            )
        } else {
            (look.glyphs.bar_empty, look.theme.dim)
        };
        buffer.set_string(x, cell.y, symbol, style);
    }
}
