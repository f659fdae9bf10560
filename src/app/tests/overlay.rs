//! What lies on top: which keys it takes, and what they do.
use crate::app::fake::{catalogue, started};
use crate::app::testing::driver::{press, type_in};
use crate::app::{Action, Column, Effect, LogFilter, Model, Overlay, update};
use odin_core::session::Screen;

fn palette(model: &Model) -> (usize, Vec<&'static str>) {
    let Some(Overlay::Palette(palette)) = &model.overlay else {
        panic!("{:?}", model.overlay)
    };
    let name = |&number: &usize| model.keymap.bindings()[number].name;
    (palette.selected, palette.found.iter().map(name).collect())
}

#[test]
fn the_palette_finds_every_action_and_does_it() {
    let mut model = started();
    press(&mut model, ":");
    assert_eq!(palette(&model).1.len(), model.keymap.bindings().len());
    type_in(&mut model, "log cou");
    assert_eq!(palette(&model).1[0], "log-counts");
    press(&mut model, "enter");
    assert!(model.overlay.is_none() && model.view.log_counts);
    // What belongs to another screen is done there.
    press(&mut model, "ctrl-p");
    type_in(&mut model, "show some levels");
    press(&mut model, "enter");
    assert_eq!(
        (model.view.screen, model.log.filter),
        (Screen::Log, LogFilter::Trouble)
    );
    // Lists, editing, leaving.
    press(&mut model, ": q u down up ctrl-w ctrl-n pgdn");
    assert_eq!(palette(&model).0, 11);
    assert!(
        palette(&model).1[0].starts_with("log-"),
        "this screen's come first"
    );
    press(&mut model, "z z z z z enter");
    assert!(model.overlay.is_none(), "nothing found, nothing done");
    press(&mut model, ": esc");
    assert!(model.overlay.is_none());
    update(&mut model, Action::OpenPalette);
    update(&mut model, Action::ChooseRow(Column::Sets, 5));
    assert!(model.overlay.is_none(), "a click does it");
    assert!(
        press(&mut model, ": ctrl-c ctrl-c").contains(&Effect::Quit),
        "also while typing; jobs run, so it asks first"
    );
}

#[test]
fn the_picker_has_two_lists() {
    let mut model = started();
    press(&mut model, "n");
    assert!(matches!(&model.overlay, Some(Overlay::Picker(picker)) if picker.sets.found.is_empty()));
    press(&mut model, "enter");
    assert!(model.overlay.is_some(), "nothing to take yet");
    update(&mut model, Action::Catalogue(Box::new(catalogue())));
    let chosen = |model: &Model| match &model.overlay {
        Some(Overlay::Picker(picker)) => picker.chosen(&model.catalogue).map(|(n, s)| format!("{n} {s}")),
        _ => None,
    };
    assert_eq!(chosen(&model).unwrap(), "fashion-densenet mnist-digits");
    press(&mut model, "down tab down");
    assert_eq!(chosen(&model).unwrap(), "densenet10 Uniform");
    type_in(&mut model, "fash");
    assert_eq!(chosen(&model).unwrap(), "fashion-densenet Uniform");
    update(&mut model, Action::ChooseRow(Column::Sets, 0));
    assert_eq!(
        chosen(&model).unwrap(),
        "fashion-densenet mnist-digits",
        "a click chooses"
    );
    update(&mut model, Action::ChooseRow(Column::Sets, 0));
    assert_eq!(
        (model.overlay.is_none(), model.jobs.len()),
        (true, 5),
        "another one takes"
    );
}

#[test]
fn pasted_text_goes_where_one_types_and_nowhere_else() {
    let mut model = started();
    assert!(update(&mut model, Action::Paste("q".to_owned())).is_empty());
    press(&mut model, ":");
    update(&mut model, Action::Paste("qu\nit\u{1b}".to_owned()));
    assert_eq!(palette(&model).1[0], "quit");
}
