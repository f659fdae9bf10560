//! The Grid screen: a heat map of a metric over T × ε, and below it the cells that matter in numbers.
use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::grid_table;
use crate::app::{Action, EngineState, Grid, GridAction, JobState, Model, Parameters, Place, Subset};
use crate::metrics::Conventions;
use crate::session::Metric;
use crate::ui::widgets::{heat, title};
use crate::ui::{HitMap, Look, Target, format, rows};

/// Room for the temperatures on the left.
const LABELS: u16 = 7;
/// A cell that is this wide holds its number.
const NUMBER: u16 = 5;

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    let head = Rect { height: 1, ..area };
    let Some((job, grid)) = model.selected().zip(model.grid()) else {
        title::draw(head, "grid", Vec::new(), look, buffer);
        let why = format::fit(&why_none(model), usize::from(area.width), &look.glyphs);
        buffer.set_string(area.x + 1, area.y + area.height / 2, why, look.theme.dim);
        return;
    };
    let table = grid_table::ROWS.min(area.height.saturating_sub(13));
    let room = area.height.saturating_sub(3 + table);
    let up = Window::new(grid.temperatures().len(), room, 1, 4, grid.cursor.temperature);
    let left = room.saturating_sub(up.length());
    let legends = legend(
        model,
        grid,
        job.parameters(),
        look,
        usize::from(area.width),
        left > 0,
    );
    let more = legends.len().saturating_sub(1) as u16;
    let heights = [1, up.length(), 1, 1 + more, left.saturating_sub(more), table];
    let [_, map, axis, legend, _, table] = rows(area, heights);
    let name = format!("{} of {}", model.view.metric, job.spec.dataset);
    let n = grid.validation();
    let state = format!(
        "on {n} + {n} images {} {}",
        look.glyphs.separator,
        state(model, grid)
    );
    title::draw(
        head,
        &name,
        vec![Span::styled(state, look.theme.dim)],
        look,
        buffer,
    );
    draw_map(
        model,
        grid,
        job.parameters(),
        &up,
        look,
        [map, axis],
        buffer,
        hits,
    );
    for (line, y) in legends.iter().zip(legend.top()..legend.bottom()) {
        buffer.set_line(legend.x, y, line, legend.width);
    }
    grid_table::draw(model, grid, look, table, buffer);
}

fn why_none(model: &Model) -> String {
    let Some(job) = model.selected() else {
        return "this session has no jobs".to_owned();
    };
    match (&model.engine, &job.state, job.totals) {
        (EngineState::Gone(reason), ..) => format!("no engine: {reason}"),
        (_, JobState::Failed { reason }, _) => format!("failed: {reason}"),
        (_, _, Some(_)) => "a grid needs two images of each set, and at most 4096 cells".to_owned(),
        _ => format!("waiting until {} is opened", job.spec.dataset),
    }
}

fn state(model: &Model, grid: &Grid) -> String {
    let count = format!("{} of {}", grid.done(), grid.total());
    let busy = model.jobs.iter().any(|job| job.is_active());
    match (grid.filling, grid.is_full(), grid.seconds_left) {
        (_, true, _) => "all filled".to_owned(),
        (false, ..) => format!("{count} filled"),
        (true, _, Some(left)) if !busy => format!("{count}, {} left", format::duration(left)),
        (true, ..) if busy => format!("{count}, jobs first"),
        (true, ..) => format!("{count}, filling"),
    }
}

/// Places of one axis that are in sight: the cursor always is.
struct Window {
    first: usize,
    count: usize,
    /// Rows or columns a cell.
    size: u16,
}

impl Window {
    fn new(total: usize, room: u16, least: u16, most: u16, cursor: usize) -> Self {
        let size = (room / (total.max(1) as u16)).clamp(least, most);
        let count = usize::from(room / size).min(total);
        let first = cursor.saturating_sub(count / 2).min(total - count);
        Self { first, count, size }
    }

    fn length(&self) -> u16 {
        self.size * self.count as u16
    }
}

#[expect(clippy::too_many_arguments)]
fn draw_map(
    model: &Model,
    grid: &Grid,
    own: Parameters,
    up: &Window,
    look: &Look,
    [map, axis]: [Rect; 2],
    buffer: &mut Buffer,
    hits: &mut HitMap,
) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let (temperatures, magnitudes) = (grid.temperatures(), grid.magnitudes());
    let across = Window::new(
        magnitudes.len(),
        map.width.saturating_sub(LABELS),
        2,
        9,
        grid.cursor.magnitude,
    );
    let scale = Scale::new(model, grid);
    let own = grid.place_of(own);
    for row in 0..up.count {
        // The largest T is on top.
        let temperature = up.first + up.count - 1 - row;
        let y = map.y + row as u16 * up.size;
        let middle = y + (up.size - 1) / 2;
        if let Some(t) = temperatures.get(temperature) {
            let text = format::fit(&format::temperature(*t), usize::from(LABELS) - 2, glyphs);
            let text = if row == 0 { format!("T {text}") } else { text };
            let style = if temperature == grid.cursor.temperature {
                theme.title
            } else {
                theme.dim
            };
            let x = (map.x + LABELS - 1).saturating_sub(text.width() as u16);
            buffer.set_string(x, middle, text, style);
        }
        for column in 0..across.count {
            let place = Place {
                temperature,
                magnitude: across.first + column,
            };
            let cell = Rect {
                x: map.x + LABELS + column as u16 * across.size,
                y,
                width: across.size,
                height: up.size,
            };
            hits.add(cell, Target::Cell(place));
            let marker = match () {
                () if scale.best == Some(place) => glyphs.marker,
                () if own == Some(place) => glyphs.grip,
                () => "",
            };
            let alike = scale.candidates.is_some_and(|places| places.contains(&place));
            let marks = Marks { marker, alike };
            draw_cell(grid, place, &scale, marks, look, cell, buffer);
        }
    }
    draw_axis(grid, &across, look, axis, buffer);
}

fn draw_axis(grid: &Grid, across: &Window, look: &Look, axis: Rect, buffer: &mut Buffer) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    buffer.set_string(axis.x + 1, axis.y, glyphs.epsilon, theme.dim);
    let place = |n: usize| axis.x + LABELS + ((n - across.first) as u16) * across.size;
    let mut free = axis.x + LABELS;
    let cursor = grid.cursor.magnitude;
    let text_of = |n: usize| grid.magnitudes().get(n).map(|e| format::magnitude(*e));
    // The cursor's own value is always there; of the others as many as leave it room.
    let cursor_text = text_of(cursor).unwrap_or_default();
    let last = axis.right().saturating_sub(cursor_text.width() as u16);
    let cursor_x = place(cursor).min(last);
    let cursor_end = cursor_x + cursor_text.width() as u16;
    for n in across.first..across.first + across.count {
        let Some(text) = text_of(n) else { continue };
        let (x, width) = (place(n), text.width() as u16);
        let collides = n != cursor && x < cursor_end + 1 && x + width + 1 > cursor_x;
        if x >= free && x + width <= axis.right() && !collides && n != cursor {
            buffer.set_string(x, axis.y, &text, theme.dim);
            free = x + width + 2;
        }
    }
    buffer.set_string(cursor_x, axis.y, cursor_text, theme.title);
}

/// What the colours stand for.
struct Scale<'a> {
    metric: Metric,
    conventions: Conventions,
    /// (worst, best) so far.
    ends: Option<(f64, f64)>,
    best: Option<Place>,
    candidates: Option<&'a BTreeSet<Place>>,
}

/// What is marked on a cell.
#[derive(Clone, Copy)]
struct Marks {
    /// Of the best, or of the job's own; else empty.
    marker: &'static str,
    /// It may be the best.
    alike: bool,
}

impl<'a> Scale<'a> {
    fn new(model: &Model, grid: &'a Grid) -> Self {
        let (metric, conventions) = (model.view.metric, model.view.conventions);
        let ends = grid.range(metric, &conventions);
        Self {
            metric,
            conventions,
            ends: ends.map(|(low, high)| {
                if metric.higher_is_better() {
                    (low, high)
                } else {
                    (high, low)
                }
            }),
            best: grid.best(metric, &conventions).map(|(place, _)| place),
            candidates: grid.candidates(metric, &conventions),
        }
    }

    fn value(&self, grid: &Grid, place: Place) -> Option<f64> {
        grid.value(place, self.metric, &self.conventions)
    }

    fn fraction(&self, value: f64) -> f64 {
        match self.ends {
            Some((worst, best)) if worst != best => (value - worst) / (best - worst),
            _ => 1.0,
        }
    }
}

fn draw_cell(
    grid: &Grid,
    place: Place,
    scale: &Scale<'_>,
    Marks { marker, alike }: Marks,
    look: &Look,
    cell: Rect,
    buffer: &mut Buffer,
) {
    let theme = &look.theme;
    let width = usize::from(cell.width);
    let value = scale.value(grid, place);
    let (fill, style, mut text) = match value {
        Some(value) => {
            let shade = heat::shade(scale.fraction(value), look);
            let text = match shade.digit {
                _ if cell.width >= NUMBER => short_percent(value),
                Some(digit) => digit.to_string(),
                None => String::new(),
            };
            (shade.fill, shade.style, text)
        }
        None => (" ", theme.dim, waiting(grid, place, look, width)),
    };
    // A mark stands beside what is written; in a narrow cell a marker takes its place.
    let alike = if alike { look.glyphs.alike } else { "" };
    let mut aside = if marker.is_empty() { alike } else { marker };
    if cell.width < NUMBER && (!marker.is_empty() || text.is_empty()) {
        text = std::mem::take(&mut aside).to_owned();
    }
    let line = |symbol: &str| symbol.repeat(width);
    for y in cell.top()..cell.bottom() {
        buffer.set_string(cell.x, y, line(fill), style);
    }
    let middle = cell.y + (cell.height - 1) / 2;
    // Numbers stand on a plain ground, also where shades are patterns.
    let bold = style.add_modifier(Modifier::BOLD);
    let start = cell.x + (cell.width.saturating_sub(text.width() as u16)) / 2;
    buffer.set_string(start, middle, &text, if marker.is_empty() { style } else { bold });
    if !aside.is_empty() {
        buffer.set_string(cell.right() - 1, middle, aside, bold);
    }
    if grid.cursor == place {
        let frame = if theme.has_colour && value.is_some() {
            bold
        } else {
            theme.title
        };
        if cell.width >= 3 && usize::from(cell.width) >= text.width() + 2 {
            buffer.set_string(cell.x, middle, "[", frame);
            if aside.is_empty() {
                buffer.set_string(cell.right() - 1, middle, "]", frame);
            }
        }
        for y in cell.top()..cell.bottom() {
            let row = Rect { y, height: 1, ..cell };
            buffer.set_style(row, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
}

/// What stands in a cell that has no value yet.
fn waiting(grid: &Grid, place: Place, look: &Look, width: usize) -> String {
    let glyphs = &look.glyphs;
    if !grid.is_in_flight(place, Subset::Validation) {
        return if glyphs.unicode { "·" } else { "." }.to_owned();
    }
    match grid.progress(place, Subset::Validation) {
        Some(part) if width >= 4 => format!("{:.0}%", part * 100.0),
        Some(part) => {
            let eighth = ((part * 8.0) as usize).min(7);
            glyphs
                .eighths
                .get(eighth)
                .copied()
                .unwrap_or(glyphs.more)
                .to_owned()
        }
        None => "?".to_owned(),
    }
}

/// At most four characters: `4.3`, `34.7`, `100`.
fn short_percent(value: f64) -> String {
    let percent = value * 100.0;
    if percent >= 99.95 {
        "100".to_owned()
    } else {
        format!("{percent:.1}")
    }
}

/// What the colours and the marks stand for: in one line, or in two if a second is to be had; where neither is enough,
/// in fewer words.
fn legend<'a>(
    model: &Model,
    grid: &Grid,
    own: Parameters,
    look: &Look,
    width: usize,
    is_two: bool,
) -> Vec<Line<'a>> {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let scale = Scale::new(model, grid);
    let dim = |text: String| Span::styled(text, theme.dim);
    let mark = |glyph: &'static str| Span::styled(format!("   {glyph} "), theme.title);
    let Some((worst, best)) = scale.ends else {
        let text = if grid.filling {
            " the first cell is on its way".to_owned()
        } else {
            let fill = Action::Grid(GridAction::FillOrPause);
            let key = model.keymap.key_on(model.view.screen, &fill);
            let key = key.map(|key| key.to_string()).unwrap_or_default();
            format!(" {key} fills the cells while no job has work, nearest to the cursor first")
        };
        return vec![Line::from(vec![dim(text)])];
    };
    let (worst, best) = (format::percent(worst), format::percent(best));
    let shades = || {
        (0..10).map(|n| {
            let shade = heat::shade((f64::from(n) + 0.5) / 10.0, look);
            let text = shade.digit.map_or(" ".to_owned(), |digit| digit.to_string());
            let fill = if shade.fill == " " { "" } else { shade.fill };
            Span::styled(format!("{text}{fill}"), shade.style)
        })
    };
    let mut line: Line = std::iter::once(dim(format!(" worst {worst} ")))
        .chain(shades())
        .chain([dim(format!(" {best} best"))])
        .chain([mark(glyphs.marker), dim("best so far".to_owned())])
        .chain([mark(glyphs.grip), dim("the job's own".to_owned())])
        .collect();
    let short = || {
        std::iter::once(dim(format!(" {worst} ")))
            .chain(shades())
            .chain([dim(format!(" {best}"))])
            .chain([mark(glyphs.marker), dim("best".to_owned())])
            .chain([mark(glyphs.grip), dim("job".to_owned())])
    };
    let Some(candidates) = scale.candidates else {
        return vec![if line.width() <= width {
            line
        } else {
            short().collect()
        }];
    };
    let said = if candidates.len() == 1 {
        "best with 95 % confidence".to_owned()
    } else {
        format!("one of these {} is the best (95 %)", candidates.len())
    };
    let alike = if candidates.len() == 1 {
        glyphs.marker
    } else {
        glyphs.alike
    };
    if line.width() + 5 + said.width() <= width {
        line.extend([mark(alike), dim(said)]);
        return vec![line];
    }
    if is_two && line.width() <= width {
        let own = grid.place_of(own).map(|own| {
            let is = if candidates.contains(&own) { "is" } else { "is not" };
            format!("; the job's own {is}")
        });
        let own = own.filter(|_| candidates.len() > 1).unwrap_or_default();
        let text = if candidates.len() == 1 {
            "is truly the best, with 95 % confidence".to_owned()
        } else {
            format!(
                "one of these {} is truly the best, with 95 % confidence{own}",
                candidates.len()
            )
        };
        let second = vec![Span::styled(format!(" {alike} "), theme.title), dim(text)];
        return vec![line, Line::from(second)];
    }
    let alike = [mark(alike), dim("may be best".to_owned())];
    vec![short().chain(alike).collect()]
}
