//! Time to fit each detector and to score images by it: `cargo bench -p odin-detectors --bench detectors`. "CPU" is the
//! processor time of all threads, which other work on the machine disturbs less.
//!
//! With a folder, `cargo bench -p odin-detectors --bench detectors -- FOLDER`, the arrays are those in it, as
//! scripts/bench_detectors.py writes them for the other side: f32, row by row.
#![allow(clippy::unwrap_used, reason = "the evidence is made here")]
use std::path::Path;
use std::time::{Duration, Instant};

use odin_detectors::{Detector, Fitted, Setting};

#[path = "support/evidence.rs"]
mod evidence;

use evidence::{Evidence, Shape, most_memory, processor_time};

const SHAPE: Shape = Shape {
    images: 10_000,
    fit: 20_000,
    width: 512,
    classes: 100,
};

fn main() {
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let evidence = match folder {
        Some(folder) => Evidence::read(Path::new(&folder), SHAPE.width),
        None => Evidence::made(&SHAPE),
    };
    let (fit, prepared) = evidence.prepared();
    println!(
        "{} images, {} fit images, D = {}, C = {}, {} threads",
        SHAPE.images,
        SHAPE.fit,
        SHAPE.width,
        SHAPE.classes,
        rayon::current_num_threads()
    );
    println!("{:15} {:>12} {:>12} {:>12}", "", "fit", "score", "CPU");
    let (mut all, mut processor) = (Duration::ZERO, Duration::ZERO);
    let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    for detector in Detector::ALL {
        let (start, before) = (Instant::now(), processor_time());
        let fitted = match Fitted::new(detector, &fit) {
            Ok(fitted) => fitted,
            Err(error) => {
                println!("{:15} {error}", detector.key());
                continue;
            }
        };
        let fitting = start.elapsed();
        let start = Instant::now();
        fitted.scores(&Setting::new(detector), &prepared).unwrap();
        let scoring = start.elapsed();
        let computed = processor_time() - before;
        all += fitting + scoring;
        processor += computed;
        println!(
            "{:15} {:>12} {:>12} {:>12}",
            detector.key(),
            milliseconds(fitting),
            milliseconds(scoring),
            milliseconds(computed)
        );
    }
    println!(
        "all: {:.2} s, CPU: {:.2} s",
        all.as_secs_f64(),
        processor.as_secs_f64()
    );
    println!("{}", most_memory());
}
