//! The Explore screen: jobs, plots, metrics and sliders, and how they share the room.
mod jobs;
mod roc;
mod metrics;
mod threshold;
mod sliders;

use ratatui::layout::Rect;

use super::{compared, histogram};
use crate::app::Model;
use crate::ui::areas;
use crate::ui::painter::Painter;

/// Rows of plots that come before anything else may grow.
const LEAST_PLOT: u16 = 8;
/// From this height on, both sides of the comparison get a histogram.
const TWO_HISTOGRAMS: u16 = 24;
/// Rows of metrics that are always there.
const LEAST_METRICS: u16 = 5;

pub(crate) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    // The heads of jobs, plots and metrics, and the sliders.
    let fixed = 1 + 1 + 1 + 2;
    let spare = area.height.saturating_sub(fixed + LEAST_PLOT + LEAST_METRICS);
    let wanted_jobs = (model.jobs.len() as u16).clamp(1, area.height / 4);
    let job_rows = wanted_jobs.min(spare.max(1));
    // Once the plots have some of what is left, the metrics get rows too.
    let more_metrics = spare.saturating_sub(job_rows + 3);
    let metric_rows = LEAST_METRICS + more_metrics.min(metrics::MOST_ROWS - LEAST_METRICS);
    let plot_rows = area.height.saturating_sub(1 + job_rows + 1 + metric_rows + 2);
    let [jobs, plots, table, sliders] = areas::stack(area, [1 + job_rows, plot_rows, 1 + metric_rows, 2]);

    jobs::draw(model, jobs, painter);

    // The ROC is about square: a cell is about twice as high as wide.
    let roc_width = (plots.height * 5 / 2).clamp(plots.width * 3 / 10, plots.width / 2);
    let [left, right] = areas::beside(plots, plots.width - roc_width);
    let shown = compared::of(model, model.view.detector);
    if plots.height >= TWO_HISTOGRAMS {
        let half = left.height / 2;
        let [top, bottom] = areas::stack(left, [left.height - half, half]);
        histogram::draw(model, &shown, true, top, painter);
        histogram::draw(model, &compared::counterpart(model), false, bottom, painter);
    } else {
        histogram::draw(model, &shown, true, left, painter);
    }
    roc::draw(model, right, painter);

    let [left, right] = areas::beside(table, metrics::width(model, table.width));
    metrics::draw(model, left, painter);
    threshold::draw(model, right, painter);
    sliders::draw(model, sliders, painter);
}
