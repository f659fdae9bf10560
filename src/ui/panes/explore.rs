//! The Explore screen: jobs, plots, metrics, sliders, and how they share the room.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{compared, histogram, jobs, metrics, roc, sliders, threshold};
use crate::app::Model;
use crate::session::Detector;
use crate::ui::{HitMap, Look, rows};

/// Rows of plots below which nothing else may grow.
const LEAST_PLOT: u16 = 8;
/// From this height on, both detectors get a histogram.
const TWO_HISTOGRAMS: u16 = 24;

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    let spare = area.height.saturating_sub(1 + 1 + LEAST_PLOT + 1 + 5 + 2);
    let wanted_jobs = (model.jobs.len() as u16).clamp(1, area.height / 4);
    let job_rows = wanted_jobs.min(spare.max(1));
    let left = spare.saturating_sub(job_rows);
    // Of what is left, the metrics get some rows once the plots have some.
    let more_metrics = left.saturating_sub(3).min(metrics::MOST_ROWS - 5);
    let metric_rows = 5 + more_metrics;
    let below = 1 + metric_rows + 2;
    let plot_rows = area.height.saturating_sub(1 + job_rows + below);
    let [job_area, plots, table, slider_area] = rows(area, [1 + job_rows, plot_rows, 1 + metric_rows, 2]);

    jobs::draw(model, look, job_area, buffer, hits);

    // The ROC is about as high as wide: a cell is about twice as high as wide.
    let roc_width = (plots.height * 5 / 2).clamp(plots.width * 3 / 10, plots.width / 2);
    let (left, right) = split(plots, plots.width - roc_width);
    let shown = compared::of(model, model.view.detector);
    if plots.height >= TWO_HISTOGRAMS {
        let half = left.height / 2;
        let [top, bottom] = rows(left, [left.height - half, half]);
        histogram::draw(model, &shown, true, look, top, buffer, hits);
        histogram::draw(
            model,
            &compared::counterpart(model),
            false,
            look,
            bottom,
            buffer,
            hits,
        );
    } else {
        histogram::draw(model, &shown, true, look, left, buffer, hits);
    }
    roc::draw(model, look, right, buffer, hits);

    let table_width = metrics::width(model, table.width);
    let (left, right) = split(table, table_width);
    metrics::draw(model, look, left, buffer);
    threshold::draw(model, look, right, buffer);
    sliders::draw(model, look, slider_area, buffer, hits);
}

/// Two areas beside each other, with a blank column between them.
fn split(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    let first = Rect {
        width: left.saturating_sub(1),
        ..area
    };
    (
        first,
        Rect {
            x: area.x + left,
            width: area.width - left,
            ..area
        },
    )
}

fn no_jobs(model: &Model) -> String {
    match model.keymap.key_for(&crate::app::Action::OpenPicker) {
        Some(key) => format!("this session has no jobs: {key} adds one"),
        None => "this session has no jobs".to_owned(),
    }
}

/// What to say in place of a plot; `None` where there is one.
pub fn why_empty(model: &Model, detector: Detector) -> Option<String> {
    use crate::app::{EngineState, JobState};
    let Some(job) = model.selected() else {
        return Some(no_jobs(model));
    };
    if job.analysis(detector).is_some() {
        return None;
    }
    Some(match (&model.engine, &job.state) {
        (EngineState::Gone(reason), _) => format!("no engine: {reason}"),
        (EngineState::Starting, _) => "starting the engine".to_owned(),
        (_, JobState::Failed { reason }) => format!("failed: {reason}"),
        (_, JobState::Paused) => "paused before the first scores".to_owned(),
        (_, JobState::Cancelled) => "cancelled before the first scores".to_owned(),
        (_, JobState::Done { .. }) => "a set without images".to_owned(),
        (_, JobState::Running) => "waiting for the first scores".to_owned(),
        (_, JobState::Waiting) if model.devices.is_empty() => format!("loading {}", job.spec.network),
        (_, JobState::Waiting) => format!("{} waits for its turn", job.spec.dataset),
    })
}
