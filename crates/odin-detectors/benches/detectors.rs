//! Time to fit each detector and to score images by it, then to move a knob: `cargo bench -p odin-detectors`.
//!
//! With a folder, `cargo bench -p odin-detectors --bench detectors -- FOLDER`, the arrays are those in it, as
//! scripts/bench_detectors.py writes them for the other side: f32, row by row.
#![allow(clippy::unwrap_used, reason = "the evidence is made here")]
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use odin_detectors::{
    Detector, Fit, FitImages, Fitted, Images, Known, Labelled, LastLayer, Prepared, Rows, Setting,
};

const TEST: usize = 10_000;
const FIT: usize = 20_000;
const D: usize = 512;
const C: usize = 100;

/// Numbers that look random, between −1 and 1.
fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(next).collect()
}

struct Arrays {
    weight: Vec<f32>,
    fit_features: Vec<f32>,
    fit_labels: Vec<u16>,
    features: Vec<f32>,
}

fn made() -> Arrays {
    let centres = noise(C * D, 1);
    let features = |count: usize, seed: u64| -> Vec<f32> {
        let noise = noise(count * D, seed);
        noise
            .iter()
            .enumerate()
            .map(|(place, noise)| (centres[(place / D % C) * D + place % D] + 2.0 * noise).max(0.0))
            .collect()
    };
    Arrays {
        weight: centres.iter().map(|c| 0.2 * c).collect(),
        fit_features: features(FIT, 2),
        fit_labels: (0..FIT).map(|image| (image % C) as u16).collect(),
        features: features(TEST, 3),
    }
}

fn read(folder: &Path) -> Arrays {
    let floats = |name: &str| -> Vec<f32> {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    };
    Arrays {
        weight: floats("weight"),
        fit_features: floats("fit_features"),
        fit_labels: floats("fit_labels")
            .into_iter()
            .map(|label| label as u16)
            .collect(),
        features: floats("features"),
    }
}

/// W h of each image.
fn logits(weight: &[f32], features: &[f32]) -> Vec<f32> {
    let rows = features.chunks_exact(D);
    rows.flat_map(|h| {
        weight
            .chunks_exact(D)
            .map(move |w| w.iter().zip(h).map(|(w, h)| w * h).sum::<f32>())
    })
    .collect()
}

fn main() {
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let arrays = folder.map_or_else(made, |folder| read(Path::new(&folder)));
    let rows = |values: Vec<f32>, width| Rows::new("values", values, width).unwrap();
    let test_logits = rows(logits(&arrays.weight, &arrays.features), C);
    let fit_logits = rows(logits(&arrays.weight, &arrays.fit_features), C);
    let test = rows(arrays.features, D);
    let fit = rows(arrays.fit_features, D);
    let labels = Arc::new(arrays.fit_labels);
    let known = Known {
        last_layer: Some(LastLayer {
            weight: rows(arrays.weight, D),
            bias: vec![0.0; C],
        }),
        fit_images: Some(FitImages {
            logits: fit_logits.clone(),
            features: Some(fit.clone()),
            labels: Some(Arc::clone(&labels)),
            perturbed_features: Some(fit),
        }),
        validation: Some(Labelled {
            logits: fit_logits,
            labels,
        }),
    };
    let images = Images {
        logits: test_logits.clone(),
        features: Some(test.clone()),
        perturbed_logits: Some(test_logits),
        perturbed_features: Some(test),
    };
    let fit = Fit::new(known).unwrap();
    let mut prepared = Prepared::new(&fit);
    prepared.push(&images).unwrap();
    println!(
        "{TEST} images, {FIT} fit images, D = {D}, C = {C}, {} threads",
        rayon::current_num_threads()
    );
    println!("{:15} {:>9} {:>9} {:>9}", "", "fit", "score", "knob");
    let mut all = Duration::ZERO;
    let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    for detector in Detector::ALL {
        let start = Instant::now();
        let fitted = match Fitted::new(detector, &fit) {
            Ok(fitted) => fitted,
            Err(error) => {
                println!("{:15} {error}", detector.key());
                continue;
            }
        };
        let fitting = start.elapsed();
        let start = Instant::now();
        let setting = Setting::new(detector);
        fitted.scores(&setting, &prepared).unwrap();
        let scoring = start.elapsed();
        all += fitting + scoring;
        let knob = detector.knobs().iter().find(|knob| !knob.needs_pass);
        let moved = knob.map_or(String::new(), |knob| {
            // 0 dimensions mean half of them.
            let value = if knob.key == "dimensions" {
                100.0
            } else {
                knob.default - 0.01
            };
            let value = knob.check(value).unwrap_or(knob.default + 1.0);
            let setting = setting.with(knob.key, value).unwrap();
            let start = Instant::now();
            fitted.scores(&setting, &prepared).unwrap();
            milliseconds(start.elapsed())
        });
        println!(
            "{:15} {:>9} {:>9} {moved:>9}",
            detector.key(),
            milliseconds(fitting),
            milliseconds(scoring)
        );
    }
    println!("all: {:.2} s", all.as_secs_f64());
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find(|line| line.starts_with("VmHWM"));
        println!("{}", peak.unwrap_or_default());
    }
}
