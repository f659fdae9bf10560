//! The Detectors screen: its cursor, what is measured for it, and showing or keeping one of its detectors.
use super::{detector, engine};
use crate::app::action::DetectorsAction;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::schedule::DETECTOR_REPLICATES;
use crate::app::state::detectors::{Detectors, DetectorsReport};
use crate::app::state::log::Level;
use odin_core::ranking::Average;
use odin_core::session::Screen;

use super::cycle::neighbour;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub(super) fn apply(
    model: &mut Model,
    action: &DetectorsAction,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    match *action {
        DetectorsAction::Move(rows) => {
            let all = &model.detectors.rows;
            let chosen = model.detectors.chosen;
            let at = all.iter().position(|row| row.setting.detector() == chosen);
            let last = all.len().checked_sub(1)? as i64;
            let to = (at.unwrap_or_default() as i64 + i64::from(rows)).clamp(0, last);
            let row = all.get(to as usize).expect("the row was clamped to the table");
            model.detectors.chosen = row.setting.detector();
        }
        DetectorsAction::To(detector) if model.detectors.chosen == detector => {
            return apply(model, &DetectorsAction::Show, effects);
        }
        DetectorsAction::To(detector) => model.detectors.chosen = detector,
        DetectorsAction::NextAverage(by) => {
            model.detectors.by = neighbour(&Average::EACH, model.detectors.by, by);
            rank(model);
        }
        DetectorsAction::TogglePasses => {
            model.detectors.with_passes = !model.detectors.with_passes;
            engine::request_wanted(model, effects);
            rank(model);
        }
        DetectorsAction::Show => {
            let chosen = model.detectors.chosen;
            model.view.screen = Screen::Explore;
            detector::show(model, chosen, effects);
        }
        DetectorsAction::Keep => {
            let chosen = model.detectors.chosen;
            let places = Detectors::jobs(&model.jobs, model.view.job);
            let is_kept = |place: &usize| model.job(*place).source.detector == Some(chosen);
            let detector = (!places.iter().all(is_kept)).then_some(chosen);
            for place in places {
                model.job_mut(place).source.detector = detector;
            }
            model.touch();
            let text = match detector {
                Some(kept) => format!("the session's jobs score by {kept} too, in odin run and odin verdict"),
                None => format!("{chosen} is no longer a detector of the session's jobs"),
            };
            model.say(Level::Info, &text);
        }
    }
    ANSWER
}

/// Ranks the detectors anew.
pub(super) fn rank(model: &mut Model) {
    let network = model.selected().map(|job| job.spec.network.clone());
    let distances = network.and_then(|network| model.catalogue.distances.get(&network).cloned());
    model.detectors.rank(
        &model.jobs,
        model.view.job,
        &distances.unwrap_or_default(),
        model.view.metric,
        &model.view.conventions,
    );
}

/// Has the next job's cells measured in the background.
pub(super) fn request(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some((place, settings)) = model.wants_cells() else {
        return;
    };
    let now = model.now;
    let mut detectors = std::mem::take(&mut model.detectors);
    let (job, table) = (model.job(place), model.table());
    let request = detectors.request(job, &table, &settings, DETECTOR_REPLICATES, now);
    model.detectors = detectors;
    effects.push(Effect::ComputeDetectors(request));
}

pub(super) fn report(model: &mut Model, report: DetectorsReport) -> Option<Redraw> {
    model.detectors.take(report);
    rank(model);
    (model.view.screen == Screen::Detectors).then_some(Redraw::Progress)
}

/// The screen is open, or another job is selected on it.
pub(super) fn settle(model: &mut Model) {
    if model.view.screen != Screen::Detectors {
        return;
    }
    let places = Detectors::jobs(&model.jobs, model.view.job);
    let jobs = places.iter().filter_map(|place| model.jobs.get(*place));
    let columns: Vec<_> = jobs.map(|job| job.id).collect();
    let shown: Vec<_> = model.detectors.columns.iter().map(|column| column.job).collect();
    if columns != shown || model.detectors.rows.is_empty() {
        rank(model);
    }
}
