//! Saving and quitting.
use crate::app::effect::{Effect, Redraw};
use crate::app::log::Level;
use crate::app::model::Model;
use crate::app::overlay::Overlay;

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

pub fn saved(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if let Some(queues) = model.saving.take() {
        model.saved = queues;
    }
    model.quit_asked = false;
    if !model.is_unsaved() {
        forget_aside(model, effects);
    }
    let text = format!("saved to {}", model.path.display());
    model.say(Level::Info, &text);
    Some(Redraw::Answer)
}

pub fn save_failed(model: &mut Model, reason: &str) -> Option<Redraw> {
    model.saving = None;
    model.say(Level::Error, reason);
    Some(Redraw::Answer)
}

/// Keeps what is not saved beside the session's file, in case the program is cut off.
pub fn keep_aside(model: &mut Model, effects: &mut Vec<Effect>) {
    model.touched_at = None;
    if model.is_unsaved() {
        model.is_kept_aside = true;
        let session = Box::new(model.to_session());
        effects.push(Effect::Autosave {
            path: model.path.clone(),
            session,
        });
    } else {
        forget_aside(model, effects);
    }
}

/// There is nothing to keep any more.
pub fn forget_aside(model: &mut Model, effects: &mut Vec<Effect>) {
    model.touched_at = None;
    if std::mem::take(&mut model.is_kept_aside) {
        effects.push(Effect::DiscardAutosave);
    }
}

/// Word of something that was done outside.
pub fn said(model: &mut Model, level: Level, text: &str) -> Option<Redraw> {
    model.say(level, text);
    Some(Redraw::Answer)
}

/// Quits; unsaved parameters are asked about once.
pub fn quit(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let being_saved = model.saving.as_ref() == Some(&model.queues());
    // What was offered and not answered is offered again.
    if let Some(Overlay::Restore(_)) = model.overlay {
        effects.push(Effect::Quit);
        return None;
    }
    if model.quit_asked || being_saved || !model.is_unsaved() {
        // A person who was asked has said that it may go.
        if !being_saved {
            forget_aside(model, effects);
        }
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
