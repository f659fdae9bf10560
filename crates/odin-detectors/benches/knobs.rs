//! Time from a knob's new value to the new scores of 2 × 20,000 images, detector by detector:
//! `cargo bench -p odin-detectors --bench knobs`, with the keys of detectors where not all are asked for.
//!
//! "first" is what the first setting takes: what no knob changes is computed then, and kept. "next" is the median and the
//! slowest of settings over the knob's range, after that. "CPU" is the median of the processor time of all threads, which
//! other work on the machine disturbs less.
#![allow(clippy::unwrap_used, reason = "the evidence is made here")]
use std::time::{Duration, Instant};

use odin_detectors::{Detector, Fitted, Knob, Setting};

#[path = "support/evidence.rs"]
mod evidence;

use evidence::{Evidence, Shape, processor_time};

/// As many fit images as a card takes by default.
const FIT: usize = 5_000;
const IMAGES: usize = 2 * 20_000;

/// Where a knob is moved to: over what its slider spans.
fn values(knob: &Knob, width: usize) -> Vec<f64> {
    let (low, high) = match knob.key {
        // Of so many features.
        "dimensions" => (1.0, width as f64 - 1.0),
        _ => knob.span,
    };
    let at = |step: i32| low + (high - low) * f64::from(step) / 10.0;
    let spread = (1..10).map(at).map(|value| match knob.key {
        "dimensions" | "k" | "tail" | "alpha" | "classes" if high > 1.0 => value.round(),
        _ => value,
    });
    spread.filter(|&value| knob.check(value).is_ok()).collect()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

fn main() {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    for (width, classes) in [(342, 10), (512, 100)] {
        let shape = Shape {
            images: IMAGES,
            fit: FIT,
            width,
            classes,
        };
        let evidence = Evidence::made(&shape);
        let (fit, prepared) = evidence.prepared();
        println!(
            "{IMAGES} images, {FIT} fit images, D = {width}, C = {classes}, {} threads; ms",
            rayon::current_num_threads()
        );
        println!(
            "{:28} {:>9} {:>9} {:>9} {:>9}",
            "", "first", "next", "slowest", "CPU"
        );
        for detector in Detector::ALL {
            if !asked.is_empty() && !asked.iter().any(|key| key == detector.key()) {
                continue;
            }
            let start = Instant::now();
            let fitted = Fitted::new(detector, &fit).unwrap();
            fitted.scores(&Setting::new(detector), &prepared).unwrap();
            let first = milliseconds(start.elapsed());
            let mut knobs = detector.knobs().iter().filter(|knob| !knob.needs_pass).peekable();
            if knobs.peek().is_none() {
                println!("{:28} {first:>9}", detector.key());
            }
            for knob in knobs {
                let (mut times, mut processor) = (Vec::new(), Vec::new());
                for value in values(knob, width) {
                    let Ok(setting) = Setting::new(detector).with(knob.key, value) else {
                        continue;
                    };
                    let (start, before) = (Instant::now(), processor_time());
                    // A percentile beyond the other one has no scores.
                    if fitted.scores(&setting, &prepared).is_ok() {
                        times.push(start.elapsed());
                        processor.push(processor_time() - before);
                    }
                }
                times.sort_unstable();
                processor.sort_unstable();
                println!(
                    "{:28} {first:>9} {:>9} {:>9} {:>9}",
                    format!("{} {}", detector.key(), knob.key),
                    milliseconds(times[times.len() / 2]),
                    milliseconds(times[times.len() - 1]),
                    milliseconds(processor[processor.len() / 2]),
                );
            }
        }
        println!();
        drop((fit, prepared));
    }
}
