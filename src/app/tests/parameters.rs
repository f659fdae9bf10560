//! Changing T and ε: steps, drags, typing, undo.
use std::time::Duration;

use crate::app::fake::{batch, feed, started, wait};
use crate::app::testing::driver::{press, scores};
use crate::app::{Action, JobState, Model, Slider, update};
use odin_core::protocol::Side;
use odin_core::session::Detector;

fn t(model: &Model) -> f64 {
    model.jobs[model.view.job].spec.settings.temperature().get()
}

fn e(model: &Model) -> f64 {
    model.jobs[model.view.job].spec.settings.magnitude().get()
}

#[test]
fn a_change_clears_odin_and_keeps_the_baseline() {
    let mut model = started();
    feed(&mut model, 0, 0, 200, 200);
    wait(&mut model, 200);
    let before = model.jobs[0].generation;
    update(&mut model, Action::Tick(Duration::from_secs(9)));
    let effects = press(&mut model, "l");
    assert_eq!(scores(&effects), [(0, before.0 + 1, 1200.0, 0.0014)]);
    let job = &model.jobs[0];
    assert_eq!((job.scored(), job.state.clone()), (0, JobState::Waiting));
    assert_eq!(
        job.scores
            .live(&model.jobs[0].setting(Detector::Baseline))
            .unwrap()
            .images(),
        400
    );
    assert!(
        job.is_stale(),
        "the old picture stays until there is a new one, and says so"
    );
    let stale = batch(job.id, before, &job.spec.clone(), Side::In, 0, 50);
    assert!(
        update(&mut model, Action::Engine(stale)).is_empty(),
        "what the old generation sends is stale"
    );
    assert_eq!(model.jobs[0].scored(), 0);
    feed(&mut model, 0, 0, 50, 200);
    wait(&mut model, 200);
    assert!(!model.jobs[0].is_stale());
    assert_eq!(model.jobs[0].odin.as_ref().unwrap().summary.n_in, 50);
    assert_eq!(model.jobs[0].baseline.as_ref().unwrap().summary.n_in, 200);
}

#[test]
fn a_drag_asks_now_and_then_and_always_for_where_it_ends() {
    let mut model = started();
    update(&mut model, Action::Tick(Duration::from_secs(1)));
    let mut asked = Vec::new();
    for step in 0..100u64 {
        let at = Duration::from_millis(1000 + step * 8);
        asked.extend(scores(&update(&mut model, Action::Tick(at))));
        asked.extend(scores(&update(
            &mut model,
            Action::SlideTo(Slider::MAGNITUDE, step as f64 / 99.0),
        )));
    }
    assert!(
        (8..=14).contains(&asked.len()),
        "{} requests in 0.8 s",
        asked.len()
    );
    let last = scores(&update(&mut model, Action::Release));
    assert_eq!(last.last().map(|score| score.3), Some(0.004));
    assert!(!model.is_dragging() && model.next_tick() == model.saving.autosave_due());
    assert_eq!(
        scores(&press(&mut model, "u")).len(),
        0,
        "too soon after the last"
    );
    assert_eq!(e(&model), 0.0014, "a drag is undone as one");
    assert_eq!(
        scores(&wait(&mut model, 100)).len(),
        1,
        "and asked for when its time has come"
    );
}

#[test]
fn keys_step_type_and_switch_focus() {
    let mut model = started();
    press(&mut model, "H");
    assert_eq!(t(&model), 100.0);
    press(&mut model, "tab l shift-left");
    assert_eq!((model.focus, e(&model)), (Slider::MAGNITUDE, 0.0005));
    press(&mut model, "= 0 . 0 0 3 3 enter");
    assert_eq!(e(&model), 0.0033);
    press(&mut model, "tab tab enter 2 5 0 0 0 enter");
    assert_eq!(
        (t(&model), model.jobs[0].span(Detector::Odin, 0).unwrap().high),
        (25_000.0, 1e5)
    );
    press(&mut model, "= - 5 enter");
    assert!(
        model
            .typing
            .as_ref()
            .unwrap()
            .error
            .as_ref()
            .unwrap()
            .to_string()
            .contains("above 0")
    );
    press(&mut model, "backspace backspace esc");
    assert_eq!((model.typing.clone(), t(&model)), (None, 25_000.0));
    press(&mut model, "=");
    update(&mut model, Action::Paste(" 42\n".to_owned()));
    press(&mut model, "enter");
    assert_eq!(t(&model), 42.0);
    // A comma is not dropped: 25 was not meant.
    press(&mut model, "= 2 , 5 enter");
    let error = model.typing.as_ref().unwrap().error.clone().unwrap();
    assert_eq!(error.to_string(), "`2,5` is not a number: write 2.5");
    press(&mut model, "esc");
    assert_eq!(t(&model), 42.0);
}

#[test]
fn undo_and_redo_walk_through_the_changes() {
    let mut model = started();
    for (second, key) in (1..).zip(["l", "tab", "l", "a"]) {
        update(&mut model, Action::Tick(Duration::from_secs(second)));
        press(&mut model, key);
    }
    assert!(
        model
            .jobs
            .iter()
            .all(|job| job.parameters() == model.jobs[0].parameters())
    );
    press(&mut model, "u");
    assert_eq!(model.jobs[3].spec.settings.temperature().get(), 10.0);
    press(&mut model, "u u");
    assert_eq!((t(&model), e(&model)), (1000.0, 0.0014));
    press(&mut model, "u");
    assert_eq!(model.status.as_ref().unwrap().text, "nothing to undo");
    press(&mut model, "ctrl-r ctrl-r ctrl-r ctrl-r");
    assert_eq!(model.jobs[3].parameters(), model.jobs[0].parameters());
    assert_eq!(model.status.as_ref().unwrap().text, "nothing to redo");
}

#[test]
fn a_person_who_tunes_is_told_on_what() {
    let mut model = started();
    assert!(!model.jobs[0].is_tuned_here(Detector::Odin));
    press(&mut model, "l");
    assert!(model.jobs[0].is_tuned_here(Detector::Odin));
    press(&mut model, "u");
    assert!(!model.jobs[0].is_tuned_here(Detector::Odin));
}

#[test]
fn a_knob_of_another_detector_that_was_moved_counts_as_tuned_for_it_alone() {
    let mut model = started();
    feed(&mut model, 0, 0, 50, 50);
    model.view.detector = Detector::Energy;
    press(&mut model, "l");
    let job = &model.jobs[0];
    assert!(job.is_tuned_here(Detector::Energy) && !job.is_tuned_here(Detector::Odin));
    assert_eq!(
        model.to_session().queues[0].jobs[0].tuned,
        None,
        "it is about T and ε"
    );
    press(&mut model, "h");
    assert!(!model.jobs[0].is_tuned_here(Detector::Energy));
}
