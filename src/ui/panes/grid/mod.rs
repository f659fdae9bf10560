//! The Grid screen: a heat map of a metric over T × ε, and below it the cells that matter in numbers.
mod map;
mod legend;
mod table;
mod scale;

use ratatui::layout::{Margin, Rect};
use ratatui::text::Span;

use crate::app::{EngineState, Grid, JobState, Model};
use crate::ui::areas;
use crate::ui::format;
use crate::ui::painter::Painter;
use scale::Scale;

pub(crate) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let Some((job, grid)) = model.selected().zip(model.grid()).filter(|(job, grid)| {
        // A grid that nothing fills would not say why.
        let has_failed = matches!(job.state, JobState::Failed { .. });
        !has_failed || grid.done() > 0 || grid.filling
    }) else {
        painter.title(area, "grid", Vec::new());
        painter.wrapped(area.inner(Margin::new(1, 0)), &why_none(model), theme.dim);
        return;
    };
    let table = table::ROWS.min(area.height.saturating_sub(13));
    let room = area.height.saturating_sub(3 + table);
    let temperatures = map::temperatures(grid, room);
    let left = room.saturating_sub(temperatures.length());
    let scale = Scale::new(model, grid);
    let own = grid.place_of(job.parameters());
    let legend = legend::lines(model, grid, &scale, own, area.width, left > 0, painter);
    let more = legend.len().saturating_sub(1) as u16;
    let heights = [
        1,
        temperatures.length(),
        1,
        1 + more,
        left.saturating_sub(more),
        table,
    ];
    let [head, map, axis, legend_area, _, table] = areas::stack(area, heights);
    let name = format!("{} of {}", model.view.metric, job.spec.dataset);
    let (ins, outs) = grid.validation();
    let separator = painter.glyphs().separator;
    let state = format!("on {ins} + {outs} images {separator} {}", state(model, grid));
    painter.title(head, &name, vec![Span::styled(state, theme.dim)]);
    map::draw(grid, &scale, own, &temperatures, [map, axis], painter);
    painter.lines(legend_area, &legend);
    table::draw(model, grid, table, painter);
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
