//! Asking the engine: starting it, having jobs scored, stopping them.
use crate::app::action::Action;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::detectors::Detectors;
use crate::app::state::engine::EngineState;
use crate::app::state::jobs::{JobFailure, JobState};
use crate::app::state::log::Level;
use crate::app::state::overlay::Overlay;
use odin_core::comparisons::JobCommand;
use odin_core::protocol::JobSpec;
use odin_core::session::Screen;

/// The engine is up: every job is queued, the selected one first.
pub(super) fn start(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if model.engine == EngineState::Starting {
        effects.push(Effect::LoadCatalogue);
    }
    model.engine = EngineState::Up;
    // Until the question is answered it is not known which jobs there are.
    if let Some(Overlay::Restore(_)) = model.overlay {
        return Some(Redraw::Progress);
    }
    let first = model.view.job;
    let others = (0..model.jobs.len()).filter(|&job| job != first);
    let selected = (!model.jobs.is_empty()).then_some(first);
    for job in selected.into_iter().chain(others) {
        request_now(model, job, effects);
    }
    if model.jobs.is_empty() {
        let key = model.keymap.key_for(&Action::OpenPicker);
        let how = key.map_or("add one".to_owned(), |key| format!("{key} adds one"));
        model.say(Level::Info, &format!("this session has no jobs: {how}"));
    }
    Some(Redraw::Progress)
}

/// Starts the engine again. The jobs that it left undone go on then, from the evidence there is.
pub(super) fn restart(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if !matches!(model.engine, EngineState::Gone(_)) {
        model.say(Level::Info, "the engine is running already");
        return Some(Redraw::Answer);
    }
    model.engine = EngineState::Starting;
    let without_engine = JobState::Failed {
        reason: JobFailure::NoEngine,
    };
    for job in &mut model.jobs {
        if job.state == without_engine {
            job.state = JobState::Waiting;
            job.next_generation();
        }
    }
    effects.push(Effect::StartEngine);
    Some(Redraw::Answer)
}

/// Asks for a job's scores at its newest parameters, if it is to be scored and there is an engine.
pub(super) fn request_now(model: &mut Model, place: usize, effects: &mut Vec<Effect>) {
    model.requests.pending.remove(&place);
    let job = model.job(place);
    if !job.is_active() || model.engine != EngineState::Up {
        return;
    }
    let wanted = model.wanted(job);
    let job = model.job_mut(place);
    job.asked = wanted.clone();
    effects.push(Effect::Engine(JobCommand::Score {
        job: job.id,
        generation: job.generation,
        placement: job.placement(false),
        spec: JobSpec {
            settings: wanted,
            ..job.spec.clone()
        },
    }));
    let id = job.id;
    if place == model.view.job {
        effects.push(Effect::Engine(JobCommand::Prefer { job: id }));
    }
    model.requests.sent_at = Some(model.now);
}

/// Asks for scores by detectors that are wanted by now and were not before: of every job, and on the Detectors screen of those
/// in its table. A job that a person stopped stays stopped.
pub(super) fn request_wanted(model: &mut Model, effects: &mut Vec<Effect>) {
    let places = match model.view.screen {
        Screen::Detectors => Detectors::jobs(&model.jobs, model.view.job),
        _ => (0..model.jobs.len()).collect(),
    };
    for place in places {
        let job = model.job(place);
        let is_stopped = matches!(
            job.state,
            JobState::Paused | JobState::Cancelled | JobState::Failed { .. }
        );
        let wanted = model.wanted(job);
        let is_asked = wanted
            .iter()
            .all(|one| job.asked.iter().any(|asked| asked == one));
        if is_stopped || is_asked || model.engine != EngineState::Up {
            continue;
        }
        let job = model.job_mut(place);
        job.state = JobState::Waiting;
        job.next_generation();
        request_now(model, place, effects);
    }
}

/// Asks for the scores that were held back.
pub(super) fn request_pending(model: &mut Model, effects: &mut Vec<Effect>) {
    for place in std::mem::take(&mut model.requests.pending) {
        request_now(model, place, effects);
    }
}

/// Stops scoring a job, and gives it this state.
pub(super) fn stop(model: &mut Model, place: usize, state: JobState, effects: &mut Vec<Effect>) {
    model.requests.pending.remove(&place);
    let is_up = model.engine == EngineState::Up;
    let job = model.job_mut(place);
    if job.is_active() && is_up {
        effects.push(Effect::Engine(JobCommand::Cancel { job: job.id }));
    }
    job.state = state;
    job.next_generation();
}
