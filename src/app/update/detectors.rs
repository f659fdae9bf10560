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
        }
        DetectorsAction::TogglePasses => {
            model.detectors.with_passes = !model.detectors.with_passes;
            engine::request_wanted(model, effects);
        }
        DetectorsAction::Show => {
            let chosen = model.detectors.chosen;
            model.view.screen = Screen::Explore;
            detector::show(model, chosen, effects);
        }
        DetectorsAction::Keep => {
            let chosen = model.detectors.chosen;
            let places = Detectors::jobs(&model.jobs, model.view.job);
            let is_kept = |place: &usize| model.job(*place).source_detector() == Some(chosen);
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
    (model.view.screen == Screen::Detectors).then_some(Redraw::Progress)
}

/// While the screen is open, its rows are of what is selected and measured, and every job of its table is asked for scores.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.view.screen != Screen::Detectors {
        return;
    }
    let network = model.selected().map(|job| &job.spec.network);
    let distances = network.and_then(|network| model.catalogue.distances.get(network));
    let has_other_jobs = model.detectors.rank(
        &model.jobs,
        model.view.job,
        distances,
        model.view.metric,
        &model.view.conventions,
    );
    if has_other_jobs {
        engine::request_wanted(model, effects);
    }
}
