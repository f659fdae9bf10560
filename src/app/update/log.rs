//! The log: which lines are shown, and copying or writing them.
use crate::app::action::Action;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::log::Level;
use odin_core::session::Screen;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub(super) fn scroll(model: &mut Model, lines: i32) -> Option<Redraw> {
    model.log.scroll(lines);
    ANSWER
}

pub(super) fn native(model: &mut Model, text: &str) -> Option<Redraw> {
    model.log.push(model.now, Level::Native, text);
    (model.view.screen == Screen::Log).then_some(Redraw::Progress)
}

pub(super) fn search(model: &mut Model) -> Option<Redraw> {
    model.log.is_searching = true;
    ANSWER
}

pub(super) fn next_filter(model: &mut Model) -> Option<Redraw> {
    model.log.filter = model.log.filter.next();
    model.log.back = 0;
    ANSWER
}

/// Copies what is shown to the clipboard of the terminal, which may run on another machine.
pub(super) fn copy(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let count = model.log.shown().count();
    effects.push(Effect::Copy(model.log.text()));
    let lines = if count == 1 { "line" } else { "lines" };
    let key = model.keymap.key_for(&Action::WriteLog);
    let how = key.map_or(String::new(), |key| format!("; {key} writes a file"));
    let text = format!("{count} {lines} sent to the terminal's clipboard, if it has one{how}");
    model.say_quietly(Level::Info, &text);
    ANSWER
}

/// Answered by `Said`.
pub(super) fn write(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    effects.push(Effect::WriteLog(model.log.text()));
    None
}
