//! Detectors, plots, theme and focus.
use crate::app::fake::started;
use crate::app::testing::driver::press;
use crate::app::{Action, Effect, Overlay, Redraw, ThemeName, update};
use odin_core::session::{Axis, CurveKind, Detector, Marks, Metric, Screen};
use odin_metrics::Positive;

#[test]
fn view_keys_change_what_is_shown() {
    let mut model = started();
    press(&mut model, "b p ^ z v");
    let view = &model.view;
    assert_eq!(
        (view.detector, view.axis, view.metric),
        (Detector::Baseline, Axis::Probability, Metric::DetectionError)
    );
    assert!(view.log_counts && view.log_fpr);
    press(&mut model, "6 k ?");
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
    press(&mut model, "r . #");
    let view = &model.view;
    assert_eq!(
        (view.curve, view.marks, view.counts),
        (CurveKind::Ccr, Marks::Blocks, true)
    );
    press(&mut model, "r . #");
    assert_eq!(
        (model.view.curve, model.view.marks),
        (CurveKind::Roc, Marks::Braille)
    );
    model.shows_pictures = true;
    let mut next = || {
        press(&mut model, ".");
        model.view.marks
    };
    assert_eq!(
        [next(), next(), next()],
        [Marks::Blocks, Marks::Pixels, Marks::Braille]
    );
}
