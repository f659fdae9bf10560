//! Saving the session, keeping unsaved changes beside it, and quitting.
use std::path::{Path, PathBuf};

use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::grid::Grid;
use crate::app::state::log::{Level, Status};
use crate::app::state::overlay::{Overlay, SaveAs};

pub(super) fn save(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if model.saving.in_flight.is_some() {
        return None;
    }
    model.saving.in_flight = Some((model.queues(), model.left_view()));
    let session = Box::new(model.to_session());
    effects.push(Effect::SaveSession {
        path: model.path.clone(),
        session,
    });
    None
}

pub(super) fn saved(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    take_saved(model);
    if !model.is_unsaved() {
        discard_autosave(model, effects);
    }
    let text = format!("saved to {}", model.path.display());
    model.say(Level::Info, &text);
    Some(Redraw::Answer)
}

fn take_saved(model: &mut Model) {
    if let Some((queues, view)) = model.saving.in_flight.take() {
        model.saving.saved = queues;
        model.saving.saved_view = view;
    }
    model.saving.quit_asked = false;
}

/// Saves to the file whose name was typed, which is the session's from then on.
pub(super) fn save_as(model: &mut Model, save_as: SaveAs, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let Some(path) = save_as.path(&model.path) else {
        model.overlay = Some(Overlay::SaveAs(save_as));
        return Some(Redraw::Answer);
    };
    if model.saving.in_flight.is_some() {
        model.say_quietly(Level::Info, "the session is being saved: try again");
        return Some(Redraw::Answer);
    }
    model.saving.in_flight = Some((model.queues(), model.left_view()));
    let mut session = model.to_session();
    session.name = name_in(model, &path);
    effects.push(Effect::SaveSessionAs {
        from: model.path.clone(),
        path,
        session: Box::new(session),
    });
    Some(Redraw::Answer)
}

/// What the session is called in another file: a session that is called as its file goes by the name of the new one.
fn name_in(model: &Model, path: &Path) -> String {
    let stem = |path: &Path| Some(path.file_stem()?.to_str()?.to_owned());
    let is_of_file = stem(&model.path).is_some_and(|stem| stem == model.session.name);
    let new = stem(path).filter(|_| is_of_file);
    new.unwrap_or_else(|| model.session.name.clone())
}

/// The session is in another file now; what was kept beside the former one is gone.
pub(super) fn saved_as(model: &mut Model, path: PathBuf) -> Option<Redraw> {
    take_saved(model);
    model.saving.changed_at = None;
    model.saving.has_autosave = false;
    model.session.name = name_in(model, &path);
    model.path = path;
    if model.is_unsaved() {
        model.touch();
    }
    let text = format!("saved to {}, which is open from now on", model.path.display());
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
    let in_flight = model.saving.in_flight.as_ref();
    let is_being_saved = in_flight.is_some_and(|(queues, _)| *queues == model.queues());
    // An offer that was not answered is made again at the next start.
    if let Some(Overlay::Restore(_)) = model.overlay {
        effects.push(Effect::Quit);
        return None;
    }
    let text = unfinished(model, is_being_saved);
    let Some(text) = text.filter(|_| !model.saving.quit_asked) else {
        // Asked a second time, a person has decided not to save.
        if !is_being_saved {
            discard_autosave(model, effects);
        }
        effects.push(Effect::Quit);
        return None;
    };
    model.saving.quit_asked = true;
    model.status = Some(Status {
        level: Level::Warning,
        text,
    });
    Some(Redraw::Answer)
}

/// What a person may not want to leave, and how to leave all the same; `None` where there is nothing.
fn unfinished(model: &Model, is_being_saved: bool) -> Option<String> {
    let is_unsaved = model.is_unsaved() && !is_being_saved;
    let active = model.jobs.iter().filter(|job| job.is_active()).count();
    let jobs = match active {
        0 if model.grids.values().any(Grid::is_at_work) => Some("a grid is being filled".to_owned()),
        0 => None,
        1 => Some("a job is not done".to_owned()),
        n => Some(format!("{n} jobs are not done")),
    };
    Some(match (is_unsaved, jobs) {
        (false, None) => return None,
        (true, None) => "changes are not saved: q again quits, s saves".to_owned(),
        (true, Some(jobs)) => format!("changes are not saved, and {jobs}: q again quits, s saves"),
        (false, Some(jobs)) => format!("{jobs}: q again quits; what is scored is kept"),
    })
}
