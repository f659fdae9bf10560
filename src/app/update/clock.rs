//! Time passes: everything that is due is done.
use std::time::Duration;

use super::{analysis, detectors, engine, saving};
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;

pub(super) fn tick(model: &mut Model, now: Duration, effects: &mut Vec<Effect>) -> Option<Redraw> {
    // If the clock went back, nothing would be due for a while.
    model.now = model.now.max(now);
    let now = model.now;
    if now >= model.requests.due() {
        engine::request_pending(model, effects);
    }
    let is_due = |model: &Model, place: usize| model.analysis_due(place).is_some_and(|due| now >= due);
    let shown = Some(model.view.job).filter(|&place| is_due(model, place));
    // One of the others at a time, to keep a tick short.
    let mut others = (0..model.jobs.len()).filter(|&place| place != model.view.job);
    let other = others.find(|&place| is_due(model, place));
    for place in shown.into_iter().chain(other) {
        analysis::analyse(model, place);
    }
    analysis::request_exact(model, effects);
    if model.intervals_due().is_some_and(|due| now >= due) {
        analysis::request_intervals(model, effects);
    }
    if model.detectors_due().is_some_and(|due| now >= due) {
        detectors::request(model, effects);
    }
    if model.saving.autosave_due().is_some_and(|due| now >= due) {
        saving::autosave(model, effects);
    }
    match (shown, other) {
        (Some(_), _) if model.is_awaited() => Some(Redraw::Answer),
        (None, None) => None,
        _ => Some(Redraw::Progress),
    }
}
