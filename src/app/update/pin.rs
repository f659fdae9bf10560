//! Pinning a setting, and changing places with it.
use super::{detector, jobs, parameters};
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::log::Level;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

/// Pins the setting that is shown as A; if one is pinned, unpins it.
pub(super) fn pin_or_unpin(model: &mut Model) -> Option<Redraw> {
    if model.pin.take().is_some() {
        model.say_quietly(Level::Info, "A is no longer pinned");
        return ANSWER;
    }
    model.pin = model.pin_of_shown();
    let text = match model.pin {
        Some(_) => "pinned as A: change T, ε, job or detector to compare",
        None => "there is nothing to pin yet",
    };
    model.say_quietly(Level::Info, text);
    ANSWER
}

/// Goes back to the setting that is pinned, and pins the one that was shown: A and B change places.
pub(super) fn swap(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let Some(pin) = model.pin.take() else {
        model.say_quietly(Level::Info, "nothing is pinned");
        return ANSWER;
    };
    let Some(place) = model.jobs.iter().position(|job| job.id == pin.job) else {
        model.say_quietly(Level::Info, "the job of what was pinned is gone");
        return ANSWER;
    };
    let shown = model.pin_of_shown();
    jobs::select(model, place, effects);
    detector::show(model, pin.setting.detector());
    parameters::release(model, effects);
    parameters::set_setting(model, pin.setting, effects);
    model.pin = shown.or(Some(pin));
    ANSWER
}
