//! Which detector is shown.
use super::cycle::neighbour;
use super::{engine, threshold};
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use odin_core::session::Detector;

/// Shows the next detector (1) or the previous one (−1).
///
/// Passes over those that the selected job is known to lack.
pub(super) fn step(model: &mut Model, by: i32, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let missing = model
        .selected()
        .map(|job| job.fit.missing.clone())
        .unwrap_or_default();
    let shown = model.view.detector;
    let there = Detector::ALL.into_iter();
    let there: Vec<Detector> = there
        .filter(|detector| *detector == shown || !missing.contains_key(detector))
        .collect();
    show(model, neighbour(&there, shown, by), effects);
    Some(Redraw::Answer)
}

pub(super) fn show(model: &mut Model, detector: Detector, effects: &mut Vec<Effect>) {
    threshold::hold_tpr(model);
    model.view.detector = detector;
    // It may be shown for the first time.
    for job in &mut model.jobs {
        if job.analysis(detector).is_none() && job.has_images() {
            job.needs_analysis = true;
            job.analysed_at = None;
        }
    }
    engine::request_wanted(model, effects);
}
