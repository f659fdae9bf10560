//! The one place where the model changes: which feature carries out which action.
mod clock;
mod events;
mod overlay;
mod restore;
mod saving;
mod compare;
mod pin;
mod conventions;
mod detectors;
mod images;
mod transfer;
mod grid;
mod job_list;
mod jobs;
mod typing;
mod parameters;
mod analysis;
mod detector;
mod threshold;
mod view;
mod log;
mod engine;
mod cycle;

use super::action::Action;
use super::effect::{Effect, Redraw};
use super::key::Key;
use super::keymap::Context;
use super::model::Model;
use super::state::log::Level;
use super::state::text::Field;

/// Applies an action, and says what is to be done outside.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let mut effects = Vec::new();
    apply(model, action, &mut effects);
    transfer::settle(model, &mut effects);
    images::settle(model, &mut effects);
    detectors::settle(model, &mut effects);
    effects
}

fn apply(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    use Action as A;
    let redraw = match action {
        A::Tick(now) => clock::tick(model, now, effects),
        A::Start => {
            let redraw = engine::start(model, effects);
            pin::restore(model, effects);
            redraw
        }
        A::Engine(event) => events::event(model, event, effects),
        A::EngineGone(reason) => events::engine_gone(model, &reason),
        A::RestartEngine => engine::restart(model, effects),
        A::Intervals(report) => analysis::intervals(model, &report),
        A::Exact(report) => analysis::exact(model, *report),
        A::GridReport(report) => transfer::report(model, *report),
        A::DetectorsReport(report) => detectors::report(model, *report),
        A::Native(text) => log::native(model, &text),
        A::Catalogue(catalogue) => overlay::catalogue(model, *catalogue),
        A::Said(level, text) => saving::said(model, level, &text),
        A::Key(key) => return press(model, key, effects),
        A::Focus(has_focus) => view::focus_window(model, has_focus),
        A::Paste(text) => text.chars().map(|c| overlay::type_char(model, c)).max().flatten(),

        A::Saved => saving::saved(model, effects),
        A::SavedAs(path) => saving::saved_as(model, path),
        A::OpenSaveAs => overlay::open_save_as(model),
        A::SaveFailed(reason) => saving::save_failed(model, &reason),
        A::Save => saving::save(model, effects),
        A::Quit => saving::quit(model, effects),
        A::Suspend => {
            effects.push(Effect::Suspend);
            None
        }

        A::ToggleHelp => overlay::toggle_help(model),
        A::OpenPalette => overlay::open_palette(model),
        A::OpenExports => overlay::open_exports(model),
        A::OpenPicker => overlay::open_picker(model, effects),
        A::Dismiss => overlay::dismiss(model),
        A::Choose(by) => overlay::choose(model, by),
        A::ChooseRow(column, row) => {
            let chosen = overlay::choose_row(model, column, row, effects);
            accepted(model, chosen, effects)
        }
        A::OtherColumn => overlay::other_column(model),
        A::RestoreSession => restore::restore_offered(model, effects),
        A::DiscardAutosave => restore::discard_offered(model, effects),
        A::KeepAutosave => restore::keep_offered(model),
        A::Show(screen) => view::show(model, screen, effects),
        A::ToggleMouse => view::toggle_mouse(model, effects),
        A::NextTheme => view::next_theme(model),
        A::Scroll(lines) => log::scroll(model, lines),
        A::SearchLog => log::search(model),
        A::NextLogFilter => log::next_filter(model),
        A::CopyLog => log::copy(model, effects),
        A::WriteLog => log::write(model, effects),
        A::ThresholdToScore(place) => threshold::to_score(model, place),
        A::ThresholdToFpr(fpr) => threshold::to_fpr(model, fpr),
        A::ThresholdReset => threshold::reset(model),
        A::NextDetector => detector::step(model, 1, effects),
        A::PreviousDetector => detector::step(model, -1, effects),
        A::ToggleAxis => view::change(model, |view| view.axis = view.axis.other()),
        A::ToggleLogCounts => view::change(model, |view| view.log_counts = !view.log_counts),
        A::ToggleCounts => view::change(model, |view| view.counts = !view.counts),
        A::ToggleCurve => view::change(model, |view| view.curve = view.curve.other()),
        A::ToggleMarks => view::next_marks(model),
        A::PinOrUnpin => pin::pin_or_unpin(model),
        A::SwapWithPin => pin::swap(model, effects),
        A::ToggleLogFpr => view::change(model, |view| view.log_fpr = !view.log_fpr),
        A::NextMetric => view::change(model, |view| view.metric = view.metric.next()),
        A::TogglePositive => conventions::toggle_positive(model),
        A::ToggleErrorConvention => conventions::toggle_error(model),
        A::ToggleAuprConvention => conventions::toggle_aupr(model),

        A::NextJob => jobs::step(model, 1, effects),
        A::PreviousJob => jobs::step(model, -1, effects),
        A::StepJob(by) => jobs::step(model, by, effects),
        A::FilterJobs => jobs::filter(model),
        A::NextFailed => jobs::next_failed(model, effects),
        A::RetryFailed => jobs::retry_failed(model, effects),
        A::SelectJob(job) => jobs::select(model, job, effects),
        A::PauseOrResume => jobs::pause_or_resume(model, effects),
        A::CancelJob => jobs::cancel_selected(model, effects),
        A::PauseQueue => jobs::pause_queue(model, effects),
        A::CancelQueue => jobs::cancel_queue(model, effects),
        A::DuplicateJob => job_list::duplicate(model, effects),
        A::RemoveJob => job_list::remove(model, effects),
        A::MoveJob(by) => job_list::shift(model, by, effects),

        A::FocusNext => view::focus(model, model.focus.next(model.slider_detector().knobs().len())),
        A::FocusPrevious => view::focus(model, model.focus.previous(model.slider_detector().knobs().len())),
        A::Step(steps) => parameters::step(model, model.focus, steps, effects),
        A::StepOf(slider, steps) => parameters::step(model, slider, steps, effects),
        A::SlideTo(slider, fraction) => parameters::slide(model, slider, fraction, effects),
        A::Release => parameters::release(model, effects),
        A::Edit => typing::start(model),
        A::Type(c) => overlay::type_char(model, c),
        A::Erase => overlay::erase(model),
        A::EraseWord => overlay::edit(model, Field::erase_word),
        A::ClearText => overlay::edit(model, Field::clear),
        A::Accept => {
            let chosen = overlay::accept(model, effects);
            accepted(model, chosen, effects)
        }
        A::ApplyToAll => parameters::apply_to_all(model, effects),
        A::Undo => job_list::undo(model, effects),
        A::Redo => job_list::redo(model, effects),

        A::Grid(action) => transfer::apply(model, &action, effects),
        A::Images(action) => images::apply(model, &action, effects),
        A::Compare(action) => compare::apply(model, &action, effects),
        A::Detectors(action) => detectors::apply(model, &action, effects),
    };
    effects.extend(redraw.map(Effect::Redraw));
}

/// What was accepted is done, or has led to another action.
fn accepted(model: &mut Model, accepted: overlay::Accepted, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match accepted {
        overlay::Accepted::Done(redraw) => redraw,
        overlay::Accepted::Do(action) => {
            apply(model, action, effects);
            Some(Redraw::Answer)
        }
    }
}

/// What a key means where the person is: in an overlay, in a text, or on a screen.
fn press(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    let (action, is_below) = match overlay::meaning(model, key) {
        overlay::Meaning::OnTop(action) => (action, false),
        overlay::Meaning::Below => (model.keymap.lookup(model.view.screen, key).cloned(), true),
    };
    if action != Some(Action::Quit) {
        model.saving.quit_asked = false;
    }
    let Some(action) = action else {
        if is_below {
            say_dead(model, key);
            effects.push(Effect::Redraw(Redraw::Answer));
        }
        return;
    };
    // A message has been read by the time the next key is pressed.
    if action != Action::Dismiss && action != Action::Quit && model.status.take().is_some() {
        effects.push(Effect::Redraw(Redraw::Answer));
    }
    apply(model, action, effects);
}

/// A key that means nothing on this screen says so, and where it means something.
fn say_dead(model: &mut Model, key: Key) {
    let elsewhere = model.keymap.elsewhere(key);
    let elsewhere = elsewhere.and_then(|binding| match binding.context {
        Context::On(screen) => Some(format!("{key} is a key of {screen}: {}", binding.help)),
        Context::Everywhere => None,
    });
    let help = model.keymap.key_for(&Action::ToggleHelp);
    let help = help.map_or(String::new(), |help| format!("; {help} lists the keys"));
    let text = elsewhere.unwrap_or_else(|| format!("{key} does nothing here{help}"));
    model.say_quietly(Level::Info, &text);
}
