//! What the engine says, and what its end means for jobs, grids and images.
use super::{grid, images};
use crate::app::action::Action;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::{Model, one_line};
use crate::app::state::engine::EngineState;
use crate::app::state::jobs::{Job, JobFailure, JobState, Totals};
use crate::app::state::log::Level;
use odin_core::comparisons::{JobBatch, JobEvent};
use odin_core::protocol::{Generation, JobId};

pub(super) fn event(model: &mut Model, event: JobEvent, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if grid::is_about(&event) {
        return grid::event(model, &event, effects);
    }
    match event {
        JobEvent::Ready { device, description } => {
            let text = format!("{device} is ready: {description}");
            model.log.push(model.now, Level::Info, &text);
            model.devices.retain(|(known, _)| *known != device);
            let description = description.chars().filter(|c| !c.is_control()).collect();
            model.devices.push((device, description));
        }
        JobEvent::Memory { device, memory } => {
            model.memory.insert(device, memory);
        }
        JobEvent::Started {
            job,
            generation,
            devices,
            total_in,
            total_out,
        } => {
            // It counts as running once its first batch is scored: until then other jobs may have the device.
            let job = current(model, job, generation)?;
            job.found_devices = Some(devices);
            job.totals = Some(Totals {
                ins: total_in,
                outs: total_out,
            });
        }
        JobEvent::Scored(batch) => return scored(model, &batch),
        JobEvent::Finished {
            job,
            generation,
            seconds,
        } => {
            let job = current(model, job, generation)?;
            job.state = JobState::Done { seconds };
            job.rate.stop();
            // Metrics that are not exact are analysed once more, to be made exact.
            let is_rough = job.analyses().any(|analysis| analysis.resolution > 0.0);
            job.needs_analysis |= is_rough;
            let id = job.id;
            if model.is_awaited() && model.selected().is_some_and(|shown| shown.id == id) {
                return Some(Redraw::Answer);
            }
        }
        JobEvent::Failed {
            job,
            generation,
            reason,
        } => {
            let job = current(model, job, generation)?;
            job.state = JobState::Failed {
                reason: JobFailure::Scoring(one_line(&reason)),
            };
            job.rate.stop();
            let text = format!("{} on {} failed: {reason}", job.spec.dataset, job.spec.network);
            model.say(Level::Error, &text);
        }
        JobEvent::Classes { job, names } => return images::classes(model, job, names),
        JobEvent::Thumbnails { job, images } => return images::thumbnails(model, job, images),
        JobEvent::Inspected { job, image, result } => return images::inspected(model, job, image, *result),
        JobEvent::Warning { text } => model.say(Level::Warning, &text),
    }
    Some(Redraw::Progress)
}

fn scored(model: &mut Model, batch: &JobBatch) -> Option<Redraw> {
    let now = model.now;
    let job = current(model, batch.job, batch.generation)?;
    let was_waiting = job.state == JobState::Waiting;
    let absorbed = job.scores.absorb(batch.side, &batch.scores);
    job.needs_analysis |= absorbed.is_new;
    if !batch.from_cache {
        job.state = JobState::Running;
        if was_waiting {
            job.rate.start(now);
        }
        job.rate.arrived(now, batch.scores.len());
    }
    let refused = absorbed.refused;
    if refused > 0 {
        let images = if refused == 1 { "image" } else { "images" };
        let text = format!(
            "{refused} {images} of {} left out: the score is not a number",
            job.spec.dataset
        );
        model.say(Level::Warning, &text);
    }
    Some(Redraw::Progress)
}

/// The job that an event is about, unless the event is stale or the job was stopped.
fn current(model: &mut Model, id: JobId, generation: Generation) -> Option<&mut Job> {
    let job = model.job_by_id_mut(id)?;
    (job.generation == generation && job.is_active()).then_some(job)
}

/// There is no engine, or no longer.
pub(super) fn engine_gone(model: &mut Model, reason: &str) -> Option<Redraw> {
    model.engine = EngineState::Gone(reason.to_owned());
    model.requests.pending.clear();
    model.devices.clear();
    model.memory.clear();
    grid::engine_gone(model);
    images::engine_gone(model);
    for job in model.jobs.iter_mut().filter(|job| job.is_active()) {
        job.state = JobState::Failed {
            reason: JobFailure::NoEngine,
        };
        job.rate.stop();
    }
    let key = model.keymap.key_for(&Action::RestartEngine);
    let how = key.map_or(String::new(), |key| format!("; {key} starts it again"));
    model.say(Level::Error, &format!("no scoring: {reason}{how}"));
    Some(Redraw::Answer)
}
