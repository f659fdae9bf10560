//! The Compare screen: the paper's table, live. Rows are jobs; each cell is baseline/ODIN (or another detector), and below it the change, the
//! intervals and what was published, for all rows where there is room, else for the chosen one.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::app::{CompareColumn, Job, JobState, Model, change, present};
use crate::networks::Measures;
use crate::session::{Detector, Metric};
use crate::ui::widgets::title;
use crate::ui::{HitMap, Look, Target, format};

/// `100.0/100.0`, and a blank.
const CELL: u16 = 12;
/// `100.00/100.00`, and a blank.
const WIDE_CELL: u16 = 15;

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    let theme = &look.theme;
    let head = Rect { height: 1, ..area };
    let conventions = model.view.conventions.to_string();
    let compare = &model.compare;
    let beside = model.beside();
    let mut name = match compare.column {
        // Of which metric, its own head says.
        CompareColumn::Metric(_) => format!("baseline/{beside}, by {}", compare.number.title(beside)),
        _ => format!("baseline/{beside}, %"),
    };
    if let Some(network) = only_network(model) {
        let full = format!("{network}, {name}");
        // The conventions must not give way to it.
        if full.width() + conventions.width() + 7 <= usize::from(area.width) || area.width < 80 {
            name = full;
        }
    }
    title::draw(
        head,
        &name,
        vec![Span::styled(conventions, theme.dim)],
        look,
        buffer,
    );
    let columns = columns(model, area.width);
    let order = model.compared();
    let body = Rect {
        y: area.y + 2,
        height: area.height.saturating_sub(2),
        ..area
    };
    if order.is_empty() {
        buffer.set_string(area.x + 1, area.y + 3, "this session has no jobs", theme.dim);
        return;
    }
    draw_heads(
        model,
        &columns,
        look,
        Rect {
            y: area.y + 1,
            ..head
        },
        buffer,
        hits,
    );
    let blocks: Vec<Vec<Line>> = order
        .iter()
        .filter_map(|&number| model.jobs.get(number))
        .map(|job| details(model, job, &columns, look))
        .collect();
    let rows = |details: usize| 1 + details;
    let all: usize = blocks.iter().map(|block| rows(block.len())).sum();
    let show_all = compare.details && all <= usize::from(body.height);
    let chosen = order
        .iter()
        .position(|&job| job == model.view.job)
        .unwrap_or_default();
    let height = |n: usize| {
        let has_details = compare.details && (show_all || n == chosen);
        rows(if has_details {
            blocks.get(n).map_or(0, Vec::len)
        } else {
            0
        })
    };
    // The chosen row stays in sight.
    let mut first = 0;
    while first < chosen && (first..=chosen).map(height).sum::<usize>() > usize::from(body.height) {
        first += 1;
    }
    let mut y = body.y;
    for n in first..order.len() {
        let Some((number, job)) = order
            .get(n)
            .and_then(|&number| Some((number, model.jobs.get(number)?)))
        else {
            continue;
        };
        if y >= body.bottom() {
            break;
        }
        let tall = (height(n) as u16).min(body.bottom() - y);
        hits.add(
            Rect {
                y,
                height: tall,
                ..area
            },
            Target::Row(number),
        );
        draw_row(
            job,
            beside,
            n == chosen,
            &columns,
            look,
            Rect { y, height: 1, ..area },
            buffer,
        );
        for (line, y) in blocks.get(n).into_iter().flatten().zip(y + 1..y + tall) {
            buffer.set_line(area.x, y, line, area.width);
        }
        y += tall;
    }
}

/// The network, where all jobs have the same: it needs no column then.
fn only_network(model: &Model) -> Option<&str> {
    let mut names = model.jobs.iter().map(|job| job.spec.network.as_str());
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

/// A column, where it begins and how wide it is; numbers end where the next column begins.
struct Placed {
    column: CompareColumn,
    x: u16,
    width: u16,
}

fn columns(model: &Model, width: u16) -> Vec<Placed> {
    let longest = |name: fn(&Job) -> &str, most: usize| {
        let longest = model.jobs.iter().map(|job| name(job).width()).max().unwrap_or(0);
        longest.clamp(7, most) as u16 + 1
    };
    let names = if width >= 110 { 40 } else { 16 };
    let network = longest(|job| &job.spec.network, names);
    let set = longest(|job| &job.spec.dataset, names) + 5;
    let mut wanted = vec![(CompareColumn::Network, network), (CompareColumn::Set, set)];
    if only_network(model).is_some() {
        wanted.remove(0);
    }
    let metrics = Metric::ALL.map(CompareColumn::Metric);
    let total = |wanted: &[(CompareColumn, u16)]| 1 + wanted.iter().map(|(_, width)| width).sum::<u16>();
    // The numbers first; then T, the magnitude and the images, where they fit too.
    let room = width.saturating_sub(total(&wanted));
    let cell = if room >= 5 * WIDE_CELL {
        WIDE_CELL
    } else {
        CELL.min(room / 5).max(11)
    };
    let fits = (room / cell).clamp(1, 5);
    let mut shown: Vec<CompareColumn> = metrics.to_vec();
    while shown.len() > usize::from(fits) {
        // The metric that a person chose stays.
        let last = shown
            .iter()
            .rposition(|column| *column != CompareColumn::Metric(model.view.metric));
        last.map(|last| shown.remove(last));
    }
    let mut spare = room.saturating_sub(cell * shown.len() as u16);
    for (column, width) in [
        (CompareColumn::Temperature, 7),
        (CompareColumn::Magnitude, 8),
        (CompareColumn::Images, 13),
    ] {
        if spare >= width {
            spare -= width;
            wanted.push((column, width));
        }
    }
    wanted.extend(shown.into_iter().map(|column| (column, cell)));
    let mut x = 1;
    let place = |(column, width)| {
        let placed = Placed { column, x, width };
        x += width;
        placed
    };
    wanted.into_iter().map(place).collect()
}

fn is_number(column: CompareColumn) -> bool {
    !matches!(column, CompareColumn::Network | CompareColumn::Set)
}

fn draw_heads(
    model: &Model,
    columns: &[Placed],
    look: &Look,
    row: Rect,
    buffer: &mut Buffer,
    hits: &mut HitMap,
) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    for placed in columns {
        let name = match placed.column {
            CompareColumn::Session => String::new(),
            CompareColumn::Network => "network".to_owned(),
            CompareColumn::Set => "OOD set".to_owned(),
            CompareColumn::Temperature => "T".to_owned(),
            CompareColumn::Magnitude => glyphs.epsilon.to_owned(),
            CompareColumn::Images => "images".to_owned(),
            CompareColumn::Metric(metric) => metric.to_string(),
        };
        let is_sorted = placed.column == model.compare.column;
        let (name, style) = match (is_sorted, model.compare.is_descending) {
            (true, false) => (format!("{name} {}", glyphs.up), theme.title),
            (true, true) => (format!("{name} {}", glyphs.down), theme.title),
            (false, _) => (name, theme.dim),
        };
        put(&name, style, placed, row, buffer);
        let area = Rect {
            x: row.x + placed.x,
            width: placed.width,
            ..row
        };
        hits.add(area, Target::Column(placed.column));
    }
}

fn put(text: &str, style: Style, placed: &Placed, row: Rect, buffer: &mut Buffer) {
    let width = text.width() as u16;
    let x = if is_number(placed.column) {
        (row.x + placed.x + placed.width).saturating_sub(width)
    } else {
        row.x + placed.x
    };
    buffer.set_stringn(x, row.y, text, usize::from(row.right().saturating_sub(x)), style);
}

fn draw_row(
    job: &Job,
    beside: Detector,
    is_chosen: bool,
    columns: &[Placed],
    look: &Look,
    row: Rect,
    buffer: &mut Buffer,
) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    if is_chosen {
        buffer.set_string(row.x, row.y, glyphs.select, theme.accent);
    }
    let name = if is_chosen { theme.title } else { theme.text };
    for placed in columns {
        let room = usize::from(placed.width.saturating_sub(1));
        match placed.column {
            CompareColumn::Session => {}
            CompareColumn::Network => {
                put(
                    &format::fit(&job.spec.network, room, glyphs),
                    name,
                    placed,
                    row,
                    buffer,
                );
            }
            CompareColumn::Set => {
                let progress = match (&job.state, job.progress()) {
                    (JobState::Done { .. }, _) => String::new(),
                    (JobState::Failed { .. }, _) => " failed".to_owned(),
                    (_, Some(part)) => format!(" {:.0}%", (part * 100.0).floor()),
                    (_, None) => String::new(),
                };
                let set = format::fit(&job.spec.dataset, room.saturating_sub(progress.len()), glyphs);
                put(&set, name, placed, row, buffer);
                let x = row.x + placed.x + set.width() as u16;
                buffer.set_string(x, row.y, progress, theme.dim);
            }
            CompareColumn::Temperature => {
                put(
                    &format::temperature(job.spec.temperature),
                    theme.dim,
                    placed,
                    row,
                    buffer,
                );
            }
            CompareColumn::Magnitude => {
                put(
                    &format::magnitude(job.spec.magnitude),
                    theme.dim,
                    placed,
                    row,
                    buffer,
                );
            }
            CompareColumn::Images => {
                let summary = present(job, beside)
                    .or(job.baseline.as_ref())
                    .map(|analysis| analysis.summary);
                let text = summary.map(|summary| format!("{}+{}", summary.n_in, summary.n_out));
                put(&text.unwrap_or_default(), theme.dim, placed, row, buffer);
            }
            CompareColumn::Metric(metric) => {
                let digits = usize::from(placed.width >= WIDE_CELL) + 1;
                let number = |value: Option<f64>| match value {
                    Some(value) => format!("{:.digits$}", 100.0 * value),
                    None => glyphs.missing.to_owned(),
                };
                let baseline = number(job.baseline.as_ref().map(|analysis| analysis.metric(metric)));
                let other = number(present(job, beside).map(|analysis| analysis.metric(metric)));
                let end = row.x + placed.x + placed.width;
                let x = end.saturating_sub((baseline.width() + 1 + other.width()) as u16);
                let line = Line::from(vec![
                    Span::styled(baseline, theme.text),
                    Span::styled("/", theme.dim),
                    Span::styled(other, theme.odin),
                ]);
                buffer.set_line(x, row.y, &line, row.right().saturating_sub(x));
            }
        }
    }
}

/// The lines below a row: the change from the baseline, the intervals, and what was published.
fn details<'a>(model: &Model, job: &Job, columns: &[Placed], look: &Look) -> Vec<Line<'a>> {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let beside = model.beside();
    let line = |name: String, cell: &dyn Fn(Metric) -> Option<(String, Style)>| {
        let mut spans = vec![Span::styled(format!("   {name}"), theme.dim)];
        let mut used = 3 + name.width() as u16;
        let mut any = false;
        for placed in columns {
            let CompareColumn::Metric(metric) = placed.column else {
                continue;
            };
            if let Some((text, style)) = cell(metric) {
                any = true;
                let end = placed.x + placed.width;
                let start = end.saturating_sub(text.width() as u16).max(used);
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
    let is_metric = |placed: &&Placed| matches!(placed.column, CompareColumn::Metric(_));
    let widths = columns.iter().filter(is_metric).map(|placed| placed.width);
    // A blank between two of them.
    let room = widths.min().unwrap_or(0).saturating_sub(1);
    let interval = |metric: Metric, analysis: Option<&crate::app::Analysis>| {
        let interval = analysis?.interval(metric)?;
        Some((format::interval_within(interval, room, glyphs), theme.dim))
    };
    let row = model.catalogue.published(&job.spec.network, &job.spec.dataset);
    let theirs = |metric: Metric| {
        let row = row?;
        let of = |measures: &Measures| format!("{:.1}", measures.of(metric));
        // Of other detectors nothing was published.
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
