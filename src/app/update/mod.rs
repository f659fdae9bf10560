//! The one place where the model changes.
mod compare;
mod due;
mod engine;
mod grid;
mod images;
mod jobs;
mod log;
mod overlay;
mod parameters;
mod restore;
mod session;
mod view;

use super::action::Action;
use super::effect::{Effect, Redraw};
use super::field::Field;
use super::key::Key;
use super::model::Model;

pub(super) use images::list_due as images_due;

/// Applies an action, and says what is to be done outside.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let mut effects = Vec::new();
    apply(model, action, &mut effects);
    grid::settle(model, &mut effects);
    images::settle(model, &mut effects);
    effects
}

fn apply(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    use Action as A;
    let redraw = match action {
        A::Tick(now) => due::tick(model, now, effects),
        A::Start => engine::start(model, effects),
        A::Engine(event) if grid::is_about(&event) => grid::event(model, &event, effects),
        A::Engine(event) => engine::event(model, event),
        A::EngineGone(reason) => engine::gone(model, &reason),
        A::RestartEngine => engine::restart(model, effects),
        A::Intervals(report) => due::intervals(model, &report),
        A::Exact(report) => due::exact(model, *report),
        A::GridReport(report) => grid::report(model, *report),
        A::Native(text) => log::native(model, &text),
        A::Catalogue(catalogue) => overlay::catalogue(model, *catalogue),
        A::Said(level, text) => session::said(model, level, &text),
        A::Key(key) => return press(model, key, effects),
        A::Focus(is_there) => view::focus_window(model, is_there),
        A::Paste(text) => text.chars().map(|c| type_char(model, c)).max().flatten(),

        A::Saved => session::saved(model, effects),
        A::SaveFailed(reason) => session::save_failed(model, &reason),
        A::Save => session::save(model, effects),
        A::Quit => session::quit(model, effects),
        A::Suspend => {
            effects.push(Effect::Suspend);
            None
        }

        A::ToggleHelp => overlay::toggle_help(model),
        A::OpenPalette => overlay::open_palette(model),
        A::OpenPicker => overlay::open_picker(model, effects),
        A::Dismiss => overlay::dismiss(model),
        A::Choose(by) => overlay::choose(model, by),
        A::ChooseRow(column, row) => overlay::choose_row(model, column, row, effects),
        A::OtherColumn => overlay::other_column(model),
        A::RestoreSession => restore::restore_offered(model, effects),
        A::DiscardAutosave => restore::discard(model, effects),
        A::Show(screen) => view::show(model, screen),
        A::ToggleMouse => view::toggle_mouse(model, effects),
        A::NextTheme => view::next_theme(model),
        A::Scroll(lines) => log::scroll(model, lines),
        A::SearchLog => log::search(model),
        A::NextLogFilter => log::next_filter(model),
        A::CopyLog => log::copy(model, effects),
        A::WriteLog => log::write(model, effects),
        A::ThresholdToScore(place) => view::threshold_to_score(model, place),
        A::ThresholdToFpr(fpr) => view::threshold_to_fpr(model, fpr),
        A::ThresholdReset => view::threshold_reset(model),
        A::NextDetector => view::step_detector(model, 1),
        A::PreviousDetector => view::step_detector(model, -1),
        A::ToggleAxis => view::change(model, |view| view.axis = view.axis.other()),
        A::ToggleLogCounts => view::change(model, |view| view.log_counts = !view.log_counts),
        A::ToggleCounts => view::change(model, |view| view.counts = !view.counts),
        A::ToggleCurve => view::change(model, |view| view.curve = view.curve.other()),
        A::ToggleMarks => {
            let shows_pictures = model.shows_pictures;
            view::change(model, |view| view.marks = view.marks.next(shows_pictures))
        }
        A::PinOrUnpin => view::pin_or_unpin(model),
        A::SwapWithPin => parameters::swap_with_pin(model, effects),
        A::ToggleLogFpr => view::change(model, |view| view.log_fpr = !view.log_fpr),
        A::NextMetric => view::change(model, |view| view.metric = view.metric.next()),
        A::TogglePositive => view::toggle_positive(model),
        A::ToggleErrorConvention => view::toggle_error(model),
        A::ToggleAuprConvention => view::toggle_aupr(model),

        A::NextJob => engine::select(model, model.view.job.saturating_add(1), effects),
        A::PreviousJob => engine::select(model, model.view.job.saturating_sub(1), effects),
        A::SelectJob(job) => engine::select(model, job, effects),
        A::PauseOrResume => engine::pause_or_resume(model, effects),
        A::CancelJob => engine::cancel(model, model.view.job, effects),
        A::PauseQueue => jobs::pause_queue(model, effects),
        A::CancelQueue => jobs::cancel_queue(model, effects),
        A::DuplicateJob => jobs::duplicate(model, effects),
        A::RemoveJob => jobs::remove(model, effects),
        A::MoveJob(by) => jobs::shift(model, by, effects),

        A::FocusNext => view::focus(model, model.focus.next()),
        A::FocusPrevious => view::focus(model, model.focus.previous()),
        A::Step(steps) => parameters::step(model, model.focus, steps, effects),
        A::StepOf(slider, steps) => parameters::step(model, slider, steps, effects),
        A::SlideTo(slider, fraction) => parameters::slide(model, slider, fraction, effects),
        A::Release => parameters::release(model, effects),
        A::Edit => parameters::edit(model),
        A::Type(c) => type_char(model, c),
        A::Erase => overlay::edit(model, Field::erase).or_else(|| parameters::erase(model)),
        A::EraseWord => overlay::edit(model, Field::erase_word),
        A::ClearText => overlay::edit(model, Field::clear),
        A::Accept => overlay::accept(model, effects),
        A::ApplyToAll => parameters::apply_to_all(model, effects),
        A::Undo => jobs::undo(model, effects),
        A::Redo => jobs::redo(model, effects),

        A::Grid(action) => grid::apply(model, &action, effects),
        A::Images(action) => images::apply(model, &action),
        A::Compare(action) => compare::apply(model, &action, effects),
    };
    effects.extend(redraw.map(Effect::Redraw));
}

/// A character, for whatever text is being typed.
fn type_char(model: &mut Model, c: char) -> Option<Redraw> {
    overlay::edit(model, |field| {
        field.push(c);
    })
    .or_else(|| parameters::type_char(model, c))
}

/// What a key means where the person is: in a field, in help, or on a screen.
fn press(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    let action =
        overlay::key(model, key).unwrap_or_else(|| model.keymap.lookup(model.view.screen, key).cloned());
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
mod compare_tests;
#[cfg(test)]
mod jobs_tests;
#[cfg(test)]
mod pin_tests;
#[cfg(test)]
mod grid_tests;
#[cfg(test)]
mod images_tests;
#[cfg(test)]
mod overlay_tests;
#[cfg(test)]
mod tests;
