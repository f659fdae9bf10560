//! Detectors that look at features and are fitted, as users of the engine drive them.
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::tests::{TestEngine, spec};
use super::*;
use odin_core::comparisons::JobEvent;
use odin_core::protocol::{FitSample, FittedOn, JobSpec, Order, ScoreTable};
use odin_core::setting::{Detector, Setting, Settings, odin};
use odin_core::units::{Magnitude, Temperature};
use odin_datasets::Part;
use odin_metrics::Side;

/// What came of a job.
struct Ran {
    ins: ScoreTable,
    outs: ScoreTable,
    missing: BTreeMap<Detector, String>,
    fitted_on: Option<FittedOn>,
    /// How far the images of the fit were, as it was told.
    fitting: Vec<(usize, usize)>,
    from_cache: bool,
}

impl Ran {
    fn bits(&self) -> Vec<(String, Vec<u64>)> {
        let sides = [&self.ins, &self.outs].into_iter();
        let columns = sides.flat_map(|table| table.columns());
        columns
            .map(|(setting, scores)| {
                let bits = scores.iter().map(|score| score.to_bits());
                (setting.to_string(), bits.collect())
            })
            .collect()
    }
}

fn run(engine: &mut TestEngine, spec: JobSpec) -> Ran {
    let generation = engine.ask(0, spec);
    let mut ran = Ran {
        ins: ScoreTable::default(),
        outs: ScoreTable::default(),
        missing: BTreeMap::new(),
        fitted_on: None,
        fitting: Vec::new(),
        from_cache: true,
    };
    loop {
        let event = engine.events.recv_timeout(std::time::Duration::from_secs(120));
        match event.unwrap() {
            JobEvent::Scored(batch) if batch.generation == generation => {
                ran.from_cache &= batch.from_cache;
                match batch.side {
                    Side::In => ran.ins.append(batch.scores),
                    Side::Out => ran.outs.append(batch.scores),
                }
            }
            JobEvent::Missing { detectors, .. } => ran.missing.extend(detectors),
            JobEvent::Fitted { on, .. } => ran.fitted_on = Some(on),
            JobEvent::Fitting { done, total, .. } => ran.fitting.push((done, total)),
            JobEvent::Finished { generation: g, .. } if g == generation => break,
            JobEvent::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    ran.ins.sort();
    ran.outs.sort();
    ran
}

/// An engine that knows the set `labelled`, whose card names images to train on; no class without any where `is_whole`.
fn engine(is_whole: bool) -> TestEngine {
    let engine = TestEngine::new();
    let images = |count: u32, seed: u32, classes: u32| -> Vec<u8> {
        let image = |n: u32| {
            let label = (n % classes) as u8;
            let pixel = move |i: u32| {
                let mixed = (i ^ n.wrapping_mul(2_654_435_761) ^ seed).wrapping_mul(2_246_822_519);
                // The classes differ a little.
                ((mixed >> 24) / 2) as u8 + 20 * label
            };
            std::iter::once(label)
                .chain((0..3072).map(pixel))
                .collect::<Vec<u8>>()
        };
        (0..count).flat_map(image).collect()
    };
    let data = engine.folder.path().join("data");
    std::fs::write(data.join("test.bin"), images(40, 1, 5)).unwrap();
    std::fs::write(
        data.join("train.bin"),
        images(100, 2, if is_whole { 5 } else { 4 }),
    )
    .unwrap();
    let card = "title: t\nsource: {format: cifar-binary, kind: cifar10, files: [test.bin]}\n\
                train: {format: cifar-binary, kind: cifar10, files: [train.bin]}\n";
    std::fs::write(data.join("labelled.yaml"), card).unwrap();
    engine
}

/// A job by these detectors beside the usual.
fn job(detectors: &[Detector]) -> JobSpec {
    let base = Settings::new(Temperature::PAPER, Magnitude::ZERO);
    let setting = |&detector: &Detector| match detector {
        Detector::Knn | Detector::Nnguide => Setting::new(detector).with("k", 5.0).unwrap(),
        other => Setting::new(other),
    };
    let settings = detectors.iter().map(setting);
    let settings = settings.fold(base, Settings::with);
    JobSpec {
        in_dataset: Some("labelled".into()),
        settings: settings.with(odin(Temperature::PAPER, Magnitude::new(0.002).unwrap())),
        fit: FitSample {
            limit: NonZeroUsize::new(60).unwrap(),
            ..FitSample::default()
        },
        ..spec(1000.0, 0.002, Order::File)
    }
}

#[test]
fn every_detector_scores_and_what_is_known_comes_back_to_the_bit() {
    let mut engine = engine(true);
    let all = JobSpec {
        part: Part::Report(8),
        ..job(&Detector::ALL)
    };
    let first = run(&mut engine, all.clone());
    // A random network guesses few of the classes, and these need some of each.
    let missing: Vec<_> = first.missing.keys().copied().collect();
    assert_eq!(missing, [Detector::Openmax, Detector::She], "{:?}", first.missing);
    let on = first.fitted_on.as_ref().unwrap();
    assert_eq!((on.dataset.as_str(), on.images), ("labelled (training)", 60));
    assert_eq!(on.digest.len(), 64, "BLAKE3, in hex");
    assert_eq!(first.fitting.last(), Some(&(60, 60)));
    for table in [&first.ins, &first.outs] {
        assert_eq!(
            (table.len(), table.columns().count()),
            (32, Detector::ALL.len() - 2)
        );
        assert!(
            table
                .columns()
                .all(|(_, scores)| scores.iter().all(|s| s.is_finite()))
        );
    }
    // In the next session nothing is passed through the network, nor is any image of the fit.
    let mut engine = engine.again(Budget::default());
    let again = run(&mut engine, all);
    assert!(again.from_cache && again.fitting.is_empty());
    assert_eq!(first.bits(), again.bits());
}

#[test]
fn scores_are_those_of_the_arrays_and_a_knob_needs_no_pass() {
    let mut engine = engine(true);
    let detectors = [Detector::Knn, Detector::Scale, Detector::Vim];
    let first = run(&mut engine, job(&detectors));
    let moved = Setting::new(Detector::Knn).with("k", 3.0).unwrap();
    let mut other = job(&detectors);
    other.settings.set(moved);
    let second = run(&mut engine, other.clone());
    assert!(second.from_cache, "a knob moved");
    assert_eq!(first.ins.of(Detector::Vim), second.ins.of(Detector::Vim));
    assert_ne!(first.ins.of(Detector::Knn), second.ins.of(Detector::Knn));
    // Each image's score by itself, from what another engine computes without any cache.
    let fresh = run(&mut self::engine(true), other);
    assert_eq!(second.bits(), fresh.bits());
}

#[test]
fn what_a_job_of_logits_has_kept_serves_detectors_that_come_later() {
    let mut engine = engine(true);
    let plain = job(&[]);
    run(&mut engine, plain);
    // Features came with the logits: only the images of the fit are passed through.
    let later = run(&mut engine, job(&[Detector::Scale, Detector::Knn]));
    assert!(later.from_cache && !later.fitting.is_empty());
    let mut fresh = self::engine(true);
    assert_eq!(
        later.bits(),
        run(&mut fresh, job(&[Detector::Scale, Detector::Knn])).bits()
    );
}

#[test]
fn a_detector_that_cannot_be_had_says_why_and_leaves_the_others_alone() {
    let missing = |engine: &mut TestEngine, job: JobSpec, detector: Detector| {
        let ran = run(engine, job);
        // Of the OOD images nothing may be wrong.
        assert!(ran.ins.of(detector).is_none());
        assert!(ran.ins.of(Detector::Scale).is_some(), "{:?}", ran.missing);
        assert_eq!(ran.ins.len(), 40);
        ran.missing.get(&detector).cloned().unwrap()
    };
    let all = [
        Detector::Scale,
        Detector::Knn,
        Detector::Mahalanobis,
        Detector::TempScaling,
    ];
    let mut whole = engine(true);
    let why = missing(&mut whole, job(&all), Detector::TempScaling);
    assert!(why.contains("--validation"), "{why}");
    // No images to train on, neither on the card of the set nor on that of the network's.
    let nothing = JobSpec {
        in_dataset: Some("one".into()),
        ..job(&all)
    };
    let why = missing(&mut whole, nothing, Detector::Knn);
    assert!(why.contains("names no training images"), "{why}");
    // Images without labels.
    let mut unlabelled = job(&all);
    unlabelled.fit.dataset = Some("two".into());
    let ran = run(&mut whole, unlabelled.clone());
    assert!(ran.ins.of(Detector::Knn).is_some());
    let why = missing(&mut whole, unlabelled, Detector::Mahalanobis);
    assert!(why.contains("two has none"), "{why}");
    // The images that are reported.
    let mut same = job(&all);
    same.fit.dataset = Some("labelled".into());
    let why = missing(&mut whole, same, Detector::Knn);
    assert!(
        why.contains("40 of the 40 images of labelled are reported too"),
        "{why}"
    );
    // A class without an image; k above their number.
    let mut partial = engine(false);
    let why = missing(&mut partial, job(&all), Detector::Mahalanobis);
    assert!(why.contains("none of class 4"), "{why}");
    let mut far = job(&all);
    far.settings
        .set(Setting::new(Detector::Knn).with("k", 61.0).unwrap());
    let why = missing(&mut partial, far, Detector::Knn);
    assert!(why.contains("61") && why.contains("60"), "{why}");
}

#[test]
fn jobs_of_one_network_share_the_images_of_the_fit() {
    let mut engine = engine(true);
    let one = engine.ask(1, job(&[Detector::Knn]));
    let other = engine.ask(
        2,
        JobSpec {
            dataset: "one".into(),
            ..job(&[Detector::Vim])
        },
    );
    let mut fitting = Vec::new();
    let mut ended = 0;
    while ended < 2 {
        let event = engine.events.recv_timeout(std::time::Duration::from_secs(120));
        match event.unwrap() {
            JobEvent::Fitting { generation, done, .. } if generation == one => fitting.push(done),
            JobEvent::Finished { generation, .. } if [one, other].contains(&generation) => ended += 1,
            JobEvent::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    // 60 images in batches of 8, told once each.
    assert_eq!(fitting.last(), Some(&60));
    assert!(fitting.len() <= 9, "{fitting:?}");
}
