//! Pinned settings.
use crate::app::Model;
use crate::app::fake::{feed, started, wait};
use crate::app::testing::driver::{press, scores};
use odin_core::session::Detector;

#[test]
fn a_setting_is_pinned_and_changes_places_with_the_one_shown() {
    let mut model = started();
    press(&mut model, "i");
    assert!(model.pin.is_none(), "there is nothing yet");
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 3000);
    let auroc = model.shown().unwrap().summary.auroc;
    press(&mut model, "i");
    // As it is after the dashboard was left: its intervals are computed with the others.
    model.pin.as_mut().unwrap().analysis.intervals = None;
    wait(&mut model, 3000);
    assert_eq!(
        model.pin.as_ref().unwrap().analysis.intervals(),
        model.shown().unwrap().intervals()
    );
    assert_eq!(model.next_tick(), None, "and no more than that");
    press(&mut model, "H");
    let t = |model: &Model| model.jobs[0].spec.settings.temperature().get();
    assert_eq!(
        (t(&model), model.pin.as_ref().unwrap().analysis.summary.auroc),
        (100.0, auroc)
    );
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 3000);
    assert_ne!(model.shown().unwrap().summary.auroc, auroc);
    // Another job, another detector, and back.
    press(&mut model, "j b");
    let effects = press(&mut model, "k B I");
    assert_eq!((t(&model), model.view.detector), (1000.0, Detector::Odin));
    assert_eq!(scores(&effects).len(), 1);
    assert_eq!(
        model.pin.as_ref().unwrap().setting.get("temperature"),
        Some(100.0)
    );
    press(&mut model, "u");
    assert_eq!(t(&model), 100.0, "which can be undone");
    press(&mut model, "i");
    assert!(model.pin.is_none());
    press(&mut model, "I");
    assert_eq!(model.status.as_ref().unwrap().text, "nothing is pinned");
}

#[test]
fn what_was_pinned_outlives_its_job_and_follows_the_conventions() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 3000);
    press(&mut model, "i");
    let fpr = |model: &Model| model.pin.as_ref().unwrap().analysis.summary.fpr95;
    let before = fpr(&model);
    press(&mut model, "P");
    assert_ne!(fpr(&model), before);
    press(&mut model, "D I");
    assert_eq!(
        model.status.as_ref().unwrap().text,
        "the job of what was pinned is gone"
    );
}
