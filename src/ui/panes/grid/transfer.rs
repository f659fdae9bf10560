//! The table of choices: what was chosen on the row's set, reported on the column's, and what is lost against the set's own
//! choice.
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use crate::app::{Action, EngineState, Grid, GridAction, JobState, Missing, Model, Place, TransferSet};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::glyphs::Glyphs;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use odin_core::setting::Setting;
use odin_core::tuning::{self, Axis, Landed};

/// The width of a number with its loss: `100.00 ≈+12.34`, and two blanks.
const CELL: u16 = 16;
/// Room for the mark of the chosen row.
const MARK: u16 = 2;

/// The most room for the name of a set in a sentence.
const NAME: usize = 30;

/// What is drawn.
struct Shown<'a> {
    sets: Vec<TransferSet<'a>>,
    /// `None` until it is computed.
    table: Option<Result<&'a tuning::Transfer, &'a Missing>>,
}

impl<'a> Shown<'a> {
    fn rows(&self) -> Option<&'a [tuning::Row]> {
        let tuning::Transfer(rows) = self.table?.ok()?;
        Some(rows)
    }
}

/// Where the columns are.
struct Columns {
    names: u16,
    knobs: u16,
    /// The first set in sight, and how many are.
    first: usize,
    count: usize,
    has_others: bool,
}

impl Columns {
    fn new(model: &Model, sets: &[TransferSet], knobs: u16, width: u16) -> Self {
        let names = sets.iter().map(|set| set.job.spec.dataset.width());
        let longest = names.max().unwrap_or(0) as u16;
        let most = if width >= 120 { 30 } else { 14 };
        let names = longest.clamp(9, most) + 2;
        let room = width.saturating_sub(MARK + names + knobs);
        let fits = usize::from(room / CELL);
        let has_others = fits > 1;
        let count = fits.saturating_sub(usize::from(has_others)).min(sets.len());
        let first = (model.transfer.column + 1).saturating_sub(count.max(1));
        Self {
            names,
            knobs,
            first,
            count,
            has_others,
        }
    }

    fn cell(&self, row: Rect, n: usize) -> Rect {
        let x = MARK + self.names + self.knobs + CELL * n as u16;
        Rect {
            width: CELL,
            ..indent(row, x)
        }
    }
}

pub(super) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let shown = Shown {
        sets: model.transfer_sets(),
        table: model.transfer_table(),
    };
    let sets = &shown.sets;
    let columns = Columns::new(model, sets, knobs_width(sets, painter.glyphs()), area.width);
    let about = about(model, &shown, area.width, painter);
    let rows = (area.height.saturating_sub(3 + about.len() as u16)).min(sets.len() as u16);
    let foot = about.len() as u16;
    let heights = [1, 1, rows, area.height.saturating_sub(2 + rows + foot), foot];
    let [title, heads, body, _, foot] = areas::stack(area, heights);
    let detector = model.view.detector;
    let direction = match model.view.metric.higher_is_better() {
        true => painter.glyphs().up,
        false => painter.glyphs().down,
    };
    let name = format!(
        "{} {direction} by {detector}: chosen on row, reported on column",
        model.view.metric
    );
    let state = state(model, &shown);
    painter.title(title, &name, vec![Span::styled(state, theme.dim)]);
    draw_heads(model, sets, &columns, heads, painter);
    let first = areas::first_in_sight(model.transfer.row, rows);
    for (n, line) in (first..sets.len()).zip(body.rows()) {
        draw_row(model, &shown, n, &columns, line, painter);
    }
    for ((text, style), line) in about.iter().zip(foot.rows()) {
        painter.text(indent(line, 1), text, *style);
    }
}

fn draw_heads(model: &Model, sets: &[TransferSet], columns: &Columns, row: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    painter.text(indent(row, MARK), "chosen on", theme.dim);
    if columns.count < sets.len() {
        let last = columns.first + columns.count;
        let text = format!("{}{}{last} of {}", columns.first + 1, glyphs.to, sets.len());
        let sight = Rect {
            width: MARK + columns.names + columns.knobs,
            ..row
        };
        painter.right(sight, &text, theme.dim);
    }
    for n in 0..columns.count {
        let set = columns.first + n;
        let Some(TransferSet { job, .. }) = sets.get(set) else {
            continue;
        };
        let style = match set == model.transfer.column {
            true => theme.title,
            false => theme.dim,
        };
        let name = format::fit_name(&job.spec.dataset, usize::from(CELL) - 2, glyphs);
        painter.right(columns.cell(row, n), &name, style);
    }
    if columns.has_others {
        painter.right(columns.cell(row, columns.count), "others", theme.dim);
    }
}

fn draw_row(model: &Model, shown: &Shown, n: usize, columns: &Columns, line: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let Some(TransferSet {
        job, grid, choice, ..
    }) = shown.sets.get(n).copied()
    else {
        return;
    };
    let is_chosen = n == model.transfer.row;
    if is_chosen {
        painter.text(line, glyphs.select, theme.accent);
    }
    let name = Rect {
        width: columns.names - 2,
        ..indent(line, MARK)
    };
    let text = format::fit_name(&job.spec.dataset, usize::from(name.width), glyphs);
    painter.text(name, &text, if is_chosen { theme.title } else { theme.text });
    let is_full = grid.is_some_and(Grid::is_full);
    if let Some((grid, setting)) = grid.and_then(|grid| Some((grid, grid.setting(choice?)?))) {
        let knobs = Rect {
            width: columns.knobs,
            ..indent(line, MARK + columns.names)
        };
        // Until the grid is full another one may be better.
        let style = if is_full { theme.odin } else { theme.dim };
        painter.text(knobs, &knobs_text(grid, &setting, glyphs), style);
    }
    let row = shown.rows().and_then(|rows| rows.get(n));
    for at in 0..columns.count {
        let set = columns.first + at;
        let cell = columns.cell(line, at);
        painter.target(
            Rect { width: CELL, ..cell },
            Target::Cell(Place { row: n, column: set }),
        );
        let landed = row.and_then(|row| row.on.get(set));
        match landed {
            Some(landed) => draw_landed(landed, set == n, cell, painter),
            None => {
                let text = match shown.sets.get(set) {
                    Some(on) => to_come(model, on, choice.filter(|_| is_full), glyphs),
                    None => String::new(),
                };
                painter.right(cell, &text, theme.dim);
            }
        }
        if is_chosen && set == model.transfer.column {
            let reversed = Style::new().add_modifier(Modifier::REVERSED);
            let cell = Rect {
                width: CELL - 1,
                ..indent(cell, 1)
            };
            painter.buffer.set_style(cell, reversed);
        }
    }
    if columns.has_others {
        let cell = columns.cell(line, columns.count);
        match row {
            Some(row) => draw_landed(&row.others, false, cell, painter),
            None => painter.right(cell, glyphs.missing, theme.dim),
        }
    }
}

/// What stands where the table is not computed yet: a value without its loss, or how far it is.
fn to_come(model: &Model, on: &TransferSet, choice: Option<Place>, glyphs: &Glyphs) -> String {
    let known = choice.and_then(|choice| on.grid?.on_rest(choice));
    match known {
        Some(rest) => {
            let value = model.view.metric.of(&rest.tuned.by(&model.view.conventions));
            format!("{} {:<7}", format::percent(value), glyphs.more)
        }
        None => glyphs.missing.to_owned(),
    }
}

fn draw_landed(landed: &Landed, is_own: bool, cell: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let [value, loss] = areas::columns(cell, [CELL - 8, 8]);
    painter.right(value, &format::percent(landed.value), theme.text);
    if is_own {
        painter.text(indent(loss, 1), glyphs.marker, theme.odin);
        return;
    }
    let points = format::points(landed.loss.difference, glyphs);
    let (text, style) = match (landed.loss.is_significant(), landed.loss.difference > 0.0) {
        (false, _) => (format!("{}{points}", glyphs.alike), theme.dim),
        (true, true) => (points, theme.worse),
        (true, false) => (points, theme.better),
    };
    painter.right(loss, &text, style);
}

/// The values of the tuned knobs, as in `T 1000, ε 0.0014`.
fn knobs_text(grid: &Grid, setting: &Setting, glyphs: &Glyphs) -> String {
    let value = |axis: &Axis| {
        let value = format::knob(setting.get(axis.knob.key)?);
        Some(format!("{} {value}", glyphs.knob(axis.knob)))
    };
    grid.axes().filter_map(value).collect::<Vec<_>>().join(", ")
}

/// What a set chose, in words; `None` where it has chosen nothing.
fn chosen(set: &TransferSet, glyphs: &Glyphs) -> Option<String> {
    let grid = set.grid?;
    Some(knobs_text(grid, &grid.setting(set.choice?)?, glyphs))
}

fn knobs_width(sets: &[TransferSet], glyphs: &Glyphs) -> u16 {
    let text = |set: &TransferSet| Some(chosen(set, glyphs)?.width());
    let widest = sets.iter().filter_map(text).max();
    widest.map_or(0, |widest| widest as u16 + 1)
}

fn state(model: &Model, shown: &Shown) -> String {
    let (known, of) = model.transfer_progress();
    let busy = model.jobs.iter().any(|job| job.is_active());
    match (known == of && of > 0, model.is_transfer_filling()) {
        (true, _) if shown.table.is_none() => "comparing".to_owned(),
        (true, _) => {
            let grid = shown.sets.first().and_then(|set| set.grid);
            let validation = grid.map(Grid::validation);
            validation.map_or(String::new(), |(ins, outs)| format!("on {ins} + {outs} images"))
        }
        (false, true) if busy => format!("{known} of {of}, jobs first"),
        (false, true) => format!("{known} of {of}, filling"),
        (false, false) => format!("{known} of {of} filled"),
    }
}

/// What is under the cursor, what the marks mean, and what is left out.
fn about(model: &Model, shown: &Shown, width: u16, painter: &Painter) -> Vec<(String, Style)> {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let room = usize::from(width.saturating_sub(2));
    let mut texts = vec![(under_the_cursor(model, shown, glyphs), theme.text)];
    texts.push((
        format!(
            "{} the set's own choice; beside a value how many points it is worse than that on the same images, {} where the \
             paired 95 % interval holds 0; others: the mean over the sets that did not choose",
            glyphs.marker, glyphs.alike
        ),
        theme.dim,
    ));
    let left_out = model.left_out_of_transfer().into_iter();
    let names: Vec<String> = left_out
        .filter_map(|place| {
            let job = model.jobs.get(place)?;
            let why = match (&job.state, job.totals) {
                (JobState::Failed { .. } | JobState::Cancelled, None) => job.state.name(),
                _ => "another grid or fit",
            };
            Some(format!("{} ({why})", job.spec.dataset))
        })
        .collect();
    if !names.is_empty() {
        texts.push((format!("left out: {}", names.join(", ")), theme.warning));
    }
    texts
        .into_iter()
        .flat_map(|(text, style)| {
            format::wrap(&text, room)
                .into_iter()
                .map(move |line| (line, style))
        })
        .collect()
}

fn under_the_cursor(model: &Model, shown: &Shown, glyphs: &Glyphs) -> String {
    let (row, column) = (model.transfer.row, model.transfer.column);
    let (Some(from), Some(on)) = (shown.sets.get(row), shown.sets.get(column)) else {
        return String::new();
    };
    if let Some(why) = obstacle(model, shown) {
        return why;
    }
    let landed = shown.rows().and_then(|rows| rows.get(row)?.on.get(column));
    let Some(landed) = landed else {
        let fill = Action::Grid(GridAction::FillOrPause);
        let key = model.keymap.key_on(model.view.screen, &fill);
        return match (key, model.is_transfer_filling()) {
            (Some(key), false) => format!(
                "{key} fills the grids of these {} sets while no job has work, then scores each choice on every set",
                shown.sets.len()
            ),
            _ => "the grids come first, then each choice on every set".to_owned(),
        };
    };
    let chosen = |set| chosen(set, glyphs).unwrap_or_default();
    let name = |set: &TransferSet| format::fit_name(&set.job.spec.dataset, NAME, glyphs);
    let interval = format::interval((landed.interval.low, landed.interval.high), glyphs);
    let mut text = format!(
        "{}, chosen on {}, gives {} {} ({interval}) on {}",
        chosen(from),
        name(from),
        model.view.metric,
        format::percent(landed.value),
        name(on)
    );
    if row != column && from.choice == on.choice {
        text += ", which chose the same itself";
    } else if row != column {
        let loss = &landed.loss;
        let range = format::change_interval(loss.interval, glyphs);
        let points = format::points(loss.difference.abs(), glyphs).replace('+', "");
        let own = format!("{}, the choice of {} itself", chosen(on), name(on));
        text += &match (loss.is_significant(), loss.difference > 0.0) {
            (false, _) => format!("; it cannot be told from {own} ({range} points)"),
            (true, true) => format!("; {points} points worse than {own} ({range})"),
            (true, false) => format!("; {points} points better than {own} ({range})"),
        };
    }
    text
}

/// Why there can be no table now; `None` where there is one, or will be.
fn obstacle(model: &Model, shown: &Shown) -> Option<String> {
    if let EngineState::Gone(reason) = &model.engine
        && shown.table.is_none()
    {
        return Some(format!("no engine: {reason}"));
    }
    if let Some(waits) = shown.sets.iter().find(|set| set.job.totals.is_none()) {
        return Some(format!("waiting until {} is opened", waits.job.spec.dataset));
    }
    if let Some(Err(why)) = shown.table {
        return Some(format!("there is no table: {why}"));
    }
    for set in &shown.sets {
        let Some(grid) = set.grid else { continue };
        let name = &set.job.spec.dataset;
        if grid.is_full() && grid.measured() == 0 {
            let why = grid.places().find_map(|place| grid.missing(place))?;
            return Some(format!(
                "there is no table, as nothing can be chosen on {name}: {why}"
            ));
        }
        let mut choices = shown.sets.iter().filter_map(|other| other.choice);
        if let Some(why) = choices.find_map(|choice| grid.missing_on_rest(choice)) {
            return Some(format!(
                "there is no table, as a choice has no scores on {name}: {why}"
            ));
        }
    }
    None
}
