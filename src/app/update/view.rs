//! What is shown and how: screens, plots, focus, mouse, theme.
use super::engine;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::log::Level;
use crate::app::state::parameters::Slider;
use odin_core::session::{Screen, View};

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub(super) fn change(model: &mut Model, change: impl FnOnce(&mut View)) -> Option<Redraw> {
    change(&mut model.view);
    ANSWER
}

pub(super) fn show(model: &mut Model, screen: Screen, effects: &mut Vec<Effect>) -> Option<Redraw> {
    model.view.screen = screen;
    engine::request_wanted(model, effects);
    model.typing = None;
    model.log.is_searching = false;
    model.job_filter.is_typing = false;
    ANSWER
}

/// The next way to draw plots that the terminal can show.
pub(super) fn next_marks(model: &mut Model) -> Option<Redraw> {
    model.view.marks = model.view.marks.next(model.shows_pictures);
    ANSWER
}

pub(super) fn focus(model: &mut Model, slider: Slider) -> Option<Redraw> {
    model.focus = slider;
    ANSWER
}

pub(super) fn toggle_mouse(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    model.view.mouse = !model.view.mouse;
    effects.push(Effect::SetMouse(model.view.mouse));
    let text = if model.view.mouse {
        "the mouse works here"
    } else {
        "the mouse is left to the terminal, to select text"
    };
    model.say(Level::Info, text);
    ANSWER
}

/// While the window has no focus, progress is drawn seldom; once it has it again, it is drawn as things stand.
pub(super) fn focus_window(model: &mut Model, has_focus: bool) -> Option<Redraw> {
    let had_focus = std::mem::replace(&mut model.has_focus, has_focus);
    (has_focus && !had_focus).then_some(Redraw::Answer)
}

pub(super) fn next_theme(model: &mut Model) -> Option<Redraw> {
    model.theme = model.theme.next();
    let text = format!(
        "theme {}; set `theme` in the settings file to keep it",
        model.theme.name()
    );
    model.say_quietly(Level::Info, &text);
    ANSWER
}
