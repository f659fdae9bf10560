//! The log: what of it is shown, and taking it elsewhere.
use crate::app::effect::{Effect, Redraw};
use crate::app::log::Level;
use crate::app::model::Model;
use crate::session::Screen;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub fn scroll(model: &mut Model, lines: i32) -> Option<Redraw> {
    model.log.scroll(lines);
    ANSWER
}

pub fn native(model: &mut Model, text: &str) -> Option<Redraw> {
    model.log.push(model.now, Level::Native, text);
    (model.view.screen == Screen::Log).then_some(Redraw::Progress)
}

pub fn search(model: &mut Model) -> Option<Redraw> {
    model.log.is_searching = true;
    ANSWER
}

pub fn next_filter(model: &mut Model) -> Option<Redraw> {
    model.log.filter = model.log.filter.next();
    model.log.back = 0;
    ANSWER
}

/// To the clipboard of the terminal, which may be far away.
pub fn copy(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let lines = model.log.shown().count();
    effects.push(Effect::Copy(model.log.text()));
    let text = format!("{lines} lines sent to the terminal's clipboard, if it has one; w writes a file");
    model.say_quietly(Level::Info, &text);
    ANSWER
}

/// Answered by `Said`.
pub fn write(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    effects.push(Effect::WriteLog(model.log.text()));
    None
}
