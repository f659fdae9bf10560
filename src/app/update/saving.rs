//! Saving the session, keeping unsaved changes beside it, and quitting.
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::log::{Level, Status};
use crate::app::state::overlay::Overlay;

pub(super) fn save(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if model.saving.in_flight.is_some() {
        return None;
    }
    model.saving.in_flight = Some(model.queues());
    let session = Box::new(model.to_session());
    effects.push(Effect::SaveSession {
        path: model.path.clone(),
        session,
    });
    None
}

pub(super) fn saved(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if let Some(queues) = model.saving.in_flight.take() {
        model.saving.saved = queues;
    }
    model.saving.quit_asked = false;
    if !model.is_unsaved() {
        discard_autosave(model, effects);
    }
    let text = format!("saved to {}", model.path.display());
    model.say(Level::Info, &text);
    Some(Redraw::Answer)
}

pub(super) fn save_failed(model: &mut Model, reason: &str) -> Option<Redraw> {
    model.saving.in_flight = None;
    model.say(Level::Error, reason);
    Some(Redraw::Answer)
}

/// Keeps unsaved changes beside the session's file, in case the program is cut off.
pub(super) fn autosave(model: &mut Model, effects: &mut Vec<Effect>) {
    model.saving.changed_at = None;
    if model.is_unsaved() {
        model.saving.has_autosave = true;
        let session = Box::new(model.to_session());
        effects.push(Effect::Autosave {
            path: model.path.clone(),
            session,
        });
    } else {
        discard_autosave(model, effects);
    }
}

/// Deletes what is kept beside the session's file, if anything is.
pub(super) fn discard_autosave(model: &mut Model, effects: &mut Vec<Effect>) {
    model.saving.changed_at = None;
    if std::mem::take(&mut model.saving.has_autosave) {
        effects.push(Effect::DiscardAutosave);
    }
}

/// The outcome of something that was done outside.
pub(super) fn said(model: &mut Model, level: Level, text: &str) -> Option<Redraw> {
    model.say(level, text);
    Some(Redraw::Answer)
}

/// Quits; where changes are not saved, only when asked a second time.
pub(super) fn quit(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let is_being_saved = model.saving.in_flight.as_ref() == Some(&model.queues());
    // An offer that was not answered is made again at the next start.
    if let Some(Overlay::Restore(_)) = model.overlay {
        effects.push(Effect::Quit);
        return None;
    }
    if model.saving.quit_asked || is_being_saved || !model.is_unsaved() {
        // Asked a second time, a person has decided not to save.
        if !is_being_saved {
            discard_autosave(model, effects);
        }
        effects.push(Effect::Quit);
        return None;
    }
    model.saving.quit_asked = true;
    model.status = Some(Status {
        level: Level::Warning,
        text: "changes are not saved: q again quits, s saves".to_owned(),
    });
    Some(Redraw::Answer)
}
