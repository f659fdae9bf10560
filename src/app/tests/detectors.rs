//! The Detectors screen: what is asked for, measured and ranked.
use crate::app::fake::{feed, started, tell_missing, wait};
use crate::app::testing::driver::press;
use crate::app::{Action, DetectorsAction, Effect, Model, update};
use odin_core::comparisons::JobCommand;
use odin_core::session::{Detector, Screen};
use odin_core::setting::Settings;

/// What the engine is asked to score the jobs by.
fn asked(effects: &[Effect]) -> Vec<Settings> {
    let spec = |effect: &Effect| match effect {
        Effect::Engine(JobCommand::Score { spec, .. }) => Some(spec.settings.clone()),
        _ => None,
    };
    effects.iter().filter_map(spec).collect()
}

fn shown(model: &Model) -> Vec<Detector> {
    let rows = model.detectors.rows.iter();
    let measured = rows.filter(|row| row.sets.iter().any(Option::is_some));
    measured.map(|row| row.setting.detector()).collect()
}

#[test]
fn the_screen_asks_for_every_detector_that_needs_no_pass_of_its_own() {
    let mut model = started();
    let asked_for = asked(&press(&mut model, "5"));
    let of_table = model.detectors.columns.len();
    assert_eq!(asked_for.len(), of_table);
    for settings in &asked_for {
        assert_eq!(settings.iter().len(), Detector::ALL.len() - 3);
        assert_eq!(settings.place(Detector::AdascaleA), None);
    }
    assert!(asked(&press(&mut model, "1 5")).is_empty(), "once is enough");
    let with_passes = asked(&press(&mut model, "f"));
    let all = with_passes.iter().map(|settings| settings.iter().len());
    assert_eq!(all.collect::<Vec<_>>(), vec![Detector::ALL.len(); of_table]);
}

#[test]
fn detectors_are_measured_and_ranked_and_one_is_shown() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    press(&mut model, "5");
    assert!(shown(&model).is_empty());
    wait(&mut model, 3000);
    assert_eq!(
        shown(&model).len(),
        Detector::ON_LOGITS.len(),
        "those with scores"
    );
    let first = model.detectors.rows.first().unwrap().clone();
    assert!(first.may_be_best);
    let averages = |model: &Model| -> Vec<f64> {
        let rows = model.detectors.rows.iter();
        rows.filter_map(|row| Some(row.averages[0]?.value)).collect()
    };
    let values = averages(&model);
    assert!(values.is_sorted(), "FPR: less is better: {values:?}");
    press(&mut model, "v v");
    let values = averages(&model);
    assert!(
        values.is_sorted_by(|a, b| a >= b),
        "AUROC: more is better: {values:?}"
    );
    update(
        &mut model,
        Action::Detectors(DetectorsAction::To(Detector::Energy)),
    );
    press(&mut model, "enter");
    assert_eq!(
        (model.view.screen, model.view.detector),
        (Screen::Explore, Detector::Energy)
    );
}

#[test]
fn what_cannot_be_measured_is_tried_once() {
    let mut model = started();
    press(&mut model, "5");
    // No ID image is common to the two, so that there is nothing to average over.
    feed(&mut model, 0, 0, 100, 100);
    feed(&mut model, 1, 100, 200, 200);
    let measured = wait(&mut model, 3000);
    let requests = measured
        .iter()
        .filter(|effect| matches!(effect, Effect::ComputeDetectors(_)));
    assert!(requests.count() <= 2, "once for each job");
    assert_eq!(model.detectors.images(model.jobs[1].id), None);
}

#[test]
fn a_job_that_joins_the_open_table_is_scored_by_its_detectors() {
    let mut model = started();
    model.jobs[3].spec.in_dataset = Some("another".to_owned());
    press(&mut model, "5");
    let all = model.detectors.columns.len();
    model.jobs[3].spec.in_dataset = model.jobs[0].spec.in_dataset.clone();
    let effects = wait(&mut model, 100);
    assert_eq!(model.detectors.columns.len(), all + 1);
    let joined = asked(&effects);
    let settings = joined.first().map(|settings| settings.iter().len());
    assert_eq!(settings, Some(Detector::ALL.len() - 3));
}

#[test]
fn a_detector_goes_into_the_session_and_out() {
    let mut model = started();
    press(&mut model, "5");
    update(&mut model, Action::Detectors(DetectorsAction::To(Detector::Knn)));
    press(&mut model, "space");
    let kept = |model: &Model| {
        let session = model.to_session();
        session.queues[0]
            .jobs
            .iter()
            .map(|job| job.detector)
            .collect::<Vec<_>>()
    };
    assert!(model.is_unsaved() && kept(&model).contains(&Some(Detector::Knn)));
    press(&mut model, "space");
    assert!(!model.is_unsaved(), "{:?}", kept(&model));
}

#[test]
fn what_is_missing_is_passed_over_and_says_why() {
    let mut model = started();
    press(&mut model, "5");
    tell_missing(&mut model, Detector::IOdin, "i-odin needs a gradient");
    press(&mut model, "1");
    model.view.detector = Detector::Gen;
    press(&mut model, "b");
    assert_eq!(
        model.view.detector,
        Detector::TempScaling,
        "i-ODIN is passed over"
    );
}
