//! What lies on top: who has the keyboard, and what comes of it.
use super::jobs_tests::catalogue;
use super::tests::{commands, press, scores};
use super::*;
use crate::app::fake::{model, started};
use crate::app::{Column, Filter, Level, Overlay, Restore, ThemeName};
use crate::session::Screen;

fn palette(model: &Model) -> (usize, Vec<&'static str>) {
    let Some(Overlay::Palette(palette)) = &model.overlay else {
        panic!("{:?}", model.overlay)
    };
    let name = |&number: &usize| model.keymap.bindings()[number].name;
    (palette.selected, palette.found.iter().map(name).collect())
}

fn type_in(model: &mut Model, text: &str) {
    for c in text.chars() {
        update(model, Action::Key(Key::char(c)));
    }
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
        (Screen::Log, Filter::Trouble)
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
        press(&mut model, ": ctrl-c").contains(&Effect::Quit),
        "also while typing"
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
fn the_log_is_searched_copied_and_written() {
    let mut model = started();
    for text in ["careful", "No such file", "careful again"] {
        update(&mut model, Action::Said(Level::Warning, text.to_owned()));
    }
    press(&mut model, "5 /");
    type_in(&mut model, "CAREFUL");
    assert_eq!(model.log.shown().count(), 2);
    press(&mut model, "enter");
    assert!(!model.log.is_searching && model.log.is_filtered());
    let effects = press(&mut model, "y");
    let Some(Effect::Copy(text)) = effects.iter().find(|effect| matches!(effect, Effect::Copy(_))) else {
        panic!("{effects:?}")
    };
    assert_eq!(text.lines().count(), 2);
    assert!(
        press(&mut model, "w")
            .iter()
            .any(|effect| matches!(effect, Effect::WriteLog(_)))
    );
    press(&mut model, "esc");
    assert!(!model.log.is_filtered(), "esc shows all again");
    press(&mut model, "/ x esc l l l l");
    assert_eq!(model.log.filter, Filter::All);
}

#[test]
fn what_was_not_saved_is_offered_before_anything_is_scored() {
    let offered = || {
        let mut model = model();
        let mut session = model.to_session();
        session.queues[0].jobs.truncate(2);
        session.view.job = 1;
        model.offer(Restore {
            session: Box::new(session),
            when: "an hour ago".to_owned(),
            is_outdated: false,
        });
        assert!(commands(&update(&mut model, Action::Start)).is_empty());
        assert!(commands(&press(&mut model, "l esc q ? : j")).is_empty());
        assert!(
            matches!(model.overlay, Some(Overlay::Restore(_))),
            "it waits for an answer"
        );
        model
    };
    let mut model = offered();
    let effects = press(&mut model, "r");
    assert_eq!(
        (model.jobs.len(), model.view.job, scores(&effects).len()),
        (2, 1, 2)
    );
    assert!(model.is_unsaved() && model.overlay.is_none());

    let mut model = offered();
    let effects = press(&mut model, "d");
    assert!(effects.contains(&Effect::DiscardAutosave));
    assert_eq!(
        (model.jobs.len(), scores(&effects).len(), model.is_unsaved()),
        (4, 4, false)
    );
    assert!(press(&mut offered(), "ctrl-c").contains(&Effect::Quit));
    assert!(
        update(&mut model, Action::RestoreSession).is_empty(),
        "nothing is offered any more"
    );
}

#[test]
fn coming_back_to_the_window_draws_anew() {
    let mut model = started();
    assert!(update(&mut model, Action::Focus(false)).is_empty() && !model.has_focus);
    assert_eq!(
        update(&mut model, Action::Focus(true)),
        [Effect::Redraw(Redraw::Answer)]
    );
    assert!(update(&mut model, Action::Focus(true)).is_empty());
}

#[test]
fn the_theme_goes_round() {
    let mut model = started();
    let themes: Vec<ThemeName> = (0..4)
        .map(|_| {
            press(&mut model, "ctrl-t");
            model.theme
        })
        .collect();
    assert_eq!(
        themes,
        [
            ThemeName::Dark,
            ThemeName::Light,
            ThemeName::Mono,
            ThemeName::Auto
        ]
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
