//! Comparing: pinned settings, detectors, curves; and very many scores.
use super::tests::{press, scores};
use super::*;
use crate::app::fake::{self, feed, started, wait};
use crate::engine::protocol::{Event, Side};
use crate::session::{CurveKind, Detector, Marks};
use crate::units::Device;

#[test]
fn a_setting_is_pinned_and_changes_places_with_the_one_shown() {
    let mut model = started();
    press(&mut model, "i");
    assert!(model.pin.is_none(), "there is nothing yet");
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 3000);
    let auroc = model.shown().unwrap().summary.auroc;
    press(&mut model, "i H");
    let t = |model: &Model| model.jobs[0].spec.temperature.get();
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
    assert_eq!(model.pin.as_ref().unwrap().parameters.temperature.get(), 100.0);
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

#[test]
fn every_detector_has_metrics_and_intervals_of_the_same_images() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    for &detector in &Detector::ALL {
        model.view.detector = detector;
        super::view::show_detector(&mut model, detector);
        wait(&mut model, 4000);
        let shown = model.shown().unwrap_or_else(|| panic!("{detector}"));
        assert_eq!(
            (shown.detector, shown.summary.n_in, shown.summary.n_out),
            (detector, 300, 300)
        );
        assert!(
            shown.summary.auroc > 0.6 && shown.intervals().is_some(),
            "{detector}"
        );
        assert!(!shown.band.is_empty());
        for point in &shown.band {
            assert!(point.fpr.low <= point.fpr.high && point.tpr.low <= point.tpr.high);
        }
    }
    // A change of T keeps what does not depend on it.
    press(&mut model, "l");
    for &detector in &Detector::ALL {
        assert!(
            model.jobs[0].is_stale_by(detector)
                == (detector.has_parameters() && model.jobs[0].analysis(detector).is_some())
        );
    }
}

#[test]
fn a_person_who_tunes_is_told_on_what() {
    let mut model = started();
    assert!(!model.jobs[0].is_tuned_here());
    press(&mut model, "l");
    assert!(model.jobs[0].is_tuned_here());
    press(&mut model, "u");
    assert!(!model.jobs[0].is_tuned_here());
}

#[test]
fn very_many_scores_are_bounded_at_first_and_exact_in_the_end() {
    let mut model = started();
    let n = 26_000;
    let (job, generation, spec) = (
        model.jobs[0].id,
        model.jobs[0].generation,
        model.jobs[0].spec.clone(),
    );
    let mut events = vec![Event::Started {
        job,
        generation,
        devices: Device::Cpu.into(),
        total_in: n as usize,
        total_out: n as usize,
    }];
    for side in [Side::In, Side::Out] {
        events.push(fake::batch(job, generation, &spec, side, 0, n));
    }
    let mut effects: Vec<Effect> = events
        .into_iter()
        .flat_map(|event| update(&mut model, Action::Engine(event)))
        .collect();
    effects.extend(wait(&mut model, 100));
    let seconds = 1.0;
    let finished = Event::Finished {
        job,
        generation,
        seconds,
    };
    effects.extend(update(&mut model, Action::Engine(finished)));
    let rough = model.jobs[0].odin.as_ref().unwrap();
    assert!(rough.resolution > 0.0 && rough.resolution < 0.002);
    assert!(rough.comparison.roc().count() < 20_000);
    effects.extend(wait(&mut model, 500));
    let requests: Vec<_> = effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::ComputeExact(request) => Some(request),
            _ => None,
        })
        .collect();
    assert_eq!(requests.len(), 2, "ODIN and the baseline, once");
    let rough = model.jobs[0].odin.as_ref().unwrap().summary;
    for request in requests {
        update(&mut model, Action::Exact(Box::new(request.compute())));
    }
    let odin = model.jobs[0].odin.as_ref().unwrap();
    assert_eq!((odin.resolution, odin.comparison.n_in()), (0.0, u64::from(n)));
    assert!((odin.summary.auroc - rough.auroc).abs() < 1e-3);
    // What comes too late is not taken.
    let late = crate::app::ExactReport {
        job: model.jobs[0].id,
        parameters: model.jobs[0].parameters(),
        detector: Detector::Odin,
        comparison: None,
    };
    assert!(update(&mut model, Action::Exact(Box::new(late))).is_empty());
}
