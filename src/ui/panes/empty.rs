//! What is said in place of scores while there are none.
use ratatui::layout::{Margin, Rect};
use unicode_width::UnicodeWidthStr;

use crate::app::{Action, EngineState, JobState, Model};
use crate::ui::painter::Painter;
use odin_core::session::Detector;

/// Draws the reason why there are no scores, in the middle of an area.
pub(super) fn draw(model: &Model, detector: Detector, area: Rect, painter: &mut Painter) {
    if let Some(why) = why(model, detector) {
        // The first row has the title.
        let area = area.inner(Margin::new(1, 1));
        if why.width() <= usize::from(area.width) {
            painter.centred(area, &why, painter.theme().dim);
        } else {
            painter.wrapped(area, &why, painter.theme().dim);
        }
    }
}

/// Why the selected job has no scores by a detector; `None` where it has.
pub(super) fn why(model: &Model, detector: Detector) -> Option<String> {
    let Some(job) = model.selected() else {
        return Some(no_jobs(model));
    };
    if job.analysis(detector).is_some() {
        return None;
    }
    if let Some(why) = job.fit.missing.get(&detector) {
        return Some(why.clone());
    }
    Some(match (&model.engine, &job.state) {
        (EngineState::Gone(reason), _) => format!("no engine: {reason}"),
        (EngineState::Starting, _) => "starting the engine".to_owned(),
        (_, JobState::Failed { reason }) => format!("failed: {reason}"),
        (_, JobState::Paused) if job.has_images() => {
            let key = model.keymap.key_for(&Action::PauseOrResume);
            let how = key.map_or(String::new(), |key| format!("; {key} goes on"));
            format!("paused before the first scores at this setting{how}")
        }
        (_, JobState::Paused) => "paused before the first scores".to_owned(),
        (_, JobState::Cancelled) => "cancelled before the first scores".to_owned(),
        (_, JobState::Done { .. }) => "a set without images".to_owned(),
        (_, JobState::Waiting | JobState::Running) if let Some((done, total)) = job.fit.progress => {
            format!("{done} of {total} training images are passed through the network, to fit {detector}")
        }
        (_, JobState::Running) => "waiting for the first scores".to_owned(),
        (_, JobState::Waiting) if model.devices.is_empty() => format!("loading {}", job.spec.network),
        (_, JobState::Waiting) => format!("{} waits for its turn", job.spec.dataset),
    })
}

fn no_jobs(model: &Model) -> String {
    match model.keymap.key_for(&Action::OpenPicker) {
        Some(key) => format!("this session has no jobs: {key} adds one"),
        None => "this session has no jobs".to_owned(),
    }
}
