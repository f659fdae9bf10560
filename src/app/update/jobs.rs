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

/// Selects the job so many rows further down in the list, or its first or last one.
pub(super) fn step(model: &mut Model, by: i32, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let listed = model.listed_jobs();
    let Some(last) = listed.len().checked_sub(1) else {
        return (!model.jobs.is_empty()).then(|| {
            model.say_quietly(Level::Info, "no job matches; esc shows all");
            Redraw::Answer
        });
    };
    // A selected one that is not shown counts as the one before it that is.
    let at = listed.partition_point(|&place| place <= model.view.job);
    let at = at as i64 - 1;
    let to = at.saturating_add(i64::from(by)).clamp(0, last as i64) as usize;
    let place = *listed.get(to).expect("the row was clamped to the list");
    select(model, place, effects)
}

pub(super) fn filter(model: &mut Model) -> Option<Redraw> {
    model.job_filter.is_typing = true;
    model.typing = None;
    ANSWER
}

/// The text has changed: where the selected job is no longer shown, the first that is gets selected.
pub(super) fn filtered(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let listed = model.listed_jobs();
    if !listed.contains(&model.view.job)
        && let Some(&first) = listed.first()
    {
        select(model, first, effects);
    }
    ANSWER
}

/// The places of the jobs that have failed.
fn failed(model: &Model) -> Vec<usize> {
    let jobs = model.jobs.iter().enumerate();
    let failed = jobs.filter(|(_, job)| matches!(job.state, JobState::Failed { .. }));
    failed.map(|(place, _)| place).collect()
}

/// Selects the next job that has failed, and says why it did; after the last one comes the first.
pub(super) fn next_failed(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let failed = failed(model);
    let next = failed
        .iter()
        .find(|&&place| place > model.view.job)
        .or(failed.first());
    let Some(&next) = next else {
        model.say_quietly(Level::Info, "no job has failed");
        return ANSWER;
    };
    if !model.job_filter.passes(model.job(next)) {
        model.job_filter.text.clear();
    }
    select(model, next, effects);
    if let JobState::Failed { reason } = &model.job(next).state {
        let text = format!("{}: {reason}", model.job(next).spec.dataset);
        model.say_quietly(Level::Error, &text);
    }
    ANSWER
}

/// Scores every job again that has failed.
pub(super) fn retry_failed(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let failed = failed(model);
    let text = match failed.len() {
        0 => "no job has failed".to_owned(),
        1 => "the failed job is scored again".to_owned(),
        n => format!("the {n} failed jobs are scored again"),
    };
    for place in failed {
        resume(model, place, effects);
    }
    model.say(Level::Info, &text);
    ANSWER
}

pub(super) fn pause_or_resume(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match model.selected()?.state {
        JobState::Waiting | JobState::Running => {
            stop(model, model.view.job, JobState::Paused, effects);
            note(model, model.view.job, "is paused");
        }
        JobState::Paused | JobState::Cancelled | JobState::Failed { .. } => {
            resume(model, model.view.job, effects);
            note(model, model.view.job, "goes on");
        }
        JobState::Done { .. } => {
            model.say(Level::Info, "this job is done; change T or ε to score again");
        }
    }
    ANSWER
}

/// Scores a job again that was paused or cancelled, or has failed. Says whether it was one of these.
fn resume(model: &mut Model, place: usize, effects: &mut Vec<Effect>) -> bool {
    let job = model.job_mut(place);
    if matches!(job.state, JobState::Done { .. }) {
        return false;
    }
    // A restart of the engine has made other jobs wait.
    if job.is_active() {
        return true;
    }
    job.state = JobState::Waiting;
    job.next_generation();
    if let EngineState::Gone(_) = model.engine {
        // Once it is up, it is asked for every job that waits.
        restart(model, effects);
    } else {
        request_now(model, place, effects);
    }
    true
}

/// Writes into the log what a person did with a job.
fn note(model: &mut Model, place: usize, what: &str) {
    let text = format!("{} {what}", model.job(place));
    model.log.push(model.now, Level::Info, &text);
}

pub(super) fn cancel_selected(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let state = model.selected()?.state.name();
    let done = cancel(model, model.view.job, effects);
    if done.is_none() {
        let text = format!("there is nothing to cancel: this job is {state}");
        model.say_quietly(Level::Info, &text);
    }
    ANSWER
}

fn cancel(model: &mut Model, place: usize, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.job_mut(place);
    if !job.is_active() && job.state != JobState::Paused {
        return None;
    }
    stop(model, place, JobState::Cancelled, effects);
    note(model, place, "is cancelled");
    ANSWER
}

/// Pauses every job of the selected one's queue; if none is active, resumes all.
pub(super) fn pause_queue(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let queue = queue_of_selected(model)?;
    let is_active = |&place: &usize| model.jobs.get(place).is_some_and(Job::is_active);
    let active: Vec<usize> = queue.iter().copied().filter(is_active).collect();
    if active.is_empty() {
        let stopped = queue.into_iter().filter(|&place| resume(model, place, effects));
        if stopped.count() == 0 {
            model.say_quietly(Level::Info, "every job of this queue is done");
        }
    } else {
        for place in active {
            stop(model, place, JobState::Paused, effects);
        }
    }
    ANSWER
}

pub(super) fn cancel_queue(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let queue = queue_of_selected(model)?;
    let cancelled = queue
        .into_iter()
        .filter_map(|place| cancel(model, place, effects));
    if cancelled.count() == 0 {
        let text = "there is nothing to cancel: no job of this queue waits, runs or is paused";
        model.say_quietly(Level::Info, text);
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
