//! Which detector is shown.
use super::cycle::neighbour;
use super::threshold;
use crate::app::effect::Redraw;
use crate::app::model::Model;
use odin_core::session::Detector;

/// Shows the next detector (1) or the previous one (−1).
pub(super) fn step(model: &mut Model, by: i32) -> Option<Redraw> {
    show(model, neighbour(&Detector::ON_LOGITS, model.view.detector, by));
    Some(Redraw::Answer)
}

pub(super) fn show(model: &mut Model, detector: Detector) {
    threshold::hold_tpr(model);
    model.view.detector = detector;
    // It may be shown for the first time.
    for job in &mut model.jobs {
        if job.analysis(detector).is_none() && job.has_images() {
            job.needs_analysis = true;
            job.analysed_at = None;
        }
    }
}
