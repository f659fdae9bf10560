//! Selecting, pausing, resuming and cancelling jobs.
use super::engine::{request_now, restart, stop};
use super::{parameters, threshold};
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::engine::EngineState;
use crate::app::state::jobs::{Job, JobState};
use crate::app::state::log::Level;
use odin_core::comparisons::JobCommand;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

/// Selects the job at a place of the list, or the last one.
pub(super) fn select(model: &mut Model, place: usize, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let place = place.min(model.jobs.len().checked_sub(1)?);
    if place == model.view.job {
        return None;
    }
    threshold::hold_tpr(model);
    model.typing = None;
    parameters::release(model, effects);
    model.view.job = place;
    let job = model.selected()?;
    if model.engine == EngineState::Up && job.is_active() {
        effects.push(Effect::Engine(JobCommand::Prefer { job: job.id }));
    }
    ANSWER
}

pub(super) fn pause_or_resume(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match model.selected()?.state {
        JobState::Waiting | JobState::Running => stop(model, model.view.job, JobState::Paused, effects),
        JobState::Paused | JobState::Cancelled | JobState::Failed { .. } => {
            resume(model, model.view.job, effects);
        }
        JobState::Done { .. } => {
            model.say(Level::Info, "this job is done; change T or ε to score again");
        }
    }
    ANSWER
}

/// Scores a job again that was paused or cancelled, or has failed.
fn resume(model: &mut Model, place: usize, effects: &mut Vec<Effect>) {
    let job = model.job_mut(place);
    if matches!(job.state, JobState::Done { .. }) || job.is_active() {
        return;
    }
    job.state = JobState::Waiting;
    job.next_generation();
    if let EngineState::Gone(_) = model.engine {
        // Once it is up, it is asked for every job that waits.
        restart(model, effects);
    } else {
        request_now(model, place, effects);
    }
}

pub(super) fn cancel_selected(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    model.selected()?;
    cancel(model, model.view.job, effects)
}

fn cancel(model: &mut Model, place: usize, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.job_mut(place);
    if !job.is_active() && job.state != JobState::Paused {
        return None;
    }
    stop(model, place, JobState::Cancelled, effects);
    ANSWER
}

/// Pauses every job of the selected one's queue; if none is active, resumes all.
pub(super) fn pause_queue(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let queue = queue_of_selected(model)?;
    let is_active = |&place: &usize| model.jobs.get(place).is_some_and(Job::is_active);
    let active: Vec<usize> = queue.iter().copied().filter(is_active).collect();
    if active.is_empty() {
        for place in queue {
            resume(model, place, effects);
        }
    } else {
        for place in active {
            stop(model, place, JobState::Paused, effects);
        }
    }
    ANSWER
}

pub(super) fn cancel_queue(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    for place in queue_of_selected(model)? {
        cancel(model, place, effects);
    }
    ANSWER
}

/// The places of the jobs in the selected one's queue.
fn queue_of_selected(model: &Model) -> Option<Vec<usize>> {
    let queue = model.selected()?.queue_number;
    let jobs = model.jobs.iter().enumerate();
    let of_queue = jobs.filter(|(_, job)| job.queue_number == queue);
    Some(of_queue.map(|(place, _)| place).collect())
}
