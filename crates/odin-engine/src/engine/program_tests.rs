//! TorchScript programs with habits of their own, beside a sound network.
use std::time::Duration;

use super::Engine;
use super::tests::{TestEngine, side, spec};
use crate::networks::program_of_fixture;
use odin_core::comparisons::{JobCommand, JobEvent};
use odin_core::home::Home;
use odin_core::protocol::{
    Command, Event, Generation, ImageFiles, ImageId, JobId, JobSpec, Order, Placement, SetId, SetImages,
    SetRequest,
};
use odin_core::runs::evidence::Budget;
use odin_metrics::Side;

/// Puts the program and a card of its name among the networks.
pub(super) fn put(engine: &TestEngine, name: &str, classes: usize, channels: usize) {
    let models = engine.folder.path().join("models");
    std::fs::write(models.join(format!("{name}.pt")), program_of_fixture(name)).unwrap();
    let values = |value: f32| vec![value; channels];
    let card = format!(
        "title: {name}\narchitecture: {{kind: torchscript, input: [{channels}, 32, 32]}}\nclasses: {classes}\n\
         weights: {name}.pt\nin_dataset: one\nnormalisation: {{mean: {:?}, std: {:?}}}\n",
        values(0.5),
        values(0.25)
    );
    std::fs::write(models.join(format!("{name}.yaml")), card).unwrap();
}

fn of(name: &str, magnitude: f64) -> JobSpec {
    JobSpec {
        network: name.to_owned(),
        ..spec(1000.0, magnitude, Order::File)
    }
}

#[test]
fn a_program_without_a_gradient_fails_alone_and_scores_without_perturbation() {
    let mut engine = TestEngine::new();
    for name in ["no-grad", "own-gradient"] {
        put(&engine, name, 3, 3);
        let why = engine.score(of(name, 0.002)).unwrap_err();
        assert!(
            why.text.starts_with(name) && why.text.contains("only ε = 0 can be scored"),
            "{why}"
        );
        let scored = engine.score(of(name, 0.0)).unwrap();
        assert_eq!(scored.iter().map(|batch| batch.scores.len()).sum::<usize>(), 80);
        // Without a batch size it is measured, which takes no gradient either.
        assert!(
            engine
                .score(JobSpec {
                    batch: None,
                    limit: Some(4),
                    ..of(name, 0.0)
                })
                .is_ok()
        );
        assert!(engine.score(of("small", 0.002)).is_ok());
    }
    for (magnitude, is_shown) in [(0.0, true), (0.002, false)] {
        engine.tell(JobCommand::Inspect {
            job: JobId::Job(9),
            spec: of("no-grad", magnitude),
            image: ImageId {
                side: Side::Out,
                index: 0,
            },
        });
        let result = loop {
            if let JobEvent::Inspected { result, .. } =
                engine.events.recv_timeout(Duration::from_secs(60)).unwrap()
            {
                break result;
            }
        };
        match *result {
            Ok(seen) => assert!(is_shown && seen.perturbation.rgb.iter().all(|byte| *byte == 128)),
            Err(why) => assert!(!is_shown && why.text.contains("only ε = 0"), "{why}"),
        }
    }
}

#[test]
fn what_a_program_does_in_large_batches_fails_its_own_job() {
    let mut engine = TestEngine::new();
    for (name, telling) in [
        ("loses-gradient", "no gradient"),
        ("raises-later", "more than four is a crowd"),
        ("drops-images", "from 8 images"),
    ] {
        put(&engine, name, 3, 3);
        let why = engine.score(of(name, 0.002)).unwrap_err();
        assert!(why.text.contains(telling), "{name}: {why}");
        assert!(
            engine
                .score(JobSpec {
                    batch: Some(4),
                    ..of(name, 0.002)
                })
                .is_ok(),
            "{name}"
        );
        assert!(engine.score(of("small", 0.002)).is_ok());
    }
}

#[test]
fn probabilities_in_place_of_logits_are_told_once() {
    let mut engine = TestEngine::new();
    put(&engine, "softmax", 3, 3);
    for magnitude in [0.0, 0.001] {
        engine.score(of("softmax", magnitude)).unwrap();
    }
    let told = engine.warnings.lock().unwrap().clone();
    let [text] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert!(text.starts_with("softmax: it ends in a softmax"), "{text}");
}

#[test]
fn grey_and_single_logit_networks_are_scored() {
    let mut engine = TestEngine::new();
    for (name, classes, channels) in [
        ("grey", 3, 1),
        ("single", 2, 3),
        ("flat", 2, 3),
        ("in-place", 3, 3),
    ] {
        put(&engine, name, classes, channels);
        let scored = engine.score(of(name, 0.002)).unwrap();
        let all = [Side::In, Side::Out].map(|of| side(&scored, of)).concat();
        assert_eq!(all.len(), 80, "{name}");
        assert!(
            all.iter().all(|score| usize::from(score.prediction) < classes),
            "{name}"
        );
        assert!(all.iter().any(|score| score.odin != score.baseline), "{name}");
        // Signs that were kept unpack to what they were.
        let kept = engine.score(of(name, 0.004)).unwrap();
        assert_eq!(kept.iter().map(|batch| batch.scores.len()).sum::<usize>(), 80);
        engine.tell(JobCommand::Inspect {
            job: JobId::Job(9),
            spec: of(name, 0.002),
            image: ImageId {
                side: Side::Out,
                index: 3,
            },
        });
        let seen = loop {
            if let JobEvent::Inspected { result, .. } =
                engine.events.recv_timeout(Duration::from_secs(60)).unwrap()
            {
                break (*result).unwrap();
            }
        };
        let known = side(&scored, Side::Out);
        let known = known.iter().find(|score| score.index == 3).unwrap();
        assert!((seen.odin.0 - known.odin).abs() < 1e-4, "{name}");
    }
}

#[test]
fn a_networks_preprocessing_brings_images_to_size() {
    let mut engine = TestEngine::new();
    let large = || JobSpec {
        dataset: "large".to_owned(),
        ..spec(1000.0, 0.002, Order::File)
    };
    let why = engine.score(large()).unwrap_err();
    assert!(
        why.text.contains("80×80") && why.text.contains("`preprocessing: {resize: 32, crop: 32}`"),
        "{why}"
    );
    let card = engine.folder.path().join("models/small.yaml");
    let text = std::fs::read_to_string(&card).unwrap();
    std::fs::write(&card, format!("{text}preprocessing: {{resize: 32, crop: 32}}\n")).unwrap();
    let scored = engine.score(large()).unwrap();
    assert_eq!(scored.iter().map(|batch| batch.scores.len()).sum::<usize>(), 80);
    engine.tell(JobCommand::Inspect {
        job: JobId::Job(9),
        spec: large(),
        image: ImageId {
            side: Side::Out,
            index: 3,
        },
    });
    loop {
        if let JobEvent::Inspected { result, .. } =
            engine.events.recv_timeout(Duration::from_secs(60)).unwrap()
        {
            let seen = (*result).unwrap();
            break assert_eq!((seen.original.height, seen.original.width), (32, 32));
        }
    }
}

#[test]
fn a_file_that_the_network_fails_on_is_told_and_the_others_are_scored() {
    let home = TestEngine::new();
    put(&home, "picky", 3, 3);
    put(&home, "raises-later", 3, 3);
    let lights = [90u8, 0, 120, 255, 140, 1, 160, 100, 110, 130];
    let paths: Vec<_> = (0..)
        .zip(lights)
        .map(|(n, light): (u32, u8)| {
            let path = home.folder.path().join(format!("{n}.ppm"));
            let value = |i: u32| light.saturating_add((i * (n + 1) % 9) as u8);
            let content: Vec<u8> = b"P6 32 32 255\n"
                .iter()
                .copied()
                .chain((0..32 * 32 * 3).map(value))
                .collect();
            std::fs::write(&path, content).unwrap();
            path
        })
        .collect();
    let (sender, events) = std::sync::mpsc::channel();
    let emit = move |event| drop(sender.send(event));
    let engine = Engine::start(&Home::at(home.folder.path()), Budget::default(), emit).unwrap();
    let mut job = 0;
    let mut score = |name: &str, magnitude: f64| {
        job += 1;
        let set = SetId {
            job: JobId::Job(job),
            side: Side::Out,
        };
        let files = ImageFiles {
            paths: paths.clone(),
            like: None,
            resize: false,
        };
        engine.send(Command::Score {
            set,
            generation: Generation(1),
            placement: Placement::default(),
            request: Box::new(SetRequest {
                images: SetImages::Files(files),
                ..of(name, magnitude).set(Side::Out)
            }),
        });
        let (mut scored, mut failed) = (Vec::new(), Vec::new());
        loop {
            match events.recv_timeout(Duration::from_secs(60)).unwrap() {
                Event::Scored(batch) => scored.extend(batch.scores.images().iter().map(|image| image.index)),
                Event::Unreadable { files, .. } => failed.extend(files),
                Event::Finished { .. } => break,
                Event::Failed { reason, .. } => panic!("{reason}"),
                _ => {}
            }
        }
        scored.sort_unstable();
        failed.sort_unstable();
        (scored, failed)
    };
    for magnitude in [0.0, 0.002] {
        let (scored, failed) = score("picky", magnitude);
        assert_eq!(scored, [0, 2, 4, 6, 7, 8, 9], "{failed:?}");
        let [(1, dark), (3, bright), (5, _)] = failed.as_slice() else {
            panic!("{failed:?}")
        };
        assert!(dark.contains("too dark for me"), "{dark}");
        assert!(bright.contains("is not a number"), "{bright}");
        // What fails in large batches only is scored one by one.
        assert_eq!(score("raises-later", magnitude), ((0..10).collect(), Vec::new()));
    }
}
