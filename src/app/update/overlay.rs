//! What lies over the screen: help, the palette, the picker; and text that is typed anywhere.
use super::{jobs, restore, view};
use crate::app::action::Action;
use crate::app::effect::{Effect, Redraw};
use crate::app::field::Field;
use crate::app::key::{Key, KeyCode};
use crate::app::keymap::Context;
use crate::app::model::Model;
use crate::app::overlay::{Overlay, Palette, stepped};
use crate::app::picker::{Column, Picker};
use crate::session::Screen;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);
/// Rows that a page of a list is taken to have.
const PAGE: i32 = 10;

/// What a key means while something lies on top or text is being typed; `None` where the screen below has the keyboard.
pub fn key(model: &Model, key: Key) -> Option<Option<Action>> {
    let bound = || model.keymap.lookup(model.view.screen, key).cloned();
    let is_quit = |action: &Action| *action == Action::Quit && key.ctrl;
    match &model.overlay {
        // Help covers the screen: keys close it, or wait until it is closed.
        Some(Overlay::Help(_)) => Some(match (bound(), key.code) {
            (Some(quit), _) if is_quit(&quit) => Some(quit),
            (Some(Action::ToggleHelp | Action::Dismiss | Action::Quit), _) => Some(Action::Dismiss),
            (_, KeyCode::Char(' ' | 'j') | KeyCode::Down | KeyCode::Right | KeyCode::PageDown) => {
                Some(Action::Choose(1))
            }
            (_, KeyCode::Char('k') | KeyCode::Up | KeyCode::Left | KeyCode::PageUp) => {
                Some(Action::Choose(-1))
            }
            _ => None,
        }),
        Some(Overlay::Restore(_)) => Some(match key.code {
            _ if bound().is_some_and(|action| is_quit(&action)) => Some(Action::Quit),
            KeyCode::Char('r') | KeyCode::Enter => Some(Action::RestoreSession),
            KeyCode::Char('d') => Some(Action::DiscardAutosave),
            _ => None,
        }),
        Some(Overlay::Palette(_) | Overlay::Picker(_)) => {
            Some(bound().filter(is_quit).or_else(|| text_key(key, true)))
        }
        None if model.log.is_searching => Some(bound().filter(is_quit).or_else(|| text_key(key, false))),
        None if model.typing.is_some() && !key.ctrl => Some(text_key(key, false)),
        None => None,
    }
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

/// The text under the keyboard.
fn field(model: &mut Model) -> Option<&mut Field> {
    match &mut model.overlay {
        Some(Overlay::Palette(palette)) => Some(&mut palette.query),
        Some(Overlay::Picker(picker)) => Some(&mut picker.choices().query),
        None if model.log.is_searching => Some(&mut model.log.search),
        _ => None,
    }
}

/// Changes the text under the keyboard, and looks anew for what it asks for. `None` where there is no such text.
pub fn edit(model: &mut Model, change: impl FnOnce(&mut Field)) -> Option<Redraw> {
    change(field(model)?);
    match &mut model.overlay {
        Some(Overlay::Palette(palette)) => palette.search(&model.keymap, model.view.screen),
        Some(Overlay::Picker(picker)) => picker.search(&model.catalogue),
        _ => model.log.back = 0,
    }
    ANSWER
}

pub fn toggle_help(model: &mut Model) -> Option<Redraw> {
    match model.overlay {
        Some(Overlay::Help(_)) => model.overlay = None,
        _ => open(model, Overlay::Help(0)),
    }
    ANSWER
}

pub fn open_palette(model: &mut Model) -> Option<Redraw> {
    let palette = Palette::new(&model.keymap, model.view.screen);
    open(model, Overlay::Palette(palette));
    ANSWER
}

pub fn open_picker(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let network = model.selected().map(|job| job.spec.network.clone());
    let picker = Picker::new(&model.catalogue, network.as_deref());
    open(model, Overlay::Picker(picker));
    // What was fetched meanwhile is there too.
    effects.push(Effect::LoadCatalogue);
    ANSWER
}

/// A question that has not been answered stays.
fn open(model: &mut Model, overlay: Overlay) {
    if !matches!(model.overlay, Some(Overlay::Restore(_))) {
        model.overlay = Some(overlay);
    }
    model.typing = None;
    model.log.is_searching = false;
}

/// Closes what lies on top; then what was typed; then a message.
pub fn dismiss(model: &mut Model) -> Option<Redraw> {
    match model.overlay {
        Some(Overlay::Restore(_)) => return None,
        Some(_) => model.overlay = None,
        None if model.log.is_searching => {
            model.log.is_searching = false;
            model.log.search.clear();
        }
        None if model.typing.is_some() => model.typing = None,
        None if model.view.screen == Screen::Images && model.gallery.is_large => {
            model.gallery.is_large = false;
        }
        None if model.view.screen == Screen::Log && model.log.is_filtered() => {
            model.log.search.clear();
            model.log.filter = Default::default();
        }
        None => drop(model.status.take()?),
    }
    ANSWER
}

/// Moves through the list under the text.
pub fn choose(model: &mut Model, by: i32) -> Option<Redraw> {
    let (selected, length) = match model.overlay.as_mut()? {
        Overlay::Palette(palette) => (&mut palette.selected, palette.found.len()),
        Overlay::Picker(picker) => {
            let choices = picker.choices();
            (&mut choices.selected, choices.found.len())
        }
        Overlay::Help(page) => (page, usize::MAX),
        Overlay::Restore(_) => return None,
    };
    *selected = stepped(*selected, by, length);
    ANSWER
}

/// A row of a list is clicked: chosen, and taken if it was chosen already.
pub fn choose_row(
    model: &mut Model,
    column: Column,
    row: usize,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    let was = match model.overlay.as_mut()? {
        Overlay::Palette(palette) => {
            palette.selected = row.min(palette.found.len().checked_sub(1)?);
            None
        }
        Overlay::Picker(picker) => {
            let was = (picker.column, picker.choices().selected);
            picker.column = column;
            let choices = picker.choices();
            choices.selected = row.min(choices.found.len().checked_sub(1)?);
            Some(was)
        }
        Overlay::Help(_) | Overlay::Restore(_) => return None,
    };
    if was.is_none_or(|was| was == (column, row)) {
        return accept(model, effects);
    }
    ANSWER
}

pub fn other_column(model: &mut Model) -> Option<Redraw> {
    if let Some(Overlay::Picker(picker)) = &mut model.overlay {
        picker.column = match picker.column {
            Column::Networks => Column::Sets,
            Column::Sets => Column::Networks,
        };
        return ANSWER;
    }
    None
}

/// Enter: does what was chosen, or keeps what was typed.
pub fn accept(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    match model.overlay.take() {
        Some(Overlay::Palette(palette)) => {
            let number = palette.found.get(palette.selected).copied();
            if let Some(binding) = number
                .and_then(|number| model.keymap.bindings().get(number))
                .cloned()
            {
                // What belongs to another screen is done there.
                if let Context::On(screen) = binding.context
                    && screen != model.view.screen
                {
                    view::show(model, screen);
                }
                super::apply(model, binding.action, effects);
            }
        }
        Some(Overlay::Picker(picker)) => match picker.chosen(&model.catalogue) {
            Some((network, set)) => return jobs::add(model, network, set, effects),
            None => model.overlay = Some(Overlay::Picker(picker)),
        },
        Some(Overlay::Restore(offer)) => return restore::restore(model, offer, effects),
        Some(Overlay::Help(_)) => {}
        None if model.log.is_searching => model.log.is_searching = false,
        None => return super::parameters::accept(model, effects),
    }
    ANSWER
}

/// A catalogue has been read.
pub fn catalogue(model: &mut Model, catalogue: crate::app::Catalogue) -> Option<Redraw> {
    model.catalogue = catalogue;
    if let Some(Overlay::Picker(picker)) = &mut model.overlay {
        if picker.networks.found.is_empty() && picker.networks.query.text().is_empty() {
            // It was opened before there was anything to pick from.
            let network = model
                .jobs
                .get(model.view.job)
                .map(|job| job.spec.network.as_str());
            *picker = Picker::new(&model.catalogue, network);
        }
        picker.search(&model.catalogue);
    }
    Some(Redraw::Progress)
}
