//! All detectors, at their defaults and elsewhere, against their definitions on a small network's evidence: what
//! make_fixture.py computes one image at a time.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
use std::path::Path;

#[path = "support/against.rs"]
mod against;

use against::{Arrays, as_reference, read};
use odin_detectors::{Detector, Fit, Fitted, Images, Prepared, Rows, Setting};

fn fixture(name: &str) -> Arrays {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    Arrays::open(&folder.join(name))
}

/// The setting that `KEY@KNOB=VALUE,KNOB=VALUE` names.
fn setting(name: &str) -> Setting {
    let (key, knobs) = name.split_once('@').unwrap_or((name, ""));
    let mut setting = Setting::new(Detector::from_key(key).unwrap());
    for knob in knobs.split(',').filter(|knob| !knob.is_empty()) {
        let (key, value) = knob.split_once('=').unwrap();
        setting = setting.with(key, value.parse().unwrap()).unwrap();
    }
    setting
}

/// How far a score may be off, relative. The fixture's own temperature and Weibull shapes come from a search that ends
/// at half the digits.
fn tolerance(detector: Detector) -> f64 {
    match detector {
        Detector::TempScaling | Detector::Openmax => 1e-6,
        _ => 1e-9,
    }
}

#[test]
fn every_detector_is_what_its_definition_says_at_every_setting() {
    let (known, images) = read(&fixture("small-case.npz"));
    let expected = fixture("small-scores.npz");
    let fit = Fit::new(known).unwrap();
    let mut prepared = Prepared::new(&fit);
    prepared.push(&images).unwrap();
    for detector in Detector::ALL {
        let fitted = Fitted::new(detector, &fit).unwrap();
        let names = expected
            .names()
            .filter(|name| name.split('@').next() == Some(detector.key()));
        let mut settings = 0;
        for name in names {
            let got = fitted.scores(&setting(name), &prepared).unwrap();
            for (image, (got, &want)) in got.iter().zip(expected.get(name).unwrap()).enumerate() {
                let got = as_reference(detector, *got);
                assert!(
                    (got - want).abs() <= tolerance(detector) * want.abs(),
                    "{name}, image {image}: {got}, not {want}"
                );
            }
            settings += 1;
        }
        let has_free_knobs = detector.knobs().iter().any(|knob| !knob.needs_pass);
        assert!(
            settings > usize::from(has_free_knobs),
            "{detector} is tested at {settings} settings"
        );
    }
}

#[test]
fn scores_do_not_depend_on_threads_or_on_what_is_scored_together() {
    let (known, images) = read(&fixture("small-case.npz"));
    let fit = Fit::new(known).unwrap();
    let part = |rows: &Rows, image: usize| {
        let width = rows.width();
        Rows::new("a row", rows.values()[image * width..][..width].to_vec(), width).unwrap()
    };
    let mut whole = Prepared::new(&fit);
    whole.push(&images).unwrap();
    let mut single = Prepared::new(&fit);
    for image in 0..images.logits.len() {
        let one = Images {
            logits: part(&images.logits, image),
            features: images.features.as_ref().map(|rows| part(rows, image)),
            perturbed_logits: images.perturbed_logits.as_ref().map(|rows| part(rows, image)),
            perturbed_features: images.perturbed_features.as_ref().map(|rows| part(rows, image)),
        };
        single.push(&one).unwrap();
    }
    let pool = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    };
    let bits = |scores: Vec<f64>| scores.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    for detector in Detector::ALL {
        let setting = Setting::new(detector);
        let score = |prepared: &Prepared| {
            bits(
                Fitted::new(detector, &fit)
                    .unwrap()
                    .scores(&setting, prepared)
                    .unwrap(),
            )
        };
        let want = pool(1).install(|| score(&whole));
        assert_eq!(pool(3).install(|| score(&whole)), want, "{detector}");
        assert_eq!(pool(3).install(|| score(&single)), want, "{detector}");
    }
}
