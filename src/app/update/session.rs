//! Saving and quitting.
use crate::app::effect::{Effect, Redraw};
use crate::app::job::Job;
use crate::app::log::Level;
use crate::app::model::Model;

pub fn save(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if model.saving.is_some() {
        return None;
    }
    model.saving = Some(model.jobs.iter().map(Job::parameters).collect());
    let session = Box::new(model.to_session());
    effects.push(Effect::SaveSession {
        path: model.path.clone(),
        session,
    });
    None
}

pub fn saved(model: &mut Model) -> Option<Redraw> {
    if let Some(parameters) = model.saving.take() {
        model.saved = parameters;
    }
    model.quit_asked = false;
    let text = format!("saved to {}", model.path.display());
    model.say(Level::Info, &text);
    Some(Redraw::Answer)
}

pub fn save_failed(model: &mut Model, reason: &str) -> Option<Redraw> {
    model.saving = None;
    model.say(Level::Error, reason);
    Some(Redraw::Answer)
}

/// Quits; unsaved parameters are asked about once.
pub fn quit(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let now: Vec<_> = model.jobs.iter().map(Job::parameters).collect();
    let being_saved = model.saving.as_ref() == Some(&now);
    if model.quit_asked || being_saved || !model.is_unsaved() {
        effects.push(Effect::Quit);
        return None;
    }
    model.quit_asked = true;
    model.status = Some(crate::app::Status {
        level: Level::Warning,
        text: "T and ε are not saved: q again quits, s saves".to_owned(),
    });
    Some(Redraw::Answer)
}
