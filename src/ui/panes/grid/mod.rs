//! The Grid screen: a metric over the knobs of the detector that is shown, as a curve over one or a heat map over two, and below
//! it the cells that matter in numbers; or the table of what is chosen on one set and reported on others.
mod transfer;
mod curve;
mod map;
mod legend;
mod table;
mod axis;
mod scale;
mod waiting;

use ratatui::layout::{Margin, Rect};
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use crate::app::{Action, EngineState, Grid, JobState, Model};
use crate::ui::areas;
use crate::ui::format;
use crate::ui::painter::Painter;
use odin_core::session::Detector;
use scale::Scale;

/// The least room that the name of a set has in the title.
const LEAST_NAME: usize = 12;

pub(crate) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    if model.is_transfer_shown() {
        return transfer::draw(model, area, painter);
    }
    let theme = painter.theme();
    let Some((job, grid)) = model.selected().zip(model.grid()).filter(|(job, grid)| {
        // A grid that nothing fills would not say why.
        let has_failed = matches!(job.state, JobState::Failed { .. });
        !has_failed || grid.done() > 0 || grid.filling
    }) else {
        painter.title(area, "grid", Vec::new());
        painter.wrapped(
            area.inner(Margin::new(1, 0)),
            &why_none(model, painter),
            theme.dim,
        );
        return;
    };
    let table = table::ROWS.min(area.height.saturating_sub(13));
    let room = area.height.saturating_sub(3 + table);
    let is_curve = grid.rows().is_none();
    let up = map::rows(grid, room);
    let height = if is_curve { room } else { up.length() };
    let left = room.saturating_sub(height);
    let scale = Scale::new(model, grid);
    let own = grid.place_of(&job.setting(grid.detector()));
    // A curve can spare a row for the second line of the legend.
    let is_room_for_two = left > 0 || is_curve && room > 6;
    let why = legend::why(grid, &scale, area.width, painter).filter(|_| is_room_for_two);
    let is_room = is_room_for_two && why.is_none();
    let mut legend = legend::lines(model, grid, &scale, own, area.width, is_room, painter);
    legend.extend(why);
    let more = legend.len().saturating_sub(1) as u16;
    let height = height.min(room.saturating_sub(more));
    let heights = [1, height, 1, 1 + more, room.saturating_sub(height + more), table];
    let [head, map, axis, legend_area, _, table] = areas::stack(area, heights);
    let (ins, outs) = grid.validation();
    let separator = painter.glyphs().separator;
    let state = format!("on {ins} + {outs} images {separator} {}", state(model, grid));
    let by = match grid.detector() {
        Detector::Odin => String::new(),
        detector => format!(" by {detector}"),
    };
    let before = format!("{} of ", model.view.metric);
    // The rule and the blanks take seven columns. A long path gives way to what goes on.
    let taken = before.width() + by.width() + state.width() + 7;
    let room = usize::from(area.width).saturating_sub(taken).max(LEAST_NAME);
    let dataset = format::fit_name(&job.spec.dataset, room, painter.glyphs());
    let name = format!("{before}{dataset}{by}");
    painter.title(head, &name, vec![Span::styled(state, theme.dim)]);
    if is_curve {
        curve::draw(model, grid, &scale, own, [map, axis], painter);
    } else {
        map::draw(grid, &scale, own, &up, [map, axis], painter);
    }
    painter.lines(legend_area, &legend);
    table::draw(model, grid, table, painter);
}

fn why_none(model: &Model, painter: &Painter) -> String {
    let Some(job) = model.selected() else {
        return "this session has no jobs".to_owned();
    };
    let detector = model.view.detector;
    if detector.knobs().is_empty() {
        return without_knobs(model, painter);
    }
    match (&model.engine, &job.state, job.totals) {
        (EngineState::Gone(reason), ..) => format!("no engine: {reason}"),
        (_, JobState::Failed { reason }, _) => format!("failed: {reason}"),
        (_, _, Some(_)) => "a grid needs two images of each set, and at most 4096 cells".to_owned(),
        _ => format!("waiting until {} is opened", job.spec.dataset),
    }
}

/// That the detector has nothing to choose, and its one value.
fn without_knobs(model: &Model, painter: &Painter) -> String {
    let (detector, metric) = (model.view.detector, model.view.metric);
    let mut text = format!("{detector} has no knobs to choose");
    if let Some(shown) = model.shown() {
        let value = format::percent(metric.of(&shown.summary));
        let interval = shown.intervals().map(|intervals| {
            let interval = metric.interval_of(&intervals);
            let interval = format::interval((interval.low, interval.high), painter.glyphs());
            format!(" ({interval})")
        });
        text += &format!(
            ": {metric} {value}{} on {} + {} images",
            interval.unwrap_or_default(),
            shown.summary.n_in,
            shown.summary.n_out
        );
    }
    if let Some(key) = model.keymap.key_on(model.view.screen, &Action::NextDetector) {
        text += &format!("; {key} shows the next detector");
    }
    text
}

fn state(model: &Model, grid: &Grid) -> String {
    let count = format!("{} of {}", grid.done(), grid.total());
    let missing = grid.done() - grid.measured();
    let busy = model.jobs.iter().any(|job| job.is_active());
    match (grid.filling, grid.is_full(), grid.seconds_left) {
        (_, true, _) if missing > 0 => format!("{} filled, {missing} missing", grid.measured()),
        (_, true, _) => "all filled".to_owned(),
        (false, ..) => format!("{count} filled"),
        (true, _, Some(left)) if !busy => format!("{count}, {} left", format::duration(left)),
        (true, ..) if busy => format!("{count}, jobs first"),
        (true, ..) => format!("{count}, filling"),
    }
}
