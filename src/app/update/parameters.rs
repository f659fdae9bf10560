//! T, ε and the threshold under a person's hands: steps, drags, typing, undo.
use super::engine::request_now;
use super::view;
use crate::app::effect::{Effect, Redraw};
use crate::app::history::{Change, Edit};
use crate::app::job::{JobState, Parameters};
use crate::app::log::Level;
use crate::app::model::Model;
use crate::app::slider::{Cursor, Slider};
use crate::app::typing::Typing;
use crate::units::UnitError;

pub fn step(model: &mut Model, slider: Slider, steps: i32, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.selected()?;
    let now = job.parameters();
    let wanted = match slider {
        Slider::Temperature => {
            let temperature = job.temperature_span.step_temperature(now.temperature, steps)?;
            Parameters { temperature, ..now }
        }
        Slider::Magnitude => {
            let magnitude = job.magnitude_span.step_magnitude(now.magnitude, steps)?;
            Parameters { magnitude, ..now }
        }
        Slider::Threshold => return view::threshold_step(model, steps),
    };
    set_selected(model, wanted, slider, false, effects)
}

pub fn slide(model: &mut Model, slider: Slider, fraction: f64, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.selected()?;
    let now = job.parameters();
    let wanted = match slider {
        Slider::Temperature => Parameters {
            temperature: job.temperature_span.temperature_at(fraction)?,
            ..now
        },
        Slider::Magnitude => Parameters {
            magnitude: job.magnitude_span.magnitude_at(fraction)?,
            ..now
        },
        Slider::Threshold => {
            model.cursor = Cursor::Tpr(if fraction.is_finite() {
                fraction.clamp(0.0, 1.0)
            } else {
                return None;
            });
            return Some(Redraw::Answer);
        }
    };
    let changed_focus = model.focus != slider || model.typing.is_some();
    model.drag = Some(slider);
    model.focus = slider;
    model.typing = None;
    set_selected(model, wanted, slider, true, effects).or(changed_focus.then_some(Redraw::Answer))
}

/// A drag ends: what it came to is asked for now, not later.
pub fn release(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    model.history.end_drag();
    for job in std::mem::take(&mut model.pending) {
        request_now(model, job, effects);
    }
    model.drag.take().map(|_| Redraw::Answer)
}

fn set_selected(
    model: &mut Model,
    to: Parameters,
    slider: Slider,
    dragging: bool,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    let job = model.view.job;
    let from = model.selected()?.parameters();
    if from == to {
        return None;
    }
    let change = Change { job, from, to };
    let back = Edit::Parameters(reversed(&[change]));
    model.history.record(back, Some(slider), model.now, dragging);
    set(model, &change, effects);
    Some(Redraw::Answer)
}

/// Gives the selected job this T and this ε, to be undone at once.
pub fn set_both(model: &mut Model, to: Parameters, effects: &mut Vec<Effect>) {
    let job = model.view.job;
    let Some(from) = model
        .selected()
        .map(|job| job.parameters())
        .filter(|from| *from != to)
    else {
        return;
    };
    let change = Change { job, from, to };
    let back = Edit::Parameters(reversed(&[change]));
    model.history.record(back, None, model.now, false);
    set(model, &change, effects);
}

/// Gives a job other parameters and has it scored anew: now, or soon where it was asked for just before.
fn set(model: &mut Model, change: &Change, effects: &mut Vec<Effect>) {
    if change.job == model.view.job {
        view::hold_tpr(model);
    }
    let Some(job) = model.jobs.get_mut(change.job) else {
        return;
    };
    job.set_parameters(change.to);
    model.touched_at = Some(model.now);
    // What a person stopped stays stopped.
    if !matches!(job.state, JobState::Paused | JobState::Cancelled) {
        job.state = JobState::Waiting;
    }
    if let crate::app::EngineState::Gone(_) = model.engine {
        job.state = JobState::Failed {
            reason: "no engine".to_owned(),
        };
        return;
    }
    if !job.is_active() {
        return;
    }
    if model.now >= model.request_due() {
        request_now(model, change.job, effects);
    } else {
        model.pending.insert(change.job);
    }
}

pub fn apply_to_all(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let to = model.selected()?.parameters();
    let jobs = model.jobs.iter().enumerate();
    let changes: Vec<Change> = jobs
        .map(|(job, state)| Change {
            job,
            from: state.parameters(),
            to,
        })
        .filter(|change| change.from != change.to)
        .collect();
    if !changes.is_empty() {
        set_all(model, &changes, effects);
        let back = Edit::Parameters(reversed(&changes));
        model.history.record(back, None, model.now, false);
    }
    let text = format!("T {} and ε {} hold for every job", to.temperature, to.magnitude);
    model.say(Level::Info, &text);
    Some(Redraw::Answer)
}

/// Goes back to the setting that is pinned, and pins the one that was shown: A and B change places.
pub fn swap_with_pin(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let Some(pin) = model.pin.take() else {
        model.say_quietly(Level::Info, "nothing is pinned");
        return Some(Redraw::Answer);
    };
    let Some(number) = model.jobs.iter().position(|job| job.id == pin.job) else {
        model.say_quietly(Level::Info, "the job of what was pinned is gone");
        return Some(Redraw::Answer);
    };
    let shown = model.pin_of_shown();
    super::engine::select(model, number, effects);
    view::show_detector(model, pin.detector);
    release(model, effects);
    set_both(model, pin.parameters, effects);
    model.pin = shown.or(Some(pin));
    Some(Redraw::Answer)
}

/// What takes the changes back.
pub fn reversed(changes: &[Change]) -> Vec<Change> {
    let back = |change: &Change| Change {
        job: change.job,
        from: change.to,
        to: change.from,
    };
    changes.iter().map(back).collect()
}

pub fn set_all(model: &mut Model, changes: &[Change], effects: &mut Vec<Effect>) {
    for change in changes {
        set(model, change, effects);
    }
}

pub fn edit(model: &mut Model) -> Option<Redraw> {
    model.selected()?;
    model.typing = Some(Typing::new(model.focus));
    Some(Redraw::Answer)
}

pub fn type_char(model: &mut Model, c: char) -> Option<Redraw> {
    model.typing.as_mut()?.push(c).then_some(Redraw::Answer)
}

pub fn erase(model: &mut Model) -> Option<Redraw> {
    model.typing.as_mut()?.erase();
    Some(Redraw::Answer)
}

pub fn accept(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let mut typing = model.typing.take()?;
    if typing.text.is_empty() {
        return Some(Redraw::Answer);
    }
    let now = model.selected()?.parameters();
    let wanted = match typing.slider {
        Slider::Temperature => typing
            .text
            .parse()
            .map(|temperature| Parameters { temperature, ..now }),
        Slider::Magnitude => typing
            .text
            .parse()
            .map(|magnitude| Parameters { magnitude, ..now }),
        Slider::Threshold => {
            match percent(&typing.text) {
                Some(tpr) => model.cursor = Cursor::Tpr(tpr),
                None => {
                    typing.error = Some("a TPR in %: above 0, at most 100".to_owned());
                    model.typing = Some(typing);
                }
            }
            return Some(Redraw::Answer);
        }
    };
    match wanted {
        Ok(wanted) => {
            set_selected(model, wanted, typing.slider, false, effects);
            model.history.end_drag();
        }
        Err(error) => {
            let error: UnitError = error;
            typing.error = Some(error.to_string());
            model.typing = Some(typing);
        }
    }
    Some(Redraw::Answer)
}

/// `95` or `95%` as 0.95.
fn percent(text: &str) -> Option<f64> {
    let value: f64 = text.strip_suffix('%').unwrap_or(text).parse().ok()?;
    (value > 0.0 && value <= 100.0).then_some(value / 100.0)
}
