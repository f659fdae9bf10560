//! Changing T and ε: steps, drags, the same for all jobs.
use super::engine::{request_now, request_pending};
use super::threshold;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::engine::EngineState;
use crate::app::state::jobs::{Change, Edit, JobFailure, JobState};
use crate::app::state::log::Level;
use crate::app::state::parameters::{Parameters, Slider};

pub(super) fn step(
    model: &mut Model,
    slider: Slider,
    steps: i32,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    let job = model.selected()?;
    let now = job.parameters();
    let wanted = match slider {
        Slider::Temperature => Parameters {
            temperature: job.temperature_span.step_temperature(now.temperature, steps),
            ..now
        },
        Slider::Magnitude => Parameters {
            magnitude: job.magnitude_span.step_magnitude(now.magnitude, steps),
            ..now
        },
        Slider::Threshold => return threshold::step(model, steps),
    };
    set_selected(model, wanted, slider, false, effects)
}

pub(super) fn slide(
    model: &mut Model,
    slider: Slider,
    fraction: f64,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    let job = model.selected()?;
    let now = job.parameters();
    let wanted = match slider {
        Slider::Temperature => Parameters {
            temperature: job.temperature_span.temperature_at(fraction)?,
            ..now
        },
        Slider::Magnitude => Parameters {
            magnitude: job.magnitude_span.magnitude_at(fraction)?,
            ..now
        },
        Slider::Threshold => return threshold::slide(model, fraction),
    };
    let changed_focus = model.focus != slider || model.typing.is_some();
    model.drag = Some(slider);
    model.focus = slider;
    model.typing = None;
    set_selected(model, wanted, slider, true, effects).or(changed_focus.then_some(Redraw::Answer))
}

/// A drag ends: scores are requested at once for where it ended.
pub(super) fn release(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    model.history.end_drag();
    request_pending(model, effects);
    model.drag.take().map(|_| Redraw::Answer)
}

/// Gives the selected job other parameters, as steps or drags of one slider, which are undone together.
pub(super) fn set_selected(
    model: &mut Model,
    to: Parameters,
    slider: Slider,
    dragging: bool,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    let job = model.view.job;
    let from = model.selected()?.parameters();
    if from == to {
        return None;
    }
    let change = Change { job, from, to };
    let undo = Edit::Parameters(reversed(&[change]));
    model.history.record(undo, Some(slider), model.now, dragging);
    set(model, &change, effects);
    Some(Redraw::Answer)
}

/// Gives the selected job both T and ε, which are undone together.
pub(super) fn set_both(model: &mut Model, to: Parameters, effects: &mut Vec<Effect>) {
    let job = model.view.job;
    let from = model.job(job).parameters();
    if from == to {
        return;
    }
    let change = Change { job, from, to };
    let undo = Edit::Parameters(reversed(&[change]));
    model.history.record(undo, None, model.now, false);
    set(model, &change, effects);
}

/// Gives a job other parameters and has it scored again: now, or soon if the last request was only just sent.
fn set(model: &mut Model, change: &Change, effects: &mut Vec<Effect>) {
    if change.job == model.view.job {
        threshold::hold_tpr(model);
    }
    model.touch();
    let is_gone = matches!(model.engine, EngineState::Gone(_));
    let job = model.job_mut(change.job);
    job.set_parameters(change.to);
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
    let to = model.selected()?.parameters();
    let jobs = model.jobs.iter().enumerate();
    let changes: Vec<Change> = jobs
        .map(|(job, state)| Change {
            job,
            from: state.parameters(),
            to,
        })
        .filter(|change| change.from != change.to)
        .collect();
    if !changes.is_empty() {
        set_all(model, &changes, effects);
        let undo = Edit::Parameters(reversed(&changes));
        model.history.record(undo, None, model.now, false);
    }
    let text = format!("every job has T {} and ε {} now", to.temperature, to.magnitude);
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
