//! What lies over the screen: help, palette, picker, the offer to restore; and text that is typed anywhere.
use super::{job_list, jobs, restore, saving, typing, view};
use crate::app::action::Action;
use crate::app::effect::{Effect, Redraw};
use crate::app::key::{Key, KeyCode};
use crate::app::keymap::Context;
use crate::app::model::Model;
use crate::app::state::catalogue::Catalogue;
use crate::app::state::overlay::{Column, Overlay, Palette, Picker, SaveAs, stepped};
use crate::app::state::text::Field;
use odin_core::session::Screen;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);
/// Rows that page up and page down move by.
const PAGE: i32 = 10;

/// What accepting something leads to.
pub(super) enum Accepted {
    Done(Option<Redraw>),
    /// The palette's choice, which is to be done now.
    Do(Action),
}

/// What a key means.
pub(super) enum Meaning {
    /// The key belongs to what lies on top, or to the text being typed; it may mean nothing there.
    OnTop(Option<Action>),
    /// The key belongs to the screen below.
    Below,
}

/// What a key means while something lies on top or text is being typed.
pub(super) fn meaning(model: &Model, key: Key) -> Meaning {
    let bound = || model.keymap.lookup(model.view.screen, key).cloned();
    let is_quit = |action: &Action| *action == Action::Quit && key.ctrl;
    Meaning::OnTop(match &model.overlay {
        // Help covers the screen: keys turn its pages or close it, and do nothing else.
        Some(Overlay::Help(_)) => match (bound(), key.code) {
            (Some(quit), _) if is_quit(&quit) => Some(quit),
            (Some(Action::ToggleHelp | Action::Dismiss | Action::Quit), _) => Some(Action::Dismiss),
            (_, KeyCode::Char(' ' | 'j') | KeyCode::Down | KeyCode::Right | KeyCode::PageDown) => {
                Some(Action::Choose(1))
            }
            (_, KeyCode::Char('k') | KeyCode::Up | KeyCode::Left | KeyCode::PageUp) => {
                Some(Action::Choose(-1))
            }
            _ => None,
        },
        Some(Overlay::Restore(_)) => match key.code {
            _ if bound().is_some_and(|action| is_quit(&action)) => Some(Action::Quit),
            KeyCode::Char('r') | KeyCode::Enter => Some(Action::RestoreSession),
            KeyCode::Char('d') => Some(Action::DiscardAutosave),
            KeyCode::Char('j') | KeyCode::Down => Some(Action::Choose(1)),
            KeyCode::Char('k') | KeyCode::Up => Some(Action::Choose(-1)),
            KeyCode::PageDown => Some(Action::Choose(PAGE)),
            KeyCode::PageUp => Some(Action::Choose(-PAGE)),
            KeyCode::Esc => Some(Action::KeepAutosave),
            _ => None,
        },
        Some(Overlay::Palette(_) | Overlay::Picker(_)) => {
            bound().filter(is_quit).or_else(|| text_key(key, true))
        }
        Some(Overlay::SaveAs(_)) => bound().filter(is_quit).or_else(|| text_key(key, false)),
        None if model.log.is_searching || model.job_filter.is_typing => {
            bound().filter(is_quit).or_else(|| text_key(key, false))
        }
        None if model.typing.is_some() && !key.ctrl => text_key(key, false),
        None => return Meaning::Below,
    })
}

/// What a key does to text, and to the list below it where there is one.
fn text_key(key: Key, has_list: bool) -> Option<Action> {
    Some(match (key.code, key.ctrl) {
        (KeyCode::Enter, false) => Action::Accept,
        (KeyCode::Esc, false) => Action::Dismiss,
        (KeyCode::Backspace, false) | (KeyCode::Char('h'), true) => Action::Erase,
        (KeyCode::Char('w'), true) => Action::EraseWord,
        (KeyCode::Char('u'), true) => Action::ClearText,
        (KeyCode::Up, false) | (KeyCode::Char('p'), true) if has_list => Action::Choose(-1),
        (KeyCode::Down, false) | (KeyCode::Char('n'), true) if has_list => Action::Choose(1),
        (KeyCode::PageUp, false) if has_list => Action::Choose(-PAGE),
        (KeyCode::PageDown, false) if has_list => Action::Choose(PAGE),
        (KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right, false) if has_list => {
            Action::OtherColumn
        }
        (KeyCode::Char(c), false) if !key.alt => Action::Type(c),
        _ => return None,
    })
}

/// The text that the keyboard types into.
fn field(model: &mut Model) -> Option<&mut Field> {
    match &mut model.overlay {
        Some(Overlay::Palette(palette)) => Some(&mut palette.query),
        Some(Overlay::Picker(picker)) => Some(&mut picker.choices().query),
        Some(Overlay::SaveAs(save_as)) => Some(&mut save_as.name),
        None if model.log.is_searching => Some(&mut model.log.search),
        None if model.job_filter.is_typing => Some(&mut model.job_filter.text),
        _ => None,
    }
}

/// Changes the text that the keyboard types into, and searches for it. `None` where there is no such text.
pub(super) fn edit(model: &mut Model, change: impl FnOnce(&mut Field)) -> Option<Redraw> {
    change(field(model)?);
    match &mut model.overlay {
        Some(Overlay::Palette(palette)) => palette.search(model.keymap.palette_entries(model.view.screen)),
        Some(Overlay::Picker(picker)) => picker.search(&model.catalogue),
        Some(Overlay::SaveAs(save_as)) => save_as.error = None,
        _ => model.log.back = 0,
    }
    ANSWER
}

/// A character, for whatever text is being typed.
pub(super) fn type_char(model: &mut Model, c: char) -> Option<Redraw> {
    edit(model, |field| {
        field.push(c);
    })
    .or_else(|| typing::type_char(model, c))
}

/// Removes the last character of whatever text is being typed.
pub(super) fn erase(model: &mut Model) -> Option<Redraw> {
    edit(model, Field::erase).or_else(|| typing::erase(model))
}

pub(super) fn toggle_help(model: &mut Model) -> Option<Redraw> {
    match model.overlay {
        Some(Overlay::Help(_)) => model.overlay = None,
        _ => open(model, Overlay::Help(0)),
    }
    ANSWER
}

pub(super) fn open_palette(model: &mut Model) -> Option<Redraw> {
    let palette = Palette::new(model.keymap.palette_entries(model.view.screen));
    open(model, Overlay::Palette(palette));
    ANSWER
}

pub(super) fn open_exports(model: &mut Model) -> Option<Redraw> {
    open_palette(model);
    edit(model, |query| {
        "export as ".chars().for_each(|c| {
            query.push(c);
        });
    })
}

pub(super) fn open_picker(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let network = model.selected().map(|job| job.spec.network.clone());
    let picker = Picker::new(&model.catalogue, network.as_deref());
    open(model, Overlay::Picker(picker));
    // Networks and sets may have been fetched meanwhile.
    effects.push(Effect::LoadCatalogue);
    ANSWER
}

pub(super) fn open_save_as(model: &mut Model) -> Option<Redraw> {
    open(model, Overlay::SaveAs(SaveAs::default()));
    ANSWER
}

/// Lays something over the screen, except over an offer to restore, which is to be answered first.
fn open(model: &mut Model, overlay: Overlay) {
    if !matches!(model.overlay, Some(Overlay::Restore(_))) {
        model.overlay = Some(overlay);
    }
    model.typing = None;
    model.log.is_searching = false;
    model.job_filter.is_typing = false;
}

/// Closes what lies on top: an overlay, else what is typed, else a large image or a filtered log, else a message.
pub(super) fn dismiss(model: &mut Model) -> Option<Redraw> {
    match model.overlay {
        Some(Overlay::Restore(_)) => return None,
        Some(_) => model.overlay = None,
        None if model.log.is_searching => {
            model.log.is_searching = false;
            model.log.search.clear();
        }
        None if model.job_filter.is_typing => {
            model.job_filter.is_typing = false;
            model.job_filter.text.clear();
        }
        None if model.typing.is_some() => model.typing = None,
        None if model.view.screen == Screen::Images && model.gallery.is_large => {
            model.gallery.is_large = false;
        }
        None if model.view.screen == Screen::Log && model.log.is_filtered() => {
            model.log.search.clear();
            model.log.filter = Default::default();
        }
        None if model.view.screen == Screen::Explore && model.job_filter.is_set() => {
            model.job_filter.text.clear();
        }
        None => drop(model.status.take()?),
    }
    ANSWER
}

/// Moves the choice in the list that lies on top, or turns the pages of the help.
pub(super) fn choose(model: &mut Model, by: i32) -> Option<Redraw> {
    let (selected, length) = match model.overlay.as_mut()? {
        Overlay::Palette(palette) => (&mut palette.selected, palette.found.len()),
        Overlay::Picker(picker) => {
            let choices = picker.choices();
            (&mut choices.selected, choices.found.len())
        }
        Overlay::Help(page) => (page, usize::MAX),
        Overlay::Restore(offer) => (&mut offer.scrolled, offer.changes.len()),
        Overlay::SaveAs(_) => return None,
    };
    *selected = stepped(*selected, by, length);
    ANSWER
}

/// A row of a list is clicked: in the palette that accepts it; in the picker it is chosen, and accepted if it was chosen
/// already.
pub(super) fn choose_row(
    model: &mut Model,
    column: Column,
    row: usize,
    effects: &mut Vec<Effect>,
) -> Accepted {
    let (selected, found, is_accepted) = match &mut model.overlay {
        Some(Overlay::Palette(palette)) => (&mut palette.selected, &palette.found, true),
        Some(Overlay::Picker(picker)) => {
            let was = (picker.column, picker.choices().selected);
            picker.column = column;
            let choices = picker.choices();
            (&mut choices.selected, &choices.found, was == (column, row))
        }
        Some(Overlay::Help(_) | Overlay::Restore(_) | Overlay::SaveAs(_)) | None => {
            return Accepted::Done(None);
        }
    };
    let Some(last) = found.len().checked_sub(1) else {
        return Accepted::Done(None);
    };
    *selected = row.min(last);
    if is_accepted {
        return accept(model, effects);
    }
    Accepted::Done(ANSWER)
}

pub(super) fn other_column(model: &mut Model) -> Option<Redraw> {
    if let Some(Overlay::Picker(picker)) = &mut model.overlay {
        picker.column = match picker.column {
            Column::Networks => Column::Sets,
            Column::Sets => Column::Networks,
        };
        return ANSWER;
    }
    None
}

/// Enter: accepts what is chosen, or what is typed.
pub(super) fn accept(model: &mut Model, effects: &mut Vec<Effect>) -> Accepted {
    Accepted::Done(match model.overlay.take() {
        Some(Overlay::Palette(palette)) => return accept_palette(model, &palette, effects),
        Some(Overlay::Picker(picker)) => match picker.chosen(&model.catalogue) {
            Some((network, set)) => job_list::add(model, network, set, effects),
            None => {
                model.overlay = Some(Overlay::Picker(picker));
                ANSWER
            }
        },
        Some(Overlay::Restore(offer)) => restore::restore(model, offer, effects),
        Some(Overlay::Help(_)) => ANSWER,
        Some(Overlay::SaveAs(save_as)) => saving::save_as(model, save_as, effects),
        None if model.log.is_searching => {
            model.log.is_searching = false;
            ANSWER
        }
        None if model.job_filter.is_typing => {
            model.job_filter.is_typing = false;
            jobs::filtered(model, effects)
        }
        None => typing::accept(model, effects),
    })
}

/// Gives the chosen action, on the screen that it belongs to.
fn accept_palette(model: &mut Model, palette: &Palette, effects: &mut Vec<Effect>) -> Accepted {
    let Some(&number) = palette.found.get(palette.selected) else {
        return Accepted::Done(ANSWER);
    };
    let binding = model.keymap.binding(number).clone();
    if let Context::On(screen) = binding.context
        && screen != model.view.screen
    {
        view::show(model, screen, effects);
    }
    Accepted::Do(binding.action)
}

/// The catalogue has been read.
pub(super) fn catalogue(model: &mut Model, catalogue: Catalogue) -> Option<Redraw> {
    model.catalogue = catalogue;
    if let Some(Overlay::Picker(picker)) = &mut model.overlay {
        if picker.networks.found.is_empty() && picker.networks.query.text().is_empty() {
            // It was opened before there was anything to choose from.
            let selected = model.jobs.get(model.view.job);
            let network = selected.map(|job| job.spec.network.as_str());
            *picker = Picker::new(&model.catalogue, network);
        }
        picker.search(&model.catalogue);
    }
    Some(Redraw::Progress)
}
