//! From the key that moves a detector's knob to the frame with the new histogram, ROC and metrics, of 2 × 20,000 images and
//! 5,000 fit images, in a pseudo-terminal: `cargo bench --bench knob_frames`. Budget: 100 ms.
//!
//! What is known of the images is written down before, so that none is passed through a network. `ODIN_BENCH_DETECTORS=knn,scale`
//! takes these alone.
#![allow(clippy::unwrap_used, reason = "what is measured is made here")]
#![allow(unreachable_pub, reason = "no other crate imports a benchmark")]
#[path = "../tests/support/mod.rs"]
mod support;
mod times;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use odin_core::networks::Architecture;
use odin_core::runs::evidence::{Disk, EvidenceKey, Kind};
use odin_core::setting::{Detector, Move, Setting, movement};
use portable_pty::CommandBuilder;
use support::terminal::Terminal;
use support::weights;
use times::say;

const IMAGES: u32 = 20_000;
const FIT: u32 = 5_000;
const STEPS: usize = 15;
/// Passed through the network, so that the engine says where the evidence lies.
const PASSED: u32 = 100;

/// A network with so many features and classes. What it computes is of no account.
struct Shape {
    name: &'static str,
    card: &'static str,
    architecture: Architecture,
    classes: usize,
    features: usize,
    kind: &'static str,
}

const SHAPES: [Shape; 2] = [
    Shape {
        name: "D = 342, C = 10",
        card: "{kind: densenet-bc, depth: 10, growth: 152}",
        architecture: Architecture::DensenetBc {
            depth: 10,
            growth: 152,
        },
        classes: 10,
        features: 342,
        kind: "cifar10",
    },
    Shape {
        name: "D = 512, C = 100",
        card: "{kind: wide-resnet, depth: 10, widen: 8}",
        architecture: Architecture::WideResnet { depth: 10, widen: 8 },
        classes: 100,
        features: 512,
        kind: "cifar100",
    },
];

/// Detectors with a knob that needs no pass, and that knob's place among its knobs.
fn detectors() -> Vec<(Detector, usize)> {
    let asked = std::env::var("ODIN_BENCH_DETECTORS").unwrap_or_default();
    let is_asked = |key: &str| asked.is_empty() || asked.split(',').any(|one| one == key);
    let all = Detector::ALL
        .into_iter()
        .filter(|detector| is_asked(detector.key()));
    let place = |detector: Detector| detector.knobs().iter().position(|knob| !knob.needs_pass);
    all.filter_map(|detector| Some((detector, place(detector)?)))
        .collect()
}

/// Numbers in [0, 1) that look random.
struct Noise(u64);

impl Noise {
    fn value(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
}

fn home(shape: &Shape) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for folder in ["models", "data", "sessions"] {
        std::fs::create_dir(home.path().join(folder)).unwrap();
    }
    let write = |path: &str, text: &str| std::fs::write(home.path().join(path), text).unwrap();
    let noise =
        |kind: &str| format!("source: {{format: {kind}, count: {IMAGES}, size: [32, 32], seed: 1}}\n");
    write(
        "data/own.yaml",
        &format!(
            "title: t\n{}train: {{format: cifar-binary, kind: {}, files: [train.bin]}}\n",
            noise("uniform"),
            shape.kind
        ),
    );
    write("data/other.yaml", &format!("title: t\n{}", noise("gaussian")));
    let coarse = usize::from(shape.kind == "cifar100");
    let record = |image: u32| {
        let label = (image as usize % shape.classes) as u8;
        // No two images are the same.
        let pixels = (0..3072).map(move |place| image.to_le_bytes()[place % 4]);
        vec![0; coarse].into_iter().chain([label]).chain(pixels)
    };
    let train: Vec<u8> = (0..FIT).flat_map(record).collect();
    std::fs::write(home.path().join("data/train.bin"), train).unwrap();
    write(
        "models/net.yaml",
        &format!(
            "title: t\narchitecture: {}\nclasses: {}\nweights: net.safetensors\nin_dataset: own\n\
             normalisation: {{mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}}\n",
            shape.card, shape.classes
        ),
    );
    weights::write_random(
        &shape.architecture,
        shape.classes,
        1,
        &home.path().join("models/net.safetensors"),
    );
    home
}

fn session(home: &Path, name: &str, detector: Detector, more: &str) {
    let text = format!(
        "version: 2\nname: {name}\ndefaults: {{temperature: 1, magnitude: 0, device: cpu}}\n\
         queues:\n  - {{name: q, jobs: [{{network: net, dataset: other, detector: {key}{more}}}]}}\n\
         view: {{detector: {key}}}\n",
        key = detector.key()
    );
    std::fs::write(home.join(format!("sessions/{name}.yaml")), text).unwrap();
}

/// Has a few images passed through the network, and writes down what is to be known of the others.
fn know(home: &Path, shape: &Shape) {
    let few = format!(", limit: {PASSED}, fit: {{limit: {PASSED}}}, knobs: {{k: 1}}");
    session(home, "few", Detector::Knn, &few);
    let mut command = Command::new(env!("CARGO_BIN_EXE_odin"));
    command
        .args(["run", "few"])
        .env("ODIN_HOME", home)
        .env_remove("ODIN_RUNS");
    let done = command.env_remove("CARGO").current_dir(home).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let runs = home.join("runs");
    let mut keys = 0;
    for entry in std::fs::read_dir(runs.join("evidence")).unwrap().flatten() {
        let Ok(text) = std::fs::read(entry.path().join("key.json")) else {
            continue;
        };
        let key: EvidenceKey = serde_json::from_slice(&text).unwrap();
        keys += 1;
        write(&runs, &key, shape, keys);
    }
    assert_eq!(keys, 3, "in-distribution images, others, and those of the fit");
}

fn write(runs: &Path, key: &EvidenceKey, shape: &Shape, seed: u64) {
    let mut noise = Noise(seed);
    let moved = movement(&Setting::new(Detector::AdascaleA)).unwrap();
    assert!(matches!(moved, Move::LeastGradient { .. }));
    let mut folder = Disk::new(runs, u64::MAX).folder(key).unwrap();
    let bytes = |row: &[f32]| {
        row.iter()
            .flat_map(|value| value.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    for first in (0..IMAGES).step_by(500) {
        let (mut logits, mut features, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for image in first..first + 500 {
            // As after a ReLU: many are 0, a few are large, and a class has its own.
            let class = image as usize % shape.classes;
            let row: Vec<f32> = (0..shape.features)
                .map(|place| {
                    let own = if place % shape.classes == class { 0.5 } else { 0.0 };
                    (noise.value() + own - 0.5).max(0.0) * (0.5 + noise.value())
                })
                .collect();
            let other: Vec<f32> = row
                .iter()
                .map(|h| (h + 0.1 * (noise.value() - 0.5)).max(0.0))
                .collect();
            let z: Vec<f32> = (0..shape.classes)
                .map(|c| 4.0 * noise.value() + if c == class { 3.0 } else { 0.0 })
                .collect();
            logits.push((image, bytes(&z)));
            features.push((image, bytes(&row)));
            others.push((image, bytes(&other)));
        }
        for (kind, rows) in [
            (Kind::Logits, logits),
            (Kind::Features, features),
            (Kind::Moved(moved), others),
        ] {
            let rows: Vec<(u32, &[u8])> = rows.iter().map(|(image, row)| (*image, row.as_slice())).collect();
            folder.append(kind, &rows).unwrap();
        }
    }
}

/// The line of the first knob, with its value.
fn slider(screen: &str) -> String {
    let line = screen
        .lines()
        .find(|line| line.starts_with('▸') && line.contains('├'));
    line.unwrap_or_default().to_owned()
}

/// The key that moves the knob away from the nearer end of its slider, where it could not go on.
fn towards_the_middle(slider: &str, step: usize) -> &'static str {
    let at = |sign: char| slider.chars().position(|c| c == sign).unwrap_or_default();
    match (2 * at('●') < at('├') + at('┤'), step.is_multiple_of(2)) {
        (true, true) => "l",
        (true, false) => "L",
        (false, true) => "h",
        (false, false) => "H",
    }
}

fn is_new(screen: &str, before: &str) -> bool {
    let slider = slider(screen);
    !slider.is_empty() && slider != before && !screen.contains("still at") && screen.contains("done")
}

fn steps(home: &Path, shape: &Shape, detector: Detector, place: usize) {
    session(home, "steps", detector, "");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_odin"));
    command.arg("steps");
    // All that the largest of the two networks' evidence comes to.
    command.env("ODIN_EVIDENCE_MEMORY", "2G");
    let mut terminal = Terminal::run(home, command, 60, 200);
    let first = terminal.time_until("the first scores", |s| {
        s.contains("done") && !slider(s).is_empty()
    });
    for _ in 0..place {
        terminal.send("\t");
        terminal.read_for(Duration::from_millis(100));
    }
    let mut times = Vec::new();
    for step in 0..STEPS {
        // Intervals, and what else comes after the frame, are not part of the next.
        while terminal.read_for(Duration::from_millis(700)) > 0 {}
        let before = slider(&terminal.text());
        terminal.send(towards_the_middle(&before, step));
        times.push(terminal.time_until("the new scores", |screen| is_new(screen, &before)));
    }
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
    let knob = detector.knobs()[place].key;
    say(&format!("{}: {detector} {knob}", shape.name), times);
    println!("    the first scores after {first:.2?}");
}

fn main() {
    for shape in &SHAPES {
        let home = home(shape);
        know(home.path(), shape);
        for (detector, place) in detectors() {
            steps(home.path(), shape, detector, place);
        }
    }
}
