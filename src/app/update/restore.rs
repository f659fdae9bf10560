//! Restoring the unsaved changes of a program that was cut off.
use super::{engine, saving};
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::log::Level;
use crate::app::state::overlay::{Overlay, Restore};

/// Takes over the session that was not saved; it stays unsaved until a person saves it.
pub(super) fn restore(model: &mut Model, offer: Restore, effects: &mut Vec<Effect>) -> Option<Redraw> {
    model.take_session(*offer.session);
    model.say(Level::Info, "unsaved changes restored");
    engine::start(model, effects).or(Some(Redraw::Answer))
}

/// Restores what is offered, if anything is.
pub(super) fn restore_offered(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let offer = take_offer(model)?;
    restore(model, offer, effects)
}

/// Discards what is offered, if anything is.
pub(super) fn discard_offered(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    take_offer(model)?;
    saving::discard_autosave(model, effects);
    model.say(Level::Info, "unsaved changes discarded");
    engine::start(model, effects).or(Some(Redraw::Answer))
}

fn take_offer(model: &mut Model) -> Option<Restore> {
    match model.overlay.take() {
        Some(Overlay::Restore(offer)) => Some(offer),
        other => {
            model.overlay = other;
            None
        }
    }
}
