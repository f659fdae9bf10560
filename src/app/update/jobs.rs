//! The list of jobs under a person's hands: add, duplicate, remove, move, pause, cancel; and undo.
use super::engine::{request_now, select};
use super::parameters;
use crate::app::effect::{Effect, Redraw};
use crate::app::history::Edit;
use crate::app::job::{Job, JobState};
use crate::app::log::Level;
use crate::app::model::{EngineState, Model};
use crate::engine::protocol::Command;
use crate::session;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

/// A new job below the selected one, in its queue, with the session's own parameters.
pub fn add(model: &mut Model, network: String, set: String, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let source = session::Job::new(network, set);
    let text = format!("added {} on {}", source.dataset, source.network);
    insert_below(model, source, &text, effects)
}

/// The selected job once more, to be given other parameters.
pub fn duplicate(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.selected()?;
    let parameters = job.parameters();
    let source = session::Job {
        temperature: Some(parameters.temperature),
        magnitude: Some(parameters.magnitude),
        ..job.source.clone()
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

pub fn remove(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.selected()?;
    let text = format!("removed {} on {}", job.spec.dataset, job.spec.network);
    make(model, Edit::Remove { at: model.view.job }, effects);
    model.say(Level::Info, &format!("{text}; {}", undo_hint(model)));
    ANSWER
}

fn undo_hint(model: &Model) -> String {
    use crate::app::Action;
    match model.keymap.key_for(&Action::Undo) {
        Some(key) => format!("{key} takes it back"),
        None => "undo takes it back".to_owned(),
    }
}

/// Moves the selected job up (−1) or down; past the end of its queue into the next one.
pub fn shift(model: &mut Model, by: i32, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let from = model.view.job;
    let queue = model.selected()?.queue_number;
    let neighbour = from
        .checked_add_signed(by.signum() as isize)
        .filter(|&to| to < model.jobs.len());
    let same = neighbour.filter(|&to| model.jobs.get(to).is_some_and(|job| job.queue_number == queue));
    let last_queue = model.session.queues.len().saturating_sub(1);
    let edit = match same {
        Some(to) => Edit::Move { from, to, queue },
        // The place in the list is the same; it is the other queue's end.
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

/// Makes a change that a person asked for, and remembers how to take it back.
fn make(model: &mut Model, edit: Edit, effects: &mut Vec<Effect>) {
    let back = apply(model, edit, effects);
    model.history.record(back, None, model.now, false);
}

pub fn undo(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match model.history.undo() {
        Some(edit) => {
            let again = apply(model, edit, effects);
            model.history.undone(again);
        }
        None => model.say_quietly(Level::Info, "nothing to undo"),
    }
    ANSWER
}

pub fn redo(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match model.history.redo() {
        Some(edit) => {
            let back = apply(model, edit, effects);
            model.history.redone(back, model.now);
        }
        None => model.say_quietly(Level::Info, "nothing to redo"),
    }
    ANSWER
}

/// Makes a change; gives the one that takes it back.
fn apply(model: &mut Model, edit: Edit, effects: &mut Vec<Effect>) -> Edit {
    parameters::release(model, effects);
    super::view::hold_tpr(model);
    model.typing = None;
    model.touch();
    match edit {
        Edit::Parameters(changes) => {
            // What changes is what the person should see.
            if let [change] = changes.as_slice() {
                select(model, change.job, effects);
            }
            parameters::set_all(model, &changes, effects);
            Edit::Parameters(parameters::reversed(&changes))
        }
        Edit::Insert { at, mut job } => {
            let at = at.min(model.jobs.len());
            let was_active = job.is_active();
            job.next_generation();
            if was_active {
                job.state = JobState::Waiting;
            }
            model.jobs.insert(at, *job);
            model.view.job = at;
            if was_active && !without_engine(model, at) {
                request_now(model, at, effects);
                in_order(model, at + 1, effects);
            }
            Edit::Remove { at }
        }
        Edit::Remove { at } if at < model.jobs.len() => {
            let job = model.jobs.remove(at);
            if job.is_active() && model.engine == EngineState::Up {
                effects.push(Effect::Engine(Command::Cancel { job: job.id }));
            }
            if model.view.job > at || model.view.job >= model.jobs.len() {
                model.view.job = model.view.job.saturating_sub(1);
            }
            Edit::Insert {
                at,
                job: Box::new(job),
            }
        }
        // There is no such job; undoing nothing is nothing.
        Edit::Remove { .. } => Edit::Parameters(Vec::new()),
        Edit::Move { from, to, queue } => {
            if from >= model.jobs.len() {
                return Edit::Parameters(Vec::new());
            }
            let mut job = model.jobs.remove(from);
            let to = to.min(model.jobs.len());
            let back = Edit::Move {
                from: to,
                to: from,
                queue: job.queue_number,
            };
            let moved_queue = job.queue_number != queue;
            model.put_in_queue(&mut job, queue);
            if moved_queue && job.is_active() {
                // Another queue may be of another device.
                if model.engine == EngineState::Up {
                    effects.push(Effect::Engine(Command::Cancel { job: job.id }));
                }
                job.state = JobState::Waiting;
                job.next_generation();
            }
            model.jobs.insert(to, job);
            model.view.job = to;
            if moved_queue {
                request_now(model, to, effects);
            }
            in_order(model, from.min(to), effects);
            back
        }
    }
}

/// Without an engine a job cannot wait for its turn.
fn without_engine(model: &mut Model, number: usize) -> bool {
    let gone = matches!(model.engine, EngineState::Gone(_));
    if let Some(job) = model.jobs.get_mut(number).filter(|_| gone) {
        job.state = JobState::Failed {
            reason: super::engine::NO_ENGINE.to_owned(),
        };
    }
    gone
}

/// The engine serves jobs in the order in which it hears of them: those from here on that wait are told anew.
fn in_order(model: &mut Model, from: usize, effects: &mut Vec<Effect>) {
    if model.engine != EngineState::Up {
        return;
    }
    let waiting = |number: &usize| {
        model
            .jobs
            .get(*number)
            .is_some_and(|job| job.state == JobState::Waiting)
    };
    let waiting: Vec<usize> = (from..model.jobs.len()).filter(waiting).collect();
    for number in waiting {
        if let Some(job) = model.jobs.get(number) {
            effects.push(Effect::Engine(Command::Cancel { job: job.id }));
        }
        request_now(model, number, effects);
    }
}

/// Pauses every job of the selected one's queue; if none goes on, lets all go on.
pub fn pause_queue(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let queue = queue_of_selected(model)?;
    let is_active = |&number: &usize| model.jobs.get(number).is_some_and(Job::is_active);
    let active: Vec<usize> = queue.iter().copied().filter(is_active).collect();
    if active.is_empty() {
        for number in queue {
            super::engine::resume(model, number, effects);
        }
    } else {
        for number in active {
            super::engine::stop(model, number, JobState::Paused, effects);
        }
    }
    ANSWER
}

pub fn cancel_queue(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    for number in queue_of_selected(model)? {
        super::engine::cancel(model, number, effects);
    }
    ANSWER
}

fn queue_of_selected(model: &Model) -> Option<Vec<usize>> {
    let queue = model.selected()?.queue_number;
    let jobs = model.jobs.iter().enumerate();
    Some(
        jobs.filter(|(_, job)| job.queue_number == queue)
            .map(|(number, _)| number)
            .collect(),
    )
}
