//! A run of a few steps on made-up images: it learns, it goes on after a stop as if there had been none.
use std::path::Path;

use tch::Device;

use super::*;
use odin_datasets::{Dataset, DatasetCard, Normalisation};

/// A CIFAR-10 file in which the class decides how bright the image is, and its card.
fn bright_classes(folder: &Path, images: usize) -> Dataset {
    let record = |i: usize| {
        let class = i % 10;
        let pixel = move |p: usize| (20 * class + (7 * p + 13 * i) % 31) as u8;
        std::iter::once(class as u8)
            .chain((0..3072).map(pixel))
            .collect::<Vec<u8>>()
    };
    let bytes: Vec<u8> = (0..images).flat_map(record).collect();
    std::fs::write(folder.join("train.bin"), bytes).unwrap();
    let card = folder.join("bright.yaml");
    let classes = (0..10).map(|c| format!("c{c}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "title: x\nsource: {{format: cifar-binary, kind: cifar10, files: [train.bin]}}\nclass_names: [{classes}]\n"
    );
    std::fs::write(&card, text).unwrap();
    Dataset::open(&DatasetCard::load(&card).unwrap(), folder).unwrap()
}

fn recipe(epochs: usize) -> Recipe {
    Recipe {
        epochs,
        batch: 8,
        learning_rate: 0.05,
        momentum: 0.9,
        weight_decay: 1e-4,
        schedule: Schedule::Cosine,
        flip: true,
        crop: 4,
        validation: 10,
        seed: 3,
        steps_per_epoch: None,
    }
}

const SMALL: [Architecture; 2] = [
    Architecture::DensenetBc { depth: 10, growth: 4 },
    Architecture::WideResnet { depth: 10, widen: 1 },
];

fn examples(folder: &Path) -> Examples {
    let set = bright_classes(folder, 50);
    Examples::read(&set, Normalisation::new([0.4; 3], [0.25; 3]).unwrap(), 10).unwrap()
}

fn digest(outcome: Outcome) -> String {
    outcome.best.unwrap().digest().unwrap()
}

#[test]
fn both_families_learn_from_cifar_files() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let examples = examples(folder.path());
    for architecture in SMALL {
        let checkpoint = folder.path().join(format!("{architecture}.training"));
        let mut losses = Vec::new();
        let mut observe = |progress| {
            if let Progress::Step { loss, .. } = progress {
                losses.push(loss);
            }
            ControlFlow::Continue(())
        };
        let done = train(
            architecture,
            10,
            &examples,
            &recipe(10),
            Device::Cpu,
            &checkpoint,
            &mut observe,
        )
        .unwrap();
        assert!(done.finished && done.best.is_some());
        assert_eq!(losses.len(), 50);
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        assert!(
            mean(&losses[45..]) < 0.8 * mean(&losses[..5]),
            "{architecture}: {losses:?}"
        );
    }
}

#[test]
fn a_run_that_was_stopped_ends_as_one_that_was_not() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let examples = examples(folder.path());
    let run = |name: &str, stop_after: usize| {
        let checkpoint = folder.path().join(name);
        let mut steps = 0;
        loop {
            let mut here = 0;
            let mut observe = |progress| {
                if matches!(progress, Progress::Step { .. }) {
                    here += 1;
                }
                if here >= stop_after {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            let done = train(
                SMALL[0],
                10,
                &examples,
                &recipe(2),
                Device::Cpu,
                &checkpoint,
                &mut observe,
            )
            .unwrap();
            steps += here;
            if done.finished {
                assert_eq!(steps, 10);
                return digest(done);
            }
        }
    };
    assert_eq!(run("whole", usize::MAX), run("in pieces", 3));
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let examples = examples(folder.path());
    let checkpoint = folder.path().join("run.training");
    let mut stop = |_| ControlFlow::Break(());
    train(
        SMALL[0],
        10,
        &examples,
        &recipe(2),
        Device::Cpu,
        &checkpoint,
        &mut stop,
    )
    .unwrap();
    let other = Recipe { seed: 4, ..recipe(2) };
    let error = train(
        SMALL[0],
        10,
        &examples,
        &other,
        Device::Cpu,
        &checkpoint,
        &mut stop,
    )
    .err()
    .unwrap();
    assert!(matches!(error, TrainingError::OtherRun { .. }), "{error}");
}

#[test]
fn recipes_that_cannot_work_are_refused() {
    let bad = [
        Recipe {
            epochs: 0,
            ..recipe(1)
        },
        Recipe {
            learning_rate: f64::NAN,
            ..recipe(1)
        },
        Recipe {
            validation: 50,
            ..recipe(1)
        },
        Recipe {
            batch: 1,
            ..recipe(1)
        },
    ];
    for recipe in bad {
        assert!(check(&recipe, 50).is_err(), "{recipe:?}");
    }
}

#[test]
fn held_out_images_are_never_trained_on() {
    let (train, validation) = split(100, 30, 7);
    assert_eq!((train.len(), validation.len()), (70, 30));
    assert!(train.iter().all(|i| !validation.contains(i)));
    assert_ne!(split(100, 30, 8).1, validation);
}
