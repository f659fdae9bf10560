//! Metrics and intervals of the scores, while they arrive and once they are complete.
use crate::app::fake::{self, feed, started, wait};
use crate::app::testing::driver::press;
use crate::app::{Action, Effect, ExactReport, is_better, paired_change, update};
use odin_core::comparisons::JobEvent;
use odin_core::protocol::Side;
use odin_core::runs;
use odin_core::session::{Detector, Metric};
use odin_core::units::Device;
use odin_metrics::Comparison;

#[test]
fn scores_are_analysed_when_due_and_intervals_follow() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    assert!(model.next_tick().is_some());
    wait(&mut model, 3000);
    assert_eq!(model.next_tick(), None, "nothing is due: no timer runs");
    let odin = model.jobs[0].odin.as_ref().unwrap();
    let (low, high) = odin.interval(Metric::Auroc).unwrap();
    assert!(low <= odin.summary.auroc && odin.summary.auroc <= high && high - low < 0.1);
    assert!(odin.summary.auroc > model.jobs[0].baseline.as_ref().unwrap().summary.auroc);
    assert_eq!(odin.intervals.unwrap().replicates, 1000);
    assert!(odin.summary.ccr_at_fpr.is_some());
}

#[test]
fn conventions_are_read_off_the_same_scores() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 3000);
    let before = model.jobs[0].odin.as_ref().unwrap().summary;
    press(&mut model, "P");
    let odin = model.jobs[0].odin.as_ref().unwrap();
    assert!(odin.summary.fpr95 != before.fpr95 && odin.intervals.is_none());
    wait(&mut model, 3000);
    assert!(model.jobs[0].odin.as_ref().unwrap().intervals.is_some());
}

#[test]
fn every_detector_has_metrics_and_intervals_of_the_same_images() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    for &detector in &Detector::ON_LOGITS {
        while model.view.detector != detector {
            press(&mut model, "b");
        }
        wait(&mut model, 4000);
        let shown = model.shown().unwrap_or_else(|| panic!("{detector}"));
        assert_eq!(
            (shown.detector(), shown.summary.n_in, shown.summary.n_out),
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
    // A change of a knob keeps what does not depend on it.
    let moved = model.slider_detector();
    press(&mut model, "l");
    for &detector in &Detector::ON_LOGITS {
        assert!(
            model.jobs[0].is_stale_by(detector)
                == (detector == moved && model.jobs[0].analysis(detector).is_some())
        );
    }
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
    let mut events = vec![JobEvent::Started {
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
    let finished = JobEvent::Finished {
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
    // A comparison of other images comes too late, and is not taken.
    let late = ExactReport {
        job: model.jobs[0].id,
        setting: model.jobs[0].setting(Detector::Odin),
        comparison: Comparison::new(&[1.0], &[0.0]).unwrap().into(),
    };
    assert!(update(&mut model, Action::Exact(Box::new(late))).is_empty());
}

#[test]
fn a_change_has_a_paired_interval_and_chance_is_told_apart() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 3000);
    let job = &model.jobs[0];
    let change = paired_change(job, Detector::Odin, Metric::Auroc).unwrap();
    let difference = crate::app::change(job, Detector::Odin, Metric::Auroc).unwrap();
    assert!((change.difference - difference).abs() < 1e-12 && change.is_significant());
    assert_eq!(is_better(job, Detector::Odin, Metric::Auroc), Some(true));
    assert_eq!(model.changes().map(|changes| changes.auroc), Some(change));
    // A setting that ranks all images as the pinned one does differs in nothing.
    press(&mut model, "i");
    wait(&mut model, 3000);
    let same = model.changes().unwrap().auroc;
    assert_eq!((same.interval.low, same.interval.high), (0.0, 0.0));
    assert_eq!(model.next_tick(), None);
    press(&mut model, "P");
    assert_eq!(model.changes(), None, "by other conventions it is computed anew");
    wait(&mut model, 3000);
    assert!(model.changes().is_some());
    // Other images cannot be paired.
    feed(&mut model, 1, 0, 300, 300);
    press(&mut model, "j");
    wait(&mut model, 3000);
    assert!(model.shown().is_some() && model.changes().is_none());
    assert_eq!(model.next_tick(), None);
}

#[test]
fn table_threshold_and_curve_are_by_one_convention() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 400);
    wait(&mut model, 3000);
    for _ in 0..2 {
        let shown = model.shown().unwrap();
        let [tpr, fpr] = shown.rates(&shown.at(model.cursor));
        assert!(tpr.value() >= 0.95);
        assert_eq!(fpr.value(), shown.summary.fpr95, "{}", shown.conventions);
        // The curve goes through that point.
        let point = shown.at(model.cursor);
        let (x, y) = shown.on_roc((point.fpr, point.tpr));
        assert!((x - fpr.value()).abs() < 1e-12 && (y - tpr.value()).abs() < 1e-12);
        update(&mut model, Action::ThresholdToFpr(0.2));
        let shown = model.shown().unwrap();
        let [_, fpr] = shown.rates(&shown.at(model.cursor));
        assert!((0.17..=0.2).contains(&fpr.value()), "{fpr:?}");
        press(&mut model, "t P");
    }
}

#[test]
fn what_logits_tell_is_shown_of_a_paused_job() {
    let mut model = started();
    feed(&mut model, 0, 0, 200, 300);
    wait(&mut model, 500);
    press(&mut model, "space l b b");
    assert_eq!(model.view.detector, Detector::MaxLogit);
    wait(&mut model, 2000);
    assert_eq!(model.jobs[0].state.name(), "paused");
    assert_eq!(model.shown().unwrap().summary.n_in, 200);
}

#[test]
fn images_in_groups_have_the_intervals_of_groups_as_the_command_line_gives_them() {
    let of = |grouped: bool| {
        let mut model = started();
        let job = model.jobs[0].id;
        if grouped {
            let groups: Vec<u32> = (0..300).map(|image| image / 25).collect();
            for side in [Side::In, Side::Out] {
                let groups = groups.clone();
                update(&mut model, Action::Engine(JobEvent::Groups { job, side, groups }));
            }
        }
        feed(&mut model, 0, 0, 300, 300);
        wait(&mut model, 4000);
        model
    };
    let (alone, grouped) = (of(false), of(true));
    let groups: Vec<u32> = (0..300).map(|image| image / 25).collect();
    let groups = runs::Groups {
        ins: Some(&groups),
        outs: Some(&groups),
    };
    let job = &grouped.jobs[0];
    let scores = |side| -> (Vec<f64>, Vec<bool>) {
        let listed = job.scores.listed(side, &job.setting(Detector::Odin));
        listed.map(|image| (image.score, !image.is_wrong())).unzip()
    };
    let ((ins, correct), (outs, _)) = (scores(Side::In), scores(Side::Out));
    let conventions = grouped.view.conventions;
    let told = runs::detector([&ins, &outs], Some(&correct), groups, &conventions, 1000, 0).unwrap();
    let odin = job.odin.as_ref().unwrap();
    assert_eq!(
        odin.interval(Metric::Auroc).unwrap(),
        (told.auroc_ci.low, told.auroc_ci.high)
    );
    assert_eq!(
        odin.interval(Metric::Fpr95).unwrap(),
        (told.fpr95_ci.low, told.fpr95_ci.high)
    );
    let before = alone.jobs[0].odin.as_ref().unwrap();
    assert_eq!(before.summary, odin.summary);
    assert_ne!(before.interval(Metric::Auroc), odin.interval(Metric::Auroc));
    // The change too is of whole groups.
    let change = |model: &crate::app::Model| {
        paired_change(&model.jobs[0], Detector::Odin, Metric::Auroc).map(|change| change.interval)
    };
    assert!(change(&grouped).is_some() && change(&grouped) != change(&alone));
    // The band is of independent images.
    assert!(odin.band.is_empty() && !before.band.is_empty());
}
