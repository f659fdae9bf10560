//! Moving the threshold.
use crate::app::effect::Redraw;
use crate::app::model::Model;
use crate::app::state::parameters::Slider;
use crate::app::state::threshold::Cursor;
use odin_core::session::{Axis, CurveKind};

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

/// Another scale is about to be shown, on which a threshold set to a score would mean nothing: from now on the threshold
/// is set to the TPR that it has.
pub(super) fn hold_tpr(model: &mut Model) {
    if let Cursor::Score(_) = model.cursor {
        model.cursor = tpr(model).map_or_else(Cursor::default, Cursor::Tpr);
    }
}

fn tpr(model: &Model) -> Option<f64> {
    model.shown().map(|analysis| analysis.tpr(model.cursor))
}

pub(super) fn reset(model: &mut Model) -> Option<Redraw> {
    model.cursor = Cursor::default();
    ANSWER
}

/// Moves the TPR by whole percents.
pub(super) fn step(model: &mut Model, steps: i32) -> Option<Redraw> {
    let from = match model.cursor {
        Cursor::Tpr(tpr) => tpr,
        Cursor::Score(_) => tpr(model)?,
    };
    let percent = (from * 100.0).round() + f64::from(steps);
    model.cursor = Cursor::Tpr(percent.clamp(1.0, 100.0) / 100.0);
    ANSWER
}

/// Sets the TPR to a fraction of the slider, which is the TPR itself.
pub(super) fn slide(model: &mut Model, fraction: f64) -> Option<Redraw> {
    if !fraction.is_finite() {
        return None;
    }
    // The slider's low end is no TPR that a threshold can have.
    model.cursor = Cursor::Tpr(fraction.clamp(0.001, 1.0));
    ANSWER
}

/// Sets the threshold to a place on the histogram's axis.
pub(super) fn to_score(model: &mut Model, place: f64) -> Option<Redraw> {
    let score = match model.shown()?.axis(model.view.axis) {
        Axis::LogOdds => place,
        Axis::Probability => {
            let p = place.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON);
            (p / (1.0 - p)).ln()
        }
    };
    set_score(model, score)
}

/// Sets the threshold to where the curve on screen has this FPR.
pub(super) fn to_fpr(model: &mut Model, fpr: f64) -> Option<Redraw> {
    let shown = model.shown()?;
    let (comparison, fpr) = (&shown.comparison, fpr.clamp(0.0, 1.0));
    let at_fpr = match model.view.curve {
        CurveKind::Roc => shown.threshold_at_fpr(fpr),
        // CCR is a rate of accepted images, whichever set is positive.
        CurveKind::Ccr => comparison.threshold_at_fpr(fpr),
    };
    // Where the highest score is already an OOD image's, no threshold has so small an FPR: the highest score it is.
    let (_, highest) = comparison.range();
    let score = at_fpr.filter(|score| score.is_finite()).unwrap_or(highest);
    set_score(model, score)
}

/// A score that is not finite has no place on the axis.
fn set_score(model: &mut Model, score: f64) -> Option<Redraw> {
    if !score.is_finite() {
        return None;
    }
    model.cursor = Cursor::Score(score);
    model.focus = Slider::Threshold;
    ANSWER
}
