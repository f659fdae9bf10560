//! The one place where the model changes.
mod due;
mod engine;
mod parameters;
mod session;
mod view;

use super::action::Action;
use super::effect::{Effect, Redraw};
use super::key::{Key, KeyCode};
use super::model::Model;

/// Applies an action, and says what is to be done outside.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let mut effects = Vec::new();
    apply(model, action, &mut effects);
    effects
}

fn apply(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    use Action as A;
    let redraw = match action {
        A::Tick(now) => due::tick(model, now, effects),
        A::Start => engine::start(model, effects),
        A::Engine(event) => engine::event(model, event),
        A::EngineGone(reason) => engine::gone(model, &reason),
        A::Intervals(report) => due::intervals(model, &report),
        A::Native(text) => view::native(model, &text),
        A::Key(key) => return press(model, key, effects),
        A::Paste(text) => text
            .chars()
            .map(|c| parameters::type_char(model, c))
            .max()
            .flatten(),

        A::Saved => session::saved(model),
        A::SaveFailed(reason) => session::save_failed(model, &reason),
        A::Save => session::save(model, effects),
        A::Quit => session::quit(model, effects),
        A::Suspend => {
            effects.push(Effect::Suspend);
            None
        }

        A::ToggleHelp => view::toggle_help(model),
        A::Dismiss => view::dismiss(model),
        A::Show(screen) => view::show(model, screen),
        A::ToggleMouse => view::toggle_mouse(model, effects),
        A::Scroll(lines) => view::scroll(model, lines),
        A::ThresholdToScore(place) => view::threshold_to_score(model, place),
        A::ThresholdToFpr(fpr) => view::threshold_to_fpr(model, fpr),
        A::ThresholdReset => view::threshold_reset(model),
        A::ToggleDetector => view::toggle_detector(model),
        A::ToggleAxis => view::change(model, |view| view.axis = view.axis.other()),
        A::ToggleLogCounts => view::change(model, |view| view.log_counts = !view.log_counts),
        A::ToggleLogFpr => view::change(model, |view| view.log_fpr = !view.log_fpr),
        A::NextMetric => view::change(model, |view| view.metric = view.metric.next()),
        A::TogglePositive => view::toggle_positive(model),
        A::ToggleErrorConvention => view::toggle_error(model),
        A::ToggleAuprConvention => view::toggle_aupr(model),

        A::NextJob => engine::select(model, model.view.job.saturating_add(1), effects),
        A::PreviousJob => engine::select(model, model.view.job.saturating_sub(1), effects),
        A::SelectJob(job) => engine::select(model, job, effects),
        A::PauseOrResume => engine::pause_or_resume(model, effects),
        A::CancelJob => engine::cancel(model, effects),

        A::FocusNext => view::focus(model, model.focus.next()),
        A::FocusPrevious => view::focus(model, model.focus.previous()),
        A::Step(steps) => parameters::step(model, model.focus, steps, effects),
        A::StepOf(slider, steps) => parameters::step(model, slider, steps, effects),
        A::SlideTo(slider, fraction) => parameters::slide(model, slider, fraction, effects),
        A::Release => parameters::release(model, effects),
        A::Edit => parameters::edit(model),
        A::Type(c) => parameters::type_char(model, c),
        A::Erase => parameters::erase(model),
        A::Accept => parameters::accept(model, effects),
        A::ApplyToAll => parameters::apply_to_all(model, effects),
        A::Undo => parameters::undo(model, effects),
        A::Redo => parameters::redo(model, effects),
    };
    effects.extend(redraw.map(Effect::Redraw));
}

/// What a key means where the person is: in a field, in help, or on a screen.
fn press(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    let bound = model.keymap.lookup(model.view.screen, key).cloned();
    let action = if model.typing.is_some() && !key.ctrl {
        match key.code {
            KeyCode::Enter => Some(Action::Accept),
            KeyCode::Esc => Some(Action::Dismiss),
            KeyCode::Backspace => Some(Action::Erase),
            KeyCode::Char(c) => Some(Action::Type(c)),
            _ => None,
        }
    } else if model.help && !key.ctrl {
        // Help covers the screen: keys close it, or wait until it is closed.
        bound
            .filter(|action| matches!(action, Action::ToggleHelp | Action::Dismiss | Action::Quit))
            .map(|_| Action::Dismiss)
    } else {
        bound
    };
    if action != Some(Action::Quit) {
        model.quit_asked = false;
    }
    let Some(action) = action else { return };
    // A message has been seen once the next key is pressed.
    if action != Action::Dismiss && action != Action::Quit && model.status.take().is_some() {
        effects.push(Effect::Redraw(Redraw::Answer));
    }
    apply(model, action, effects);
}

#[cfg(test)]
mod tests;
