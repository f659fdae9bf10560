//! Typing an exact value for a slider.
use super::parameters;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::parameters::{Slider, Typing, TypingError};
use crate::app::state::threshold::Cursor;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub(super) fn start(model: &mut Model) -> Option<Redraw> {
    model.selected()?;
    model.typing = Some(Typing::new(model.focus));
    ANSWER
}

pub(super) fn type_char(model: &mut Model, c: char) -> Option<Redraw> {
    model.typing.as_mut()?.push(c).then_some(Redraw::Answer)
}

pub(super) fn erase(model: &mut Model) -> Option<Redraw> {
    model.typing.as_mut()?.erase();
    ANSWER
}

/// Sets the slider to the value that was typed; if it is none, says why and lets the person go on typing.
pub(super) fn accept(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let mut typing = model.typing.take()?;
    if typing.text.is_empty() {
        return ANSWER;
    }
    let set = match typing.slider {
        Slider::Threshold => percent(&typing.text).map(|tpr| model.cursor = Cursor::Tpr(tpr)),
        Slider::Knob(place) => accept_knob(model, place, &typing.text, effects),
    };
    if let Err(error) = set {
        typing.error = Some(error);
        model.typing = Some(typing);
    }
    ANSWER
}

fn accept_knob(
    model: &mut Model,
    place: u8,
    text: &str,
    effects: &mut Vec<Effect>,
) -> Result<(), TypingError> {
    let setting = model.job(model.view.job).setting(model.slider_detector());
    let Some(knob) = setting.detector().knobs().get(usize::from(place)) else {
        return Ok(());
    };
    let value = text
        .parse()
        .map_err(|_| TypingError::NotANumber(text.to_owned()))?;
    let wanted = setting.with(knob.key, value)?;
    parameters::set_selected(model, wanted, Slider::Knob(place), false, effects);
    model.history.end_drag();
    Ok(())
}

/// `95` or `95%` as 0.95.
fn percent(text: &str) -> Result<f64, TypingError> {
    let number = text.strip_suffix('%').unwrap_or(text);
    let value: f64 = number.parse().map_err(|_| match number.contains(',') {
        true => TypingError::NotANumber(number.to_owned()),
        false => TypingError::Tpr,
    })?;
    if value > 0.0 && value <= 100.0 {
        Ok(value / 100.0)
    } else {
        Err(TypingError::Tpr)
    }
}
