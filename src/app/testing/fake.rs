//! For tests: a session of made-up jobs, and an engine that sends made-up scores for them.
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::app::{Action, Catalogue, Choice, Effect, GridRequest, Model, update};
use odin_core::comparisons::{JobBatch, JobCommand, JobEvent};
use odin_core::protocol::{
    Failure, FailureKind, Generation, Inspection, JobId, JobSpec, Pixels, ScoreTable, ScoredImage, Side,
};
use odin_core::session::Session;
use odin_core::setting::{Detector, Setting, parameters};
use odin_core::units::{Device, LogOdds};
use odin_datasets::Part;

pub const SESSION: &str = "\
version: 1
name: made-up
queues:
  - name: fashion
    jobs:
      - {network: fashion-densenet, dataset: mnist-digits}
      - {network: fashion-densenet, dataset: photo-crops}
      - {network: fashion-densenet, dataset: Uniform}
      - {network: fashion-densenet, dataset: Gaussian, temperature: 10, magnitude: 0}
";

pub fn model() -> Model {
    let session = Session::parse(SESSION, Path::new("made-up.yaml")).unwrap();
    Model::new(session, PathBuf::from("sessions/made-up.yaml"))
}

/// A model whose engine is up.
pub fn started() -> Model {
    let mut model = model();
    update(&mut model, Action::Start);
    let description = "CPU, 2 threads".to_owned();
    update(
        &mut model,
        Action::Engine(JobEvent::Ready {
            device: Device::Cpu,
            description,
        }),
    );
    model
}

/// Two networks and three sets, of which not all are on this machine.
pub fn catalogue() -> Catalogue {
    let choice = |name: &str, is_present| Choice {
        name: name.to_owned(),
        title: format!("the set or network {name}"),
        is_present,
    };
    Catalogue {
        networks: vec![choice("fashion-densenet", true), choice("densenet10", false)],
        sets: vec![
            choice("mnist-digits", true),
            choice("Uniform", true),
            choice("LSUN", false),
        ],
        ..Catalogue::default()
    }
}

/// A number in [0, 1) that depends on nothing but its arguments.
fn noise(a: u64, b: u64) -> f64 {
    let mut x = a.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ b.wrapping_mul(0xD1B5_4A32_D192_ED03) ^ 0x1234_5678;
    for _ in 0..3 {
        x ^= x >> 30;
        x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x ^= x >> 27;
    }
    (x >> 11) as f64 / (1u64 << 53) as f64
}

/// Roughly normal, with mean 0 and standard deviation 1.
fn normal(a: u64, b: u64) -> f64 {
    (0..6).map(|k| noise(a, b * 8 + k)).sum::<f64>() * 1.414 - 4.243
}

/// A made-up image's scores by every setting asked for.
pub fn image(spec: &JobSpec, side: Side, index: u32) -> (ScoredImage, Vec<f64>) {
    let salt = spec.dataset.len() as u64 * 2 + u64::from(side == Side::In);
    let z = normal(u64::from(index), salt);
    let (t, e) = spec.settings.perturbation();
    let (t, e) = (t.get(), e.get());
    // A larger T and some ε move the two sets apart; the scale shrinks with T as that of log-odds does.
    let apart = 1.2 + 0.25 * t.ln() + (200.0 * e - 90_000.0 * e * e).max(-1.0) * 2.0;
    let shift = if side == Side::In { apart } else { 0.0 };
    let scale = 4.0 / t;
    let right = noise(u64::from(index), 77) > 0.07;
    let score = |setting: &Setting| match setting.detector() {
        Detector::Baseline => 4.0 * (z + if side == Side::In { 2.0 } else { 0.4 }),
        Detector::Odin => -(9f64.ln()) * (1.0 - 1.0 / (1.0 + t / 50.0)).powi(2) + scale * (z + shift),
        Detector::MaxLogit => 10.0 + 2.0 * (z + shift),
        Detector::Energy => 10.0 + parameters(setting).0.get() * 0.01 + 1.8 * (z + shift),
        Detector::Entropy => 1.0 + z + 0.8 * shift,
        Detector::Gen => -4.0 + 0.5 * (z + 0.9 * shift),
        Detector::Knn => {
            // At the default k as those below. On some sets a larger k is better, on others a smaller one.
            let away = (setting.get("k").unwrap_or(50.0) / 50.0).ln();
            let better = if spec.dataset.len().is_multiple_of(2) {
                0.1
            } else {
                -0.1
            };
            z + shift * (1.0 + better * away)
        }
        _ => z + shift,
    };
    let image = ScoredImage {
        index,
        label: (side == Side::In).then_some((index % 10) as u16),
        prediction: ((index + u32::from(!right)) % 10) as u16,
    };
    (image, spec.settings.iter().map(score).collect())
}

pub fn batch(job: JobId, generation: Generation, spec: &JobSpec, side: Side, from: u32, n: u32) -> JobEvent {
    let mut scores = ScoreTable::new(spec.settings.clone());
    for (image, row) in (from..from + n).map(|index| image(spec, side, index)) {
        scores.push(image, &row);
    }
    JobEvent::Scored(JobBatch {
        job,
        generation,
        side,
        scores,
        from_cache: false,
    })
}

/// Lets the engine begin a job and score the images `from..to` of each of its two sets of `total`, a thousand a second.
pub fn feed(model: &mut Model, number: usize, from: u32, to: u32, total: usize) -> Vec<Effect> {
    let job = &model.jobs[number];
    let (id, generation, spec) = (job.id, job.generation, job.spec.clone());
    let mut effects = Vec::new();
    if from == 0 {
        let device = Device::Cpu;
        let started = JobEvent::Started {
            job: id,
            generation,
            devices: device.into(),
            total_in: total,
            total_out: total,
        };
        effects.extend(update(model, Action::Engine(started)));
    }
    let mut at = from;
    while at < to {
        let n = 50.min(to - at);
        let later = model.now + Duration::from_millis(u64::from(n));
        effects.extend(tick(model, later));
        for side in [Side::In, Side::Out] {
            effects.extend(update(
                model,
                Action::Engine(batch(id, generation, &spec, side, at, n)),
            ));
        }
        at += n;
    }
    if to as usize >= total {
        let finished = JobEvent::Finished {
            job: id,
            generation,
            seconds: 12.3,
        };
        effects.extend(update(model, Action::Engine(finished)));
    }
    effects
}

/// The selected job lacks a detector.
pub fn tell_missing(model: &mut Model, detector: Detector, why: &str) {
    let job = model.selected().expect("a job is selected");
    let missing = JobEvent::Missing {
        job: job.id,
        generation: job.generation,
        detectors: vec![(detector, why.to_owned())],
    };
    update(model, Action::Engine(missing));
}

fn tick(model: &mut Model, now: Duration) -> Vec<Effect> {
    let mut effects = update(model, Action::Tick(now));
    for effect in effects.clone() {
        match effect {
            Effect::ComputeIntervals(request) => {
                effects.extend(update(model, Action::Intervals(Box::new(request.compute()))));
            }
            effect @ Effect::ComputeGrid(_) => effects.extend(answer_cell(model, effect)),
            Effect::ComputeDetectors(request) => {
                effects.extend(update(
                    model,
                    Action::DetectorsReport(Box::new(request.compute())),
                ));
            }
            _ => {}
        }
    }
    effects
}

/// Lets time pass, and does what is due on the way; intervals are computed as requested.
pub fn wait(model: &mut Model, millis: u64) -> Vec<Effect> {
    let end = model.now + Duration::from_millis(millis);
    let mut all = Vec::new();
    for _ in 0..1000 {
        let next = model
            .next_tick()
            .filter(|next| *next <= end)
            .unwrap_or(end)
            .max(model.now);
        all.extend(tick(model, next));
        if next == end && model.next_tick().is_none_or(|next| next > end) {
            break;
        }
    }
    all
}

/// Answers every cell of the grid that the engine is asked for, and those it is asked for in turn, until there is none.
pub fn answer_cells(model: &mut Model, asked: Vec<Effect>) {
    let mut asked: VecDeque<Effect> = asked.into();
    while let Some(effect) = asked.pop_front() {
        asked.extend(answer_cell(model, effect));
    }
}

/// Tells of a cell that it has no scores, as an engine does: the others of its columns come all the same.
pub fn answer_missing(
    model: &mut Model,
    job: JobId,
    generation: Generation,
    spec: &JobSpec,
    why: &str,
) -> Vec<Effect> {
    let baseline = Setting::new(Detector::Baseline);
    let lacking = spec.settings.iter().map(Setting::detector);
    let missing = JobEvent::Missing {
        job,
        generation,
        detectors: lacking
            .filter(|detector| *detector != Detector::Baseline)
            .map(|detector| (detector, why.to_owned()))
            .collect(),
    };
    let spec = JobSpec {
        settings: [baseline].into_iter().collect(),
        ..spec.clone()
    };
    let mut events = cell_events(job, generation, &spec, 80);
    events.insert(1, missing);
    events
        .into_iter()
        .flat_map(|event| update(model, Action::Engine(event)))
        .collect()
}

/// Answers one effect: a request for a cell with made-up scores at its (T, ε), and one for a computation with its result.
/// Returns what is asked for then.
pub fn answer_cell(model: &mut Model, effect: Effect) -> Vec<Effect> {
    match effect {
        Effect::ComputeGrid(mut request) => {
            // Few, to be quick.
            match &mut request {
                GridRequest::Cell { replicates, .. } => *replicates = 60,
                GridRequest::Transfer(request) => request.replicates = 60,
                GridRequest::Best { .. } => {}
            }
            update(model, Action::GridReport(Box::new(request.compute())))
        }
        Effect::Engine(JobCommand::Score {
            job,
            generation,
            spec,
            ..
        }) if job.cell_number().is_some() => cell_events(job, generation, &spec, 80)
            .into_iter()
            .flat_map(|event| update(model, Action::Engine(event)))
            .collect(),
        _ => Vec::new(),
    }
}

/// What an engine says about a cell of sets of `total` images, of which the first are for validation. Where more than
/// `total` are, so many of the cell's images come, to be quick.
pub fn cell_events(job: JobId, generation: Generation, spec: &JobSpec, total: usize) -> Vec<JobEvent> {
    let total = spec.limit.unwrap_or(total).min(total);
    let (from, all) = match spec.part {
        Part::Whole => (0, total),
        Part::Validation(images) => (0, images),
        Part::Report(images) => (images as u32, total.checked_sub(images).unwrap_or(total)),
    };
    let n = all.min(total) as u32;
    let started = JobEvent::Started {
        job,
        generation,
        devices: Device::Cpu.into(),
        total_in: all,
        total_out: all,
    };
    let scored = [Side::In, Side::Out].map(|side| batch(job, generation, spec, side, from, n));
    let finished = JobEvent::Finished {
        job,
        generation,
        seconds: 1.0,
    };
    std::iter::once(started).chain(scored).chain([finished]).collect()
}

/// Answers one effect, if it asks for images, as an engine does: with made-up pictures and logits.
pub fn show_images(model: &mut Model, effect: Effect) -> Vec<Effect> {
    let picture = |side: u16, n: u32| Pixels {
        height: side,
        width: side,
        rgb: (0..u32::from(side).pow(2))
            .flat_map(|pixel| {
                let (x, y) = (pixel % u32::from(side), pixel / u32::from(side));
                [(n * 40) % 256, 8 * x % 256, 8 * y % 256].map(|value| value as u8)
            })
            .collect(),
    };
    let event = match effect {
        Effect::Engine(JobCommand::Thumbnails { job, images, .. }) => {
            let names = [
                "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker",
            ];
            let names = names.map(str::to_owned).to_vec();
            update(model, Action::Engine(JobEvent::Classes { job, names }));
            let images = images.into_iter().map(|image| match image.index % 7 {
                3 => {
                    let broken = format!("image {} is broken", image.index);
                    (image, Err(Failure::new(FailureKind::BadFile, broken)))
                }
                _ => (image, Ok(picture(32, image.index))),
            });
            JobEvent::Thumbnails {
                job,
                images: images.collect(),
            }
        }
        Effect::Engine(JobCommand::Inspect {
            job,
            spec,
            image: asked,
        }) => {
            let (scored, scores) = image(&spec, asked.side, asked.index);
            let by = |detector| {
                LogOdds(
                    spec.settings
                        .place(detector)
                        .map_or(f64::NAN, |place| scores[place]),
                )
            };
            let logits = |by: f32| (0..10).map(|class| (class as f32 - 4.5) * by).collect();
            JobEvent::Inspected {
                job,
                image: asked,
                result: Box::new(Ok(Inspection {
                    temperature: spec.settings.temperature(),
                    magnitude: spec.settings.magnitude(),
                    label: scored.label,
                    name: Some(format!("test/{}.png", asked.index)),
                    file: Some(format!("/sets/{}/test/{}.png", spec.dataset, asked.index)),
                    baseline: by(Detector::Baseline),
                    odin: by(Detector::Odin),
                    logits_before: logits(1.0),
                    logits_after: logits(1.1),
                    original: picture(32, asked.index),
                    perturbation: picture(32, asked.index + 1),
                    perturbed: picture(32, asked.index + 2),
                })),
            }
        }
        _ => return Vec::new(),
    };
    update(model, Action::Engine(event))
}
