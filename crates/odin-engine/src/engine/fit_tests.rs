//! Detectors that look at features and are fitted, as users of the engine drive them.
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::program_tests::put;
use super::tests::{TestEngine, spec};
use super::*;
use odin_core::comparisons::{JobCommand, JobEvent};
use odin_core::protocol::{FitSample, FittedOn, JobId, JobSpec, Order, ScoreTable};
use odin_core::setting::{Detector, Setting, Settings, odin};
use odin_core::units::{Magnitude, Temperature};
use odin_datasets::Part;
use odin_detectors::Need;
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
    engine_of(5, if is_whole { 5 } else { 4 })
}

/// The same, with images of so many classes to score and to train on.
fn engine_of(classes: u32, to_train: u32) -> TestEngine {
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
    std::fs::write(data.join("test.bin"), images(40, 1, classes)).unwrap();
    std::fs::write(data.join("train.bin"), images(100, 2, to_train)).unwrap();
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
fn a_fit_of_which_some_images_are_known_goes_on_with_the_others() {
    let mut engine = engine(true);
    let of = |limit: usize| JobSpec {
        fit: FitSample {
            limit: NonZeroUsize::new(limit).unwrap(),
            ..FitSample::default()
        },
        ..job(&[Detector::Knn])
    };
    assert_eq!(run(&mut engine, of(40)).fitted_on.unwrap().images, 40);
    let more = run(&mut engine, of(70));
    assert_eq!(more.fitted_on.unwrap().images, 70);
    // Nobody is told the scores of training images.
    assert_eq!((more.ins.len(), more.outs.len()), (40, 40));
    let fresh = run(&mut self::engine(true), of(70));
    assert_eq!(
        bits_by(&more.ins, Detector::Knn),
        bits_by(&fresh.ins, Detector::Knn)
    );
}

fn bits_by(table: &ScoreTable, detector: Detector) -> Vec<u64> {
    let scores = table.of(detector).unwrap();
    scores.iter().map(|score| score.to_bits()).collect()
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

/// Goes on once it may.
fn gate() -> (impl Fn() + Send, Receiver<()>, Sender<()>) {
    let ((begun, begins), (open, opened)) = (channel(), channel());
    let before = move || {
        let _ = begun.send(());
        let _ = opened.recv();
    };
    (before, begins, open)
}

#[test]
fn while_fitted_detectors_score_other_requests_are_answered_and_the_newest_setting_wins() {
    let (before, begins, open) = gate();
    let mut engine = engine(true).again_held(before);
    let of = |k: f64| {
        let mut job = job(&[Detector::Knn]);
        job.settings
            .set(Setting::new(Detector::Knn).with("k", k).unwrap());
        job
    };
    let old = engine.ask(1, of(5.0));
    begins.recv_timeout(std::time::Duration::from_secs(120)).unwrap();
    // Fitted detectors are held up; a job on logits is scored, and told, to its end.
    let light = engine.ask(2, spec(1000.0, 0.002, Order::File));
    let scored = engine.finish(2, light).unwrap();
    assert_eq!(scored.iter().map(|batch| batch.scores.len()).sum::<usize>(), 80);
    // So is one on the same images.
    let same = JobSpec {
        settings: Settings::new(Temperature::PAPER, Magnitude::ZERO),
        ..of(5.0)
    };
    let same = engine.ask(3, same);
    assert!(engine.finish(3, same).is_ok());
    // The knob has moved before a score was told.
    let newest = engine.ask(1, of(3.0));
    // Commands are heard in turn: once this is answered, that one has been.
    let heard = engine.ask(2, spec(1.0, 0.0, Order::File));
    engine.finish(2, heard).unwrap();
    drop(open);
    let mut scored = [0, 0];
    loop {
        let event = engine.events.recv_timeout(std::time::Duration::from_secs(120));
        match event.unwrap() {
            JobEvent::Scored(batch) if batch.job.number() == 1 => {
                assert_ne!(batch.generation, old, "the old setting was given up");
                scored[usize::from(batch.side == Side::Out)] += batch.scores.len();
            }
            JobEvent::Finished { generation, .. } if generation == newest => break,
            JobEvent::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    assert_eq!(scored, [40, 40], "each image once");
    let fresh = run(&mut self::engine(true), of(3.0));
    assert_eq!(run(&mut engine, of(3.0)).bits(), fresh.bits());
}

#[test]
fn who_joins_a_set_that_is_being_scored_is_told_each_image_once() {
    let (before, begins, open) = gate();
    let mut engine = engine(true).again_held(before);
    let job = job(&[Detector::Knn]);
    let first = engine.ask(1, job.clone());
    begins.recv_timeout(std::time::Duration::from_secs(120)).unwrap();
    let second = engine.ask(2, job);
    let heard = engine.ask(3, spec(1.0, 0.0, Order::File));
    engine.finish(3, heard).unwrap();
    drop(open);
    let (mut ended, mut told) = (0, BTreeMap::<_, Vec<u32>>::new());
    while ended < 2 {
        let event = engine.events.recv_timeout(std::time::Duration::from_secs(120));
        match event.unwrap() {
            JobEvent::Scored(batch) if [first, second].contains(&batch.generation) => {
                let images = batch.scores.images().iter().map(|image| image.index);
                let side = batch.side == Side::Out;
                told.entry((batch.job.number(), side)).or_default().extend(images);
            }
            JobEvent::Finished { generation, .. } if [first, second].contains(&generation) => ended += 1,
            JobEvent::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    assert_eq!(told.len(), 4);
    for (who, mut images) in told {
        images.sort_unstable();
        assert_eq!(images, (0..40).collect::<Vec<u32>>(), "{who:?}");
    }
}

#[test]
fn what_was_stopped_is_the_same_to_the_bit_when_it_is_done() {
    let mut engine = engine(true);
    let want = run(&mut engine, job(&[Detector::Knn, Detector::Vim]));
    // All is known by now. What a person chooses while they score stops them between two blocks of images.
    let (before, begins, open) = gate();
    let mut engine = engine.again_held(before);
    let background = engine.ask(7, job(&[Detector::Knn, Detector::Vim]));
    begins.recv_timeout(std::time::Duration::from_secs(120)).unwrap();
    let chosen = engine.ask(8, job(&[Detector::Scale]));
    engine.tell(JobCommand::Prefer { job: JobId::Job(8) });
    loop {
        let event = engine.events.recv_timeout(std::time::Duration::from_secs(120));
        if matches!(event.unwrap(), JobEvent::Started { generation, .. } if generation == chosen) {
            break;
        }
    }
    let heard = engine.ask(9, spec(1.0, 0.0, Order::File));
    engine.finish(9, heard).unwrap();
    drop(open);
    let (mut order, mut all) = (Vec::new(), [ScoreTable::default(), ScoreTable::default()]);
    while order.len() < 2 {
        let event = engine.events.recv_timeout(std::time::Duration::from_secs(120));
        match event.unwrap() {
            JobEvent::Scored(batch) if batch.generation == background => {
                all[usize::from(batch.side == Side::Out)].append(batch.scores);
            }
            JobEvent::Finished { generation, .. } => order.push(generation),
            JobEvent::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    assert_eq!(order, [chosen, background]);
    for (table, want) in all.iter_mut().zip([&want.ins, &want.outs]) {
        table.sort();
        assert_eq!(table, want);
    }
}

#[test]
fn a_program_that_gives_features_lacks_only_what_needs_its_last_layer() {
    let mut engine = engine_of(3, 3);
    for name in ["dictionary", "nested"] {
        put(&engine, name, 3, 3);
        let all = JobSpec {
            network: name.to_owned(),
            part: Part::Report(8),
            ..job(&Detector::ALL)
        };
        let ran = run(&mut engine, all);
        for detector in Detector::ALL {
            let why = ran.missing.get(&detector);
            if detector.needs().contains(&Need::LastLayer) {
                let why = why.unwrap_or_else(|| panic!("{name}: {detector}"));
                assert!(why.contains("but not the last layer"), "{name}: {why}");
            } else if let Some(why) = why {
                // The program guesses few of the classes, and these need some of each.
                let is_of_guesses = [Detector::Openmax, Detector::She].contains(&detector);
                assert!(is_of_guesses && why.contains("none of class"), "{name}: {why}");
            } else {
                let scores = ran.ins.of(detector).unwrap();
                assert!(
                    scores.len() == 32 && scores.iter().all(|s| s.is_finite()),
                    "{detector}"
                );
            }
        }
    }
}
