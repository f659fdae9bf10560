//! Saving and quitting.
use crate::app::effect::{Effect, Redraw};
use crate::app::log::Level;
use crate::app::model::Model;

pub fn save(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if model.saving.is_some() {
        return None;
    }
    model.saving = Some(model.queues());
    let session = Box::new(model.to_session());
    effects.push(Effect::SaveSession {
        path: model.path.clone(),
        session,
    });
    None
}

pub fn saved(model: &mut Model) -> Option<Redraw> {
    if let Some(queues) = model.saving.take() {
        model.saved = queues;
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

/// Word of something that was done outside.
pub fn said(model: &mut Model, level: Level, text: &str) -> Option<Redraw> {
    model.say(level, text);
    Some(Redraw::Answer)
}

/// Quits; unsaved parameters are asked about once.
pub fn quit(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let being_saved = model.saving.as_ref() == Some(&model.queues());
    if model.quit_asked || being_saved || !model.is_unsaved() {
        effects.push(Effect::Quit);
        return None;
    }
    model.quit_asked = true;
    model.status = Some(crate::app::Status {
        level: Level::Warning,
        text: "changes are not saved: q again quits, s saves".to_owned(),
    });
    Some(Redraw::Answer)
}
