//! Going on with what a program that was cut off had not saved.
use super::engine;
use crate::app::effect::{Effect, Redraw};
use crate::app::log::Level;
use crate::app::model::Model;
use crate::app::overlay::Overlay;
use crate::app::restore::Restore;

/// Takes the session that was not saved; it stays unsaved until a person saves it.
pub fn restore(model: &mut Model, offer: Restore, effects: &mut Vec<Effect>) -> Option<Redraw> {
    model.take_session(*offer.session);
    model.say(Level::Info, "went on with what was not saved");
    engine::start(model, effects).or(Some(Redraw::Answer))
}

pub fn restore_offered(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match model.overlay.take() {
        Some(Overlay::Restore(offer)) => restore(model, offer, effects),
        other => {
            model.overlay = other;
            None
        }
    }
}

pub fn discard(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match model.overlay.take() {
        Some(Overlay::Restore(_)) => {
            super::session::forget_aside(model, effects);
            model.say(Level::Info, "what was not saved is thrown away");
            engine::start(model, effects).or(Some(Redraw::Answer))
        }
        other => {
            model.overlay = other;
            None
        }
    }
}
