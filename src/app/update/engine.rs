//! Jobs and the engine: what is asked for, and what comes back.
use crate::app::action::Action;
use crate::app::effect::{Effect, Redraw};
use crate::app::job::{Job, JobState, Totals};
use crate::app::log::Level;
use crate::app::model::{EngineState, Model};
use crate::app::overlay::Overlay;
use crate::engine::protocol::{Command, Event, Generation, JobId, ScoreBatch};

/// The engine is there: every job is queued, the selected one first.
pub fn start(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if model.engine == EngineState::Starting {
        effects.push(Effect::LoadCatalogue);
    }
    model.engine = EngineState::Up;
    // Which jobs there are is not decided yet.
    if let Some(Overlay::Restore(_)) = model.overlay {
        return Some(Redraw::Progress);
    }
    let first = model.view.job;
    let others = (0..model.jobs.len()).filter(|&job| job != first);
    for job in std::iter::once(first).chain(others) {
        request_now(model, job, effects);
    }
    if model.jobs.is_empty() {
        let key = model.keymap.key_for(&Action::OpenPicker);
        let how = key.map_or("add one".to_owned(), |key| format!("{key} adds one"));
        model.say(Level::Info, &format!("this session has no jobs: {how}"));
    }
    Some(Redraw::Progress)
}

/// Asks the engine for a job at its newest parameters, at once.
pub fn request_now(model: &mut Model, number: usize, effects: &mut Vec<Effect>) {
    model.pending.remove(&number);
    let Some(job) = model.jobs.get(number).filter(|job| job.is_active()) else {
        return;
    };
    if model.engine != EngineState::Up {
        return;
    }
    let score = Command::Score {
        job: job.id,
        generation: job.generation,
        placement: job.placement(false),
        spec: job.spec.clone(),
    };
    effects.push(Effect::Engine(score));
    if number == model.view.job {
        effects.push(Effect::Engine(Command::Prefer { job: job.id }));
    }
    model.requested_at = Some(model.now);
}

pub fn event(model: &mut Model, event: Event) -> Option<Redraw> {
    match event {
        Event::Ready { device, description } => {
            model.log.push(
                model.now,
                Level::Info,
                &format!("{device} is ready: {description}"),
            );
            model.devices.retain(|(known, _)| *known != device);
            model
                .devices
                .push((device, description.chars().filter(|c| !c.is_control()).collect()));
        }
        Event::Memory { device, memory } => {
            model.memory.insert(device, memory);
        }
        Event::Started {
            job,
            generation,
            devices,
            total_in,
            total_out,
        } => {
            // It runs once its first batch has been computed: until then other jobs may have the device.
            let job = current(model, job, generation)?;
            job.found_devices = Some(devices);
            job.totals = Some(Totals {
                ins: total_in,
                outs: total_out,
            });
        }
        Event::Scored(batch) => return scored(model, &batch),
        Event::Finished {
            job,
            generation,
            seconds,
        } => {
            let job = current(model, job, generation)?;
            job.state = JobState::Done { seconds };
            job.rate.stop();
            // What is off by a little is looked at once more, to be made exact.
            let is_rough = job.analyses().any(|analysis| analysis.resolution > 0.0);
            job.dirty |= is_rough;
            let id = job.id;
            if model.is_awaited() && model.selected().is_some_and(|shown| shown.id == id) {
                return Some(Redraw::Answer);
            }
        }
        Event::Failed {
            job,
            generation,
            reason,
        } => {
            let job = current(model, job, generation)?;
            let first = reason.lines().next().unwrap_or_default();
            job.state = JobState::Failed {
                reason: first.chars().filter(|c| !c.is_control()).collect(),
            };
            job.rate.stop();
            let text = format!("{} on {} failed: {reason}", job.spec.dataset, job.spec.network);
            model.say(Level::Error, &text);
        }
        event @ (Event::Classes { .. } | Event::Thumbnails { .. } | Event::Inspected { .. }) => {
            return super::images::event(model, event);
        }
        // Only the command line asks for digests.
        Event::Identified { .. } => {}
        Event::Warning { text } => model.say(Level::Warning, &text),
    }
    Some(Redraw::Progress)
}

fn scored(model: &mut Model, batch: &ScoreBatch) -> Option<Redraw> {
    let now = model.now;
    let job = current(model, batch.job, batch.generation)?;
    let was_waiting = job.state == JobState::Waiting;
    let mut refused = 0;
    for image in &batch.scores {
        match job.scores.absorb(batch.side, image) {
            Ok(is_new) => job.dirty |= is_new,
            Err(_) => refused += 1,
        }
    }
    if !batch.from_cache {
        job.state = JobState::Running;
        if was_waiting {
            job.rate.start(now);
        }
        job.rate.arrived(now, batch.scores.len());
    }
    if refused > 0 {
        let text = format!(
            "{refused} images of {} have no score: not a number",
            job.spec.dataset
        );
        model.say(Level::Warning, &text);
    }
    Some(Redraw::Progress)
}

/// The job that an event is about, unless the event is stale or the job was stopped.
fn current(model: &mut Model, id: JobId, generation: Generation) -> Option<&mut Job> {
    let job = model.jobs.iter_mut().find(|job| job.id == id)?;
    (job.generation == generation && job.is_active()).then_some(job)
}

/// What is wrong with a job that waits for an engine.
pub const NO_ENGINE: &str = "no engine";

pub fn gone(model: &mut Model, reason: &str) -> Option<Redraw> {
    model.engine = EngineState::Gone(reason.to_owned());
    model.pending.clear();
    model.devices.clear();
    model.memory.clear();
    super::grid::engine_gone(model);
    super::images::engine_gone(model);
    for job in model.jobs.iter_mut().filter(|job| job.is_active()) {
        job.state = JobState::Failed {
            reason: NO_ENGINE.to_owned(),
        };
        job.rate.stop();
    }
    let key = model.keymap.key_for(&Action::RestartEngine);
    let how = key.map_or(String::new(), |key| format!("; {key} starts it again"));
    model.say(Level::Error, &format!("no scoring: {reason}{how}"));
    Some(Redraw::Answer)
}

/// Starts the engine again; the jobs that it left undone go on then, with what is known as evidence.
pub fn restart(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if !matches!(model.engine, EngineState::Gone(_)) {
        model.say(Level::Info, "the engine is there");
        return Some(Redraw::Answer);
    }
    model.engine = EngineState::Starting;
    for job in &mut model.jobs {
        if matches!(&job.state, JobState::Failed { reason } if reason == NO_ENGINE) {
            job.state = JobState::Waiting;
            job.next_generation();
        }
    }
    effects.push(Effect::StartEngine);
    Some(Redraw::Answer)
}

pub fn select(model: &mut Model, number: usize, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let number = number.min(model.jobs.len().checked_sub(1)?);
    if number == model.view.job {
        return None;
    }
    super::view::hold_tpr(model);
    model.typing = None;
    super::parameters::release(model, effects);
    model.view.job = number;
    let job = model.selected()?;
    if model.engine == EngineState::Up && job.is_active() {
        effects.push(Effect::Engine(Command::Prefer { job: job.id }));
    }
    Some(Redraw::Answer)
}

pub fn pause_or_resume(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match model.selected()?.state {
        JobState::Waiting | JobState::Running => stop(model, model.view.job, JobState::Paused, effects),
        JobState::Paused | JobState::Cancelled | JobState::Failed { .. } => {
            resume(model, model.view.job, effects);
        }
        JobState::Done { .. } => model.say(Level::Info, "this job is done; move T or ε to score anew"),
    }
    Some(Redraw::Answer)
}

/// Lets a job go on that was paused, cancelled or has failed.
pub fn resume(model: &mut Model, number: usize, effects: &mut Vec<Effect>) {
    let Some(job) = model.jobs.get_mut(number) else {
        return;
    };
    if matches!(job.state, JobState::Done { .. }) || job.is_active() {
        return;
    }
    job.state = JobState::Waiting;
    job.next_generation();
    if let EngineState::Gone(_) = model.engine {
        // It asks for every job that waits once it is there.
        restart(model, effects);
    } else {
        request_now(model, number, effects);
    }
}

pub fn cancel(model: &mut Model, number: usize, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.jobs.get(number)?;
    if !job.is_active() && job.state != JobState::Paused {
        return None;
    }
    stop(model, number, JobState::Cancelled, effects);
    Some(Redraw::Answer)
}

pub fn stop(model: &mut Model, number: usize, state: JobState, effects: &mut Vec<Effect>) {
    model.pending.remove(&number);
    let Some(job) = model.jobs.get_mut(number) else {
        return;
    };
    if job.is_active() && model.engine == EngineState::Up {
        effects.push(Effect::Engine(Command::Cancel { job: job.id }));
    }
    job.state = state;
    job.next_generation();
}
