//! Pinning a setting, changing places with it, and pinning it again where the dashboard was left with one.
use std::sync::Arc;

use super::{detector, jobs, parameters};
use crate::app::effect::{Effect, Redraw};
use crate::app::model::{Model, one_line};
use crate::app::state::analysis::{Analysis, ImageScores};
use crate::app::state::engine::EngineState;
use crate::app::state::log::Level;
use crate::app::state::overlay::Overlay;
use crate::app::state::pin::{Pin, Pinning};
use crate::app::state::scores::ScoreSet;
use odin_core::comparisons::{JobBatch, JobCommand, JobEvent};
use odin_core::protocol::{Generation, JobSpec};

/// The number, among the cells of a job's grids, under which a setting is scored to be pinned; no cell of a grid has it.
const NUMBER: u32 = u32::MAX;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

/// Pins the setting that is shown as A; if one is pinned, unpins it.
pub(super) fn pin_or_unpin(model: &mut Model) -> Option<Redraw> {
    forget_pinning(model);
    if model.pin.take().is_some() {
        model.say_quietly(Level::Info, "A is no longer pinned");
        return ANSWER;
    }
    model.pins += 1;
    model.pin = model.pin_of_shown();
    let text = match model.pin {
        Some(_) => "pinned as A: change T, ε, job or detector to compare",
        None => "there is nothing to pin yet",
    };
    model.say_quietly(Level::Info, text);
    ANSWER
}

/// The setting that was pinned when the dashboard was left is wanted no more.
fn forget_pinning(model: &mut Model) {
    model.view.pin = None;
    model.pinning = None;
}

/// Asks for the scores of the setting that was pinned when the dashboard was left, while no job waits.
pub(super) fn restore(model: &mut Model, effects: &mut Vec<Effect>) {
    // What was offered and not answered may have another view.
    let is_open = matches!(model.overlay, Some(Overlay::Restore(_)));
    let Some(pinned) = model.view.pin.filter(|_| model.pin.is_none() && !is_open) else {
        return;
    };
    let Some(job) = model.jobs.get(pinned.job) else {
        return forget_pinning(model);
    };
    let spec = JobSpec {
        settings: job.spec.settings.clone().with(pinned.setting),
        ..job.spec.clone()
    };
    // What an earlier engine still says is stale.
    let generation = model.pinning.take().map_or(0, |before| before.generation.0 + 1);
    let generation = Generation(generation);
    effects.push(Effect::Engine(JobCommand::Score {
        job: job.id.cell(NUMBER),
        generation,
        placement: job.placement(true),
        spec: spec.clone(),
    }));
    model.pinning = Some(Pinning {
        job: job.id,
        setting: pinned.setting,
        spec,
        generation,
        scores: ScoreSet::default(),
    });
}

/// Whether an event is about a setting that is scored to be pinned.
pub(super) fn is_about(event: &JobEvent) -> bool {
    match event {
        JobEvent::Started { job, .. }
        | JobEvent::Finished { job, .. }
        | JobEvent::Failed { job, .. }
        | JobEvent::Scored(JobBatch { job, .. }) => job.cell_number() == Some(NUMBER),
        _ => false,
    }
}

pub(super) fn event(model: &mut Model, event: JobEvent) -> Option<Redraw> {
    let pinning = model.pinning.as_mut()?;
    match event {
        JobEvent::Scored(batch) if batch.generation == pinning.generation => {
            // Images without a number are left out, as they are of the job.
            pinning.scores.absorb(batch.side, &batch.scores);
            None
        }
        JobEvent::Finished { generation, .. } if generation == pinning.generation => {
            let pinning = model.pinning.take()?;
            pin_scored(model, pinning);
            Some(Redraw::Progress)
        }
        JobEvent::Failed {
            generation, reason, ..
        } if generation == pinning.generation => {
            forget_pinning(model);
            model.say(
                Level::Warning,
                &format!("A is no longer pinned: {}", one_line(&reason.text)),
            );
            ANSWER
        }
        _ => None,
    }
}

fn pin_scored(model: &mut Model, pinning: Pinning) {
    let Pinning {
        job,
        setting,
        spec,
        mut scores,
        ..
    } = pinning;
    scores.watch(&setting);
    let groups = model
        .job_by_id(job)
        .map(|job| job.groups.clone())
        .unwrap_or_default();
    let analysis = Analysis::new(&scores, &groups, &setting, &model.view.conventions, None);
    model.pins += 1;
    // Without an image in one of the sets there is nothing to compare with.
    model.pin = analysis.map(|analysis| Pin {
        number: model.pins,
        job,
        network: spec.network.clone(),
        dataset: spec.dataset.clone(),
        setting,
        analysis,
        scores: Arc::new(ImageScores::of(&scores, &setting, &groups)),
        spec,
        change: None,
    });
}

/// There is no engine any more: what it scored so far is asked for again.
pub(super) fn engine_gone(model: &mut Model) {
    if let Some(pinning) = &mut model.pinning {
        pinning.scores = ScoreSet::default();
    }
}

/// Goes back to the setting that is pinned, and pins the one that was shown: A and B change places.
pub(super) fn swap(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let Some(pin) = model.pin.take() else {
        if model.engine == EngineState::Up && model.pinning.is_some() {
            model.say_quietly(Level::Info, "A is being scored");
            return ANSWER;
        }
        model.say_quietly(Level::Info, "nothing is pinned");
        return ANSWER;
    };
    let Some(place) = model.jobs.iter().position(|job| job.id == pin.job) else {
        model.say_quietly(Level::Info, "the job of what was pinned is gone");
        return ANSWER;
    };
    model.pins += 1;
    let shown = model.pin_of_shown();
    jobs::select(model, place, effects);
    detector::show(model, pin.setting.detector(), effects);
    parameters::release(model, effects);
    parameters::set_setting(model, pin.setting, effects);
    model.pin = shown.or(Some(pin));
    ANSWER
}
