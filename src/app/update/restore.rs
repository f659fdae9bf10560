//! Restoring the unsaved changes of a program that was cut off.
use super::{engine, pin, saving};
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::log::Level;
use crate::app::state::overlay::{Overlay, Restore};

/// Takes over the session that was not saved; it stays unsaved until a person saves it.
pub(super) fn restore(model: &mut Model, offer: Restore, effects: &mut Vec<Effect>) -> Option<Redraw> {
    model.take_session(*offer.session);
    model.say(Level::Info, "unsaved changes restored");
    start(model, effects)
}

/// Restores what is offered, if anything is.
pub(super) fn restore_offered(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let offer = take_offer(model)?;
    restore(model, offer, effects)
}

fn start(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let redraw = engine::start(model, effects);
    pin::restore(model, effects);
    redraw.or(Some(Redraw::Answer))
}

/// Keeps what is offered, after a person was asked whether to discard it.
pub(super) fn keep_offered(model: &mut Model) -> Option<Redraw> {
    if let Some(Overlay::Restore(offer)) = &mut model.overlay {
        offer.asks_to_discard = false;
    }
    Some(Redraw::Answer)
}

/// Discards what is offered, if anything is; asks first, for it cannot be brought back.
pub(super) fn discard_offered(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if let Some(Overlay::Restore(offer)) = &mut model.overlay
        && !offer.asks_to_discard
    {
        offer.asks_to_discard = true;
        return Some(Redraw::Answer);
    }
    take_offer(model)?;
    saving::discard_autosave(model, effects);
    model.say(Level::Info, "unsaved changes discarded");
    start(model, effects)
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
