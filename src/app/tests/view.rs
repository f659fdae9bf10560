//! The threshold, detectors, plots, theme and focus.
use crate::app::fake::{feed, started, wait};
use crate::app::testing::driver::press;
use crate::app::{Action, Cursor, Effect, Model, Overlay, Redraw, ThemeName, update};
use crate::metrics::Positive;
use crate::session::{Axis, CurveKind, Detector, Marks, Metric, Screen};

#[test]
fn the_threshold_follows_keys_and_mouse() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 200);
    let tpr = |model: &Model| model.shown().unwrap().at(model.cursor).tpr;
    assert!((0.95..0.96).contains(&tpr(&model)));
    press(&mut model, "] ]");
    assert_eq!(model.cursor, Cursor::Tpr(0.97));
    let there = model.shown().unwrap().at(Cursor::Tpr(0.5)).threshold;
    update(&mut model, Action::ThresholdToScore(there));
    assert!((0.5..0.51).contains(&tpr(&model)));
    press(&mut model, "[");
    assert!((0.49..0.5).contains(&tpr(&model)));
    update(&mut model, Action::ThresholdToFpr(0.1));
    assert!(model.shown().unwrap().at(model.cursor).fpr <= 0.1);
    press(&mut model, "b");
    assert!(
        matches!(model.cursor, Cursor::Tpr(_)),
        "another scale: the TPR holds"
    );
    press(&mut model, "p");
    update(&mut model, Action::ThresholdToScore(0.5));
    assert_eq!(model.cursor, Cursor::Score(0.0));
    press(&mut model, "t = 9 0 % enter");
    assert_eq!(model.cursor, Cursor::Tpr(0.9));
}

#[test]
fn view_keys_change_what_is_shown() {
    let mut model = started();
    press(&mut model, "b p c f v");
    let view = &model.view;
    assert_eq!(
        (view.detector, view.axis, view.metric),
        (Detector::Baseline, Axis::Probability, Metric::DetectionError)
    );
    assert!(view.log_counts && view.log_fpr);
    press(&mut model, "5 k ?");
    assert!(model.overlay == Some(Overlay::Help(0)) && model.view.screen == Screen::Log);
    press(&mut model, "1");
    assert_eq!(model.view.screen, Screen::Log, "help covers the screen");
    press(&mut model, "q");
    assert_eq!(model.overlay, None);
    press(&mut model, "1 P E A");
    assert_eq!(model.view.conventions.positive, Positive::OutOfDistribution);
    let effects = press(&mut model, "m ctrl-z");
    assert!(effects.contains(&Effect::SetMouse(false)) && effects.contains(&Effect::Suspend));
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
fn detectors_go_round_and_plots_change() {
    let mut model = started();
    let first = model.view.detector;
    let mut seen = vec![first];
    loop {
        press(&mut model, "b");
        if model.view.detector == first {
            break;
        }
        seen.push(model.view.detector);
    }
    assert_eq!(seen, Detector::ALL);
    press(&mut model, "B");
    assert_eq!(Some(&model.view.detector), seen.last());
    press(&mut model, "r o C");
    let view = &model.view;
    assert_eq!(
        (view.curve, view.marks, view.counts),
        (CurveKind::Ccr, Marks::Blocks, true)
    );
    press(&mut model, "r o C");
    assert_eq!(
        (model.view.curve, model.view.marks),
        (CurveKind::Roc, Marks::Braille)
    );
    model.shows_pictures = true;
    let mut next = || {
        press(&mut model, "o");
        model.view.marks
    };
    assert_eq!(
        [next(), next(), next()],
        [Marks::Blocks, Marks::Pixels, Marks::Braille]
    );
}
