//! What the engine says, and what its end means for jobs, grids and images.
use super::{grid, images, pin, transfer};
use crate::app::action::Action;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::{Model, one_line};
use crate::app::state::engine::EngineState;
use crate::app::state::jobs::{Job, JobFailure, JobState, Totals};
use crate::app::state::log::Level;
use odin_core::comparisons::{JobBatch, JobEvent};
use odin_core::protocol::{Failure, Generation, JobId};

pub(super) fn event(model: &mut Model, event: JobEvent, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if pin::is_about(&event) {
        return pin::event(model, event);
    }
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
        JobEvent::Fitting {
            job,
            generation,
            done,
            total,
        } => current(model, job, generation)?.fit.progress = Some((done, total)),
        JobEvent::Fitted { job, generation, on } => {
            let fit = &mut current(model, job, generation)?.fit;
            fit.progress = None;
            fit.on = Some(on);
        }
        JobEvent::Missing {
            job,
            generation,
            detectors,
        } => {
            let job = current(model, job, generation)?;
            job.lack(generation, detectors);
        }
        JobEvent::Groups { job, side, groups } => {
            model.job_by_id_mut(job)?.groups.set(side, groups);
            return None;
        }
        JobEvent::Scored(batch) => return scored(model, &batch),
        JobEvent::Finished {
            job,
            generation,
            seconds,
        } => {
            let is_shown = !model.is_awaited();
            let job = current(model, job, generation)?;
            let scored = job.scored();
            let text = match job.state {
                JobState::Running => Some(format!("{job}: done, {scored} images in {seconds:.1} s")),
                // At every step of a slider, known scores come at once.
                _ => is_shown.then(|| format!("{job}: all {scored} images were known from before")),
            };
            job.state = JobState::Done { seconds };
            job.rate.stop();
            // Metrics that are not exact are analysed once more, to be made exact.
            let is_rough = job.analyses().any(|analysis| analysis.resolution > 0.0);
            job.needs_analysis |= is_rough;
            let id = job.id;
            if let Some(text) = text {
                model.log.push(model.now, Level::Info, &text);
            }
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
                reason: JobFailure::Scoring(Failure {
                    text: one_line(&reason.text),
                    ..reason.clone()
                }),
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
    let known = job.scored();
    let absorbed = job.scores.absorb(batch.side, &batch.scores);
    job.found(batch.generation, &batch.scores);
    job.needs_analysis |= absorbed.is_new;
    if batch.from_cache {
        job.from_evidence += job.scored() - known;
    } else {
        job.state = JobState::Running;
        if was_waiting {
            job.rate.start(now);
        }
        job.rate.arrived(now, batch.scores.len());
    }
    let refused = absorbed.refused;
    let begins = (was_waiting && !batch.from_cache).then(|| begins(job));
    if refused > 0 {
        let images = if refused == 1 { "image" } else { "images" };
        let text = format!(
            "{refused} {images} of {} left out: the score is not a number",
            job.spec.dataset
        );
        model.say(Level::Warning, &text);
    }
    // While a slider moves, each of its steps would have a line.
    if let Some(text) = begins.filter(|_| !model.is_dragging()) {
        model.log.push(now, Level::Info, &text);
    }
    Some(Redraw::Progress)
}

/// That the scoring of a job begins, for the log.
fn begins(job: &Job) -> String {
    let devices = job.found_devices.as_ref().unwrap_or(&job.devices);
    let mut text = format!("{job}: scoring begins on {}", devices.first());
    if let Some(totals) = job.totals {
        text += &format!(", {}+{} images", totals.ins, totals.outs);
    }
    if job.from_evidence > 0 {
        text += &format!(", {} of them known from before", job.from_evidence);
    }
    text
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
    transfer::engine_gone(model);
    pin::engine_gone(model);
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
