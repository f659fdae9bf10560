//! Evidence that does not fit: one clear error each, and no panic.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
use std::sync::Arc;

use odin_detectors::{
    Detector, Error, Fit, FitImages, Fitted, Images, Known, Labelled, LastLayer, Need, Prepared, Rows,
    Setting,
};

const C: usize = 3;
const D: usize = 6;

/// Numbers that look random, between −1 and 1.
fn values(n: usize, seed: f64) -> Vec<f32> {
    (1..=n)
        .map(|i| ((i as f64 * 0.618_033_988_749_895 + seed).fract() * 2.0 - 1.0) as f32)
        .collect()
}

fn rows(count: usize, width: usize, seed: f64) -> Rows {
    Rows::new("values", values(count * width, seed), width).unwrap()
}

fn fit_images(count: usize) -> FitImages {
    let logits = rows(count, C, 0.1);
    // As the network guesses, so that each guess is right.
    let labels = logits
        .iter()
        .map(|row| odin_detectors::argmax(row) as u16)
        .collect();
    FitImages {
        logits,
        features: Some(rows(count, D, 0.2)),
        labels: Some(Arc::new(labels)),
        perturbed_features: Some(rows(count, D, 0.3)),
    }
}

fn known(count: usize) -> Known {
    Known {
        last_layer: Some(LastLayer {
            weight: rows(C, D, 0.4),
            bias: vec![0.1, 0.0, -0.1],
        }),
        fit_images: Some(fit_images(count)),
        validation: Some(Labelled {
            logits: rows(20, C, 0.5),
            labels: Arc::new((0..20).map(|i| i % 3).collect()),
        }),
    }
}

fn images(count: usize) -> Images {
    Images {
        logits: rows(count, C, 0.6),
        features: Some(rows(count, D, 0.7)),
        perturbed_logits: Some(rows(count, C, 0.8)),
        perturbed_features: Some(rows(count, D, 0.9)),
    }
}

fn score(setting: Setting, known: Known, images: &Images) -> Result<Vec<f64>, Error> {
    let fit = Fit::new(known)?;
    let mut prepared = Prepared::new(&fit);
    prepared.push(images)?;
    Fitted::new(setting.detector(), &fit)?.scores(&setting, &prepared)
}

/// The setting of the detector that this fit size allows.
fn small(detector: Detector) -> Setting {
    match detector {
        Detector::Knn | Detector::Nnguide => Setting::new(detector).with("k", 1.0).unwrap(),
        _ => Setting::new(detector),
    }
}

fn message(result: Result<Vec<f64>, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn all_score_where_everything_is_there() {
    for detector in Detector::ALL {
        let scores = score(small(detector), known(60), &images(7)).unwrap();
        assert_eq!(scores.len(), 7, "{detector}");
        assert!(
            scores.iter().all(|score| score.is_finite()),
            "{detector}: {scores:?}"
        );
        let none = score(small(detector), known(60), &images(0)).unwrap();
        assert!(none.is_empty(), "{detector}");
    }
}

#[test]
fn only_what_needs_the_last_layer_asks_for_it() {
    for detector in Detector::ALL {
        let whole = score(small(detector), known(40), &images(10)).unwrap();
        let without = Known {
            last_layer: None,
            ..known(40)
        };
        let got = score(small(detector), without, &images(10));
        match detector.needs().contains(&Need::LastLayer) {
            true => assert!(message(got).contains("last layer"), "{detector}"),
            false => assert_eq!(got.unwrap(), whole, "{detector}"),
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    for detector in Detector::ALL {
        let needs = detector.needs();
        let missing = |known: Known, images: &Images| match score(small(detector), known, images) {
            Err(Error::Missing { detector: key, need }) => {
                assert_eq!(key, detector.key());
                Some(need)
            }
            Err(error) => panic!("{detector}: {error}"),
            Ok(_) => None,
        };
        for need in [
            Need::Features,
            Need::LastLayer,
            Need::FitImages,
            Need::FitLabels,
            Need::ValidationLabels,
            Need::Gradient,
        ] {
            let (mut known, mut images) = (known(60), images(4));
            match need {
                Need::Features => images.features = None,
                Need::LastLayer => known.last_layer = None,
                Need::FitImages => known.fit_images = None,
                Need::FitLabels => known.fit_images.as_mut().unwrap().labels = None,
                Need::ValidationLabels => known.validation = None,
                Need::Gradient => {
                    images.perturbed_logits = None;
                    images.perturbed_features = None;
                }
            }
            let want = needs.contains(&need).then_some(need);
            assert_eq!(missing(known, &images), want, "{detector} without {need}");
        }
    }
    let odin = score(Setting::new(Detector::Knn), Known::default(), &images(1));
    assert_eq!(
        message(odin),
        "knn needs training images to fit it on, and there are none"
    );
    let mut known = known(60);
    known.fit_images.as_mut().unwrap().features = None;
    assert_eq!(
        message(score(small(Detector::Knn), known, &images(1))),
        "knn needs penultimate features of the images, and there are none"
    );
}

#[test]
fn fit_images_without_one_of_the_classes_are_refused_where_each_class_counts() {
    let mut known = known(60);
    let fit = known.fit_images.as_mut().unwrap();
    let labels = fit
        .labels
        .as_ref()
        .unwrap()
        .iter()
        .map(|&label| label.min(1))
        .collect();
    fit.labels = Some(Arc::new(labels));
    for detector in Detector::ALL {
        let result = score(small(detector), known.clone(), &images(4));
        if detector.needs().contains(&Need::FitLabels) {
            let message = message(result);
            assert!(
                message.ends_with("of every class, and there is none of class 2 (from 0)"),
                "{detector}: {message}"
            );
        } else {
            result.unwrap();
        }
    }
}

#[test]
fn one_fit_image_gives_scores_or_an_error() {
    for detector in Detector::ALL {
        let result = score(small(detector), known(1), &images(4));
        if let Err(error) = result {
            let needs = detector.needs();
            assert!(
                needs.contains(&Need::FitLabels) && matches!(error, Error::Class { .. }),
                "{detector}: {error}"
            );
        }
    }
    let setting = Setting::new(Detector::Knn);
    assert_eq!(
        message(score(setting, known(1), &images(1))),
        "knn needs at least 50 training images for its k, and there are 1"
    );
}

#[test]
fn an_empty_fit_set_is_no_fit_set() {
    let result = score(small(Detector::Knn), known(0), &images(1));
    assert_eq!(
        message(result),
        "knn needs training images to fit it on, and there are none"
    );
}

#[test]
fn arrays_that_do_not_go_together_are_refused() {
    let mut wide = images(4);
    wide.features = Some(rows(4, D + 1, 0.1));
    let mut classes = images(4);
    classes.logits = rows(4, C + 1, 0.1);
    let mut short = images(4);
    short.features = Some(rows(3, D, 0.1));
    for (images, want) in [
        (&wide, "features of the images must have 6 columns, not 7"),
        (&classes, "logits of the images must have 3 columns, not 4"),
        (&short, "features of the images must have 4 rows, not 3"),
    ] {
        assert_eq!(message(score(small(Detector::React), known(60), images)), want);
    }
    let mut other = known(60);
    other.fit_images.as_mut().unwrap().features = Some(rows(60, D - 1, 0.1));
    let error = Fit::new(other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "features of the fit images must have 6 columns, not 5"
    );
    let mut other = known(60);
    other.fit_images.as_mut().unwrap().logits = rows(60, C - 1, 0.1);
    let error = Fit::new(other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "logits of the fit images must have 3 columns, not 2"
    );
    let mut other = known(60);
    other.fit_images.as_mut().unwrap().labels = Some(Arc::new(vec![3; 60]));
    let error = Fit::new(other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "label 3 of the fit images, row 0 (from 0), is none of the 3 classes"
    );
}

#[test]
fn what_is_not_a_number_is_refused_where_it_comes_in() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = values(12, 0.1);
        values[7] = bad;
        let error = Rows::new("features of the images", values, 3).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("features of the images: row 2, column 1 (from 0) is {bad}, not a finite number")
        );
    }
    assert_eq!(
        Rows::new("logits", vec![0.0; 7], 3).unwrap_err().to_string(),
        "logits: 7 values are no whole rows of 3"
    );
    assert!(Rows::new("logits", vec![0.0; 7], 0).is_err());
}

#[test]
fn features_that_do_not_vary_give_one_error_where_their_spread_counts() {
    let constant = |count: usize| Some(Rows::new("features", vec![0.5; count * D], D).unwrap());
    let mut known = known(60);
    known.fit_images.as_mut().unwrap().features = constant(60);
    let mut images = images(4);
    images.features = constant(4);
    for detector in Detector::ALL {
        let result = score(small(detector), known.clone(), &images);
        let is_refused = match detector {
            // No spread to divide by.
            Detector::Mahalanobis | Detector::Rmd | Detector::MahalanobisPp | Detector::RmdPp => true,
            // Each image is the mean itself.
            Detector::Fdbd | Detector::Nci => true,
            _ => false,
        };
        match result {
            Err(Error::Constant { .. } | Error::Undefined { .. }) if is_refused => {}
            Ok(scores) if !is_refused => assert!(scores.iter().all(|score| !score.is_nan()), "{detector}"),
            other => panic!("{detector}: {other:?}"),
        }
    }
}

#[test]
fn an_image_without_any_activation_has_a_score() {
    let mut images = images(2);
    images.features = Some(Rows::new("features", vec![0.0; 2 * D], D).unwrap());
    for detector in Detector::ALL {
        let scores = score(small(detector), known(60), &images).unwrap();
        assert!(
            scores.iter().all(|score| score.is_finite()),
            "{detector}: {scores:?}"
        );
    }
}

#[test]
fn knobs_are_kept_within_what_makes_sense() {
    let refused = |detector: Detector, key: &str, value: f64| {
        Setting::new(detector).with(key, value).unwrap_err().to_string()
    };
    assert_eq!(
        refused(Detector::React, "percentile", 101.0),
        "percentile must be between 50 and 100, not 101"
    );
    for detector in Detector::ALL {
        for knob in detector
            .knobs()
            .iter()
            .filter(|knob| knob.key.contains("percentile"))
        {
            assert!(knob.check(-1.0).is_err() && knob.check(100.5).is_err() && knob.check(f64::NAN).is_err());
        }
    }
    let vra = Setting::new(Detector::Vra).with("low", 95.0).unwrap();
    assert_eq!(
        message(score(vra, known(60), &images(1))),
        "vra: low must be below high, and they are 95 and 90"
    );
    let vim = Setting::new(Detector::Vim).with("dimensions", 6.0).unwrap();
    assert_eq!(
        message(score(vim, known(60), &images(1))),
        "vim: dimensions must be below the 6 features, not 6"
    );
    let fit = Fit::new(known(60)).unwrap();
    let fitted = Fitted::new(Detector::Vim, &fit).unwrap();
    let error = fitted.scores(&Setting::new(Detector::Residual), &Prepared::new(&fit));
    assert_eq!(message(error), "a setting of residual is no setting of vim");
}
