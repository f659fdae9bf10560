//! Changing the list of jobs: add, duplicate, remove, move; and undo of these and of changes to parameters.
use super::engine::request_now;
use super::{jobs, parameters, threshold};
use crate::app::action::Action;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::engine::EngineState;
use crate::app::state::jobs::{Edit, Job, JobFailure, JobState};
use crate::app::state::log::Level;
use odin_core::comparisons::JobCommand;
use odin_core::session::{self, Detector};

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

/// Adds a job below the selected one, in its queue, with the session's default parameters.
pub(super) fn add(
    model: &mut Model,
    network: String,
    set: String,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    let source = session::Job::new(network, set);
    let text = format!("added {} on {}", source.dataset, source.network);
    insert_below(model, source, &text, effects)
}

/// Adds a copy of the selected job below it, to be given other parameters.
pub(super) fn duplicate(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.selected()?;
    let parameters = job.parameters();
    let source = session::Job {
        temperature: Some(parameters.temperature),
        magnitude: Some(parameters.magnitude),
        tuned: job.tuned(Detector::Odin),
        ..model.session.with_settings(&job.source, &job.spec.settings)
    };
    let text = format!("duplicated {} on {}", source.dataset, source.network);
    insert_below(model, source, &text, effects)
}

fn insert_below(
    model: &mut Model,
    source: session::Job,
    text: &str,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    let (at, queue) = match model.selected() {
        Some(job) => (model.view.job + 1, job.queue_number),
        None => (0, 0),
    };
    let job = Box::new(model.new_job(queue, source));
    make(model, Edit::Insert { at, job }, effects);
    model.say(Level::Info, &format!("{text}; {}", undo_hint(model)));
    ANSWER
}

pub(super) fn remove(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.selected()?;
    let text = format!("removed {} on {}", job.spec.dataset, job.spec.network);
    make(model, Edit::Remove { at: model.view.job }, effects);
    model.say(Level::Info, &format!("{text}; {}", undo_hint(model)));
    ANSWER
}

fn undo_hint(model: &Model) -> String {
    match model.keymap.key_for(&Action::Undo) {
        Some(key) => format!("{key} undoes it"),
        None => "it can be undone".to_owned(),
    }
}

/// Moves the selected job up (−1) or down (1); from the end of its queue into the neighbouring one.
pub(super) fn shift(model: &mut Model, by: i32, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let from = model.view.job;
    let queue = model.selected()?.queue_number;
    let neighbour = from
        .checked_add_signed(by.signum() as isize)
        .filter(|&to| to < model.jobs.len());
    let same = neighbour.filter(|&to| model.jobs.get(to).is_some_and(|job| job.queue_number == queue));
    let last_queue = model.session.queues.len().saturating_sub(1);
    let edit = match same {
        Some(to) => Edit::Move { from, to, queue },
        // The place in the list stays the same: it is also the near end of the other queue.
        None => Edit::Move {
            from,
            to: from,
            queue: queue
                .checked_add_signed(by.signum() as isize)
                .filter(|&queue| queue <= last_queue)?,
        },
    };
    make(model, edit, effects);
    ANSWER
}

/// Makes a change, and remembers how to undo it.
fn make(model: &mut Model, edit: Edit, effects: &mut Vec<Effect>) {
    let undo = apply(model, edit, effects);
    model.history.record(undo, None, model.now, false);
}

pub(super) fn undo(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match model.history.undo() {
        Some(edit) => {
            let redo = apply(model, edit, effects);
            model.history.undone(redo);
        }
        None => model.say_quietly(Level::Info, "nothing to undo"),
    }
    ANSWER
}

pub(super) fn redo(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match model.history.redo() {
        Some(edit) => {
            let undo = apply(model, edit, effects);
            model.history.redone(undo, model.now);
        }
        None => model.say_quietly(Level::Info, "nothing to redo"),
    }
    ANSWER
}

/// Makes a change; returns the one that undoes it.
fn apply(model: &mut Model, edit: Edit, effects: &mut Vec<Effect>) -> Edit {
    parameters::release(model, effects);
    threshold::hold_tpr(model);
    model.typing = None;
    model.touch();
    match edit {
        Edit::Knobs(changes) => {
            // A change to one job is shown.
            if let [change] = changes.as_slice() {
                jobs::select(model, change.job, effects);
            }
            parameters::set_all(model, &changes, effects);
            Edit::Knobs(parameters::reversed(&changes))
        }
        Edit::Insert { at, job } => insert(model, at, *job, effects),
        Edit::Remove { at } => remove_at(model, at, effects),
        Edit::Move { from, to, queue } => move_to(model, from, to, queue, effects),
    }
}

fn insert(model: &mut Model, at: usize, mut job: Job, effects: &mut Vec<Effect>) -> Edit {
    let is_active = job.is_active();
    job.next_generation();
    if is_active {
        job.state = match model.engine {
            EngineState::Gone(_) => JobState::Failed {
                reason: JobFailure::NoEngine,
            },
            EngineState::Starting | EngineState::Up => JobState::Waiting,
        };
    }
    let is_waiting = job.state == JobState::Waiting;
    model.jobs.insert(at, job);
    model.view.job = at;
    if is_waiting {
        request_now(model, at, effects);
        request_in_order(model, at + 1, effects);
    }
    Edit::Remove { at }
}

fn remove_at(model: &mut Model, at: usize, effects: &mut Vec<Effect>) -> Edit {
    let job = model.jobs.remove(at);
    if job.is_active() && model.engine == EngineState::Up {
        effects.push(Effect::Engine(JobCommand::Cancel { job: job.id }));
    }
    if model.view.job > at || model.view.job >= model.jobs.len() {
        model.view.job = model.view.job.saturating_sub(1);
    }
    Edit::Insert {
        at,
        job: Box::new(job),
    }
}

fn move_to(model: &mut Model, from: usize, to: usize, queue: usize, effects: &mut Vec<Effect>) -> Edit {
    let mut job = model.jobs.remove(from);
    let undo = Edit::Move {
        from: to,
        to: from,
        queue: job.queue_number,
    };
    let changes_queue = job.queue_number != queue;
    model.put_in_queue(&mut job, queue);
    if changes_queue && job.is_active() {
        // Another queue may use another device.
        if model.engine == EngineState::Up {
            effects.push(Effect::Engine(JobCommand::Cancel { job: job.id }));
        }
        job.state = JobState::Waiting;
        job.next_generation();
    }
    model.jobs.insert(to, job);
    model.view.job = to;
    if changes_queue {
        request_now(model, to, effects);
    }
    request_in_order(model, from.min(to), effects);
    undo
}

/// The engine scores jobs in the order in which it was asked for them: asks again for those that wait, from here on.
fn request_in_order(model: &mut Model, from: usize, effects: &mut Vec<Effect>) {
    if model.engine != EngineState::Up {
        return;
    }
    for place in from..model.jobs.len() {
        let job = model.job(place);
        if job.state == JobState::Waiting {
            effects.push(Effect::Engine(JobCommand::Cancel { job: job.id }));
            request_now(model, place, effects);
        }
    }
}
