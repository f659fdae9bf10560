//! Moving a detector's knobs: steps, drags, the same for all jobs.
use super::engine::{request_now, request_pending};
use super::threshold;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::engine::EngineState;
use crate::app::state::jobs::{Change, Edit, JobFailure, JobState};
use crate::app::state::log::Level;
use crate::app::state::parameters::{Slider, Span};
use odin_core::session::Detector;
use odin_core::setting::Setting;

pub(super) fn step(
    model: &mut Model,
    slider: Slider,
    steps: i32,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    let Slider::Knob(place) = slider else {
        return threshold::step(model, steps);
    };
    let (setting, span) = moved(model, place)?;
    let to = span.step(setting.value(usize::from(place))?, steps);
    set_selected(model, at(&setting, place, to)?, slider, false, effects)
}

pub(super) fn slide(
    model: &mut Model,
    slider: Slider,
    fraction: f64,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    let Slider::Knob(place) = slider else {
        return threshold::slide(model, fraction);
    };
    let (setting, span) = moved(model, place)?;
    let wanted = at(&setting, place, span.at(fraction)?)?;
    let changed_focus = model.focus != slider || model.typing.is_some();
    model.drag = Some(slider);
    model.focus = slider;
    model.typing = None;
    set_selected(model, wanted, slider, true, effects).or(changed_focus.then_some(Redraw::Answer))
}

/// What a slider moves: the setting of the selected job, and the slider's ends.
fn moved(model: &Model, place: u8) -> Option<(Setting, Span)> {
    let job = model.selected()?;
    let detector = model.slider_detector();
    Some((job.setting(detector), job.span(detector, place)?))
}

/// The setting with one knob at another value; `None` where the knob cannot have it.
fn at(setting: &Setting, place: u8, value: f64) -> Option<Setting> {
    let knob = setting.detector().knobs().get(usize::from(place))?;
    setting.with(knob.key, value).ok()
}

/// A drag ends: scores are requested at once for where it ended.
pub(super) fn release(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    model.history.end_drag();
    let dragged = model.drag.take();
    request_pending(model, effects);
    dragged.map(|_| Redraw::Answer)
}

/// Gives the selected job another setting, by steps or drags of one slider, which are undone together.
pub(super) fn set_selected(
    model: &mut Model,
    to: Setting,
    slider: Slider,
    dragging: bool,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    let job = model.view.job;
    let from = model.selected()?.setting(to.detector());
    if from == to {
        return None;
    }
    let change = Change { job, from, to };
    let undo = Edit::Knobs(reversed(&[change]));
    model.history.record(undo, Some(slider), model.now, dragging);
    set(model, &change, effects);
    Some(Redraw::Answer)
}

/// Gives the selected job a setting, which is undone as a whole.
pub(super) fn set_setting(model: &mut Model, to: Setting, effects: &mut Vec<Effect>) {
    let job = model.view.job;
    let from = model.job(job).setting(to.detector());
    if from == to {
        return;
    }
    let change = Change { job, from, to };
    let undo = Edit::Knobs(reversed(&[change]));
    model.history.record(undo, None, model.now, false);
    set(model, &change, effects);
}

/// Gives a job another setting and has it scored again: now, or soon if the last request was only just sent.
fn set(model: &mut Model, change: &Change, effects: &mut Vec<Effect>) {
    if change.job == model.view.job {
        threshold::hold_tpr(model);
    }
    model.touch();
    let is_gone = matches!(model.engine, EngineState::Gone(_));
    let job = model.job_mut(change.job);
    job.set(change.to);
    if is_gone {
        job.state = JobState::Failed {
            reason: JobFailure::NoEngine,
        };
        return;
    }
    // A job that a person stopped stays stopped.
    if matches!(job.state, JobState::Paused | JobState::Cancelled) {
        return;
    }
    job.state = JobState::Waiting;
    if model.now >= model.requests.due() {
        request_now(model, change.job, effects);
    } else {
        model.requests.pending.insert(change.job);
    }
}

pub(super) fn apply_to_all(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let to = model.selected()?.setting(model.slider_detector());
    let jobs = model.jobs.iter().enumerate();
    let changes: Vec<Change> = jobs
        .map(|(job, state)| Change {
            job,
            from: state.setting(to.detector()),
            to,
        })
        .filter(|change| change.from != change.to)
        .collect();
    if !changes.is_empty() {
        set_all(model, &changes, effects);
        let undo = Edit::Knobs(reversed(&changes));
        model.history.record(undo, None, model.now, false);
    }
    let knobs: Vec<String> = to
        .knobs()
        .map(|(knob, value)| format!("{} {value}", knob.label))
        .collect();
    let of = match to.detector() {
        Detector::Odin => String::new(),
        other => format!(" for {other}"),
    };
    let text = format!("every job has {}{of} now", knobs.join(" and "));
    model.say(Level::Info, &text);
    Some(Redraw::Answer)
}

/// The changes that undo these.
pub(super) fn reversed(changes: &[Change]) -> Vec<Change> {
    let back = |change: &Change| Change {
        job: change.job,
        from: change.to,
        to: change.from,
    };
    changes.iter().map(back).collect()
}

pub(super) fn set_all(model: &mut Model, changes: &[Change], effects: &mut Vec<Effect>) {
    for change in changes {
        set(model, change, effects);
    }
}
