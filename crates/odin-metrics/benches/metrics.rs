//! Times of the metrics on two score sets of each size, the least of a few rounds: `cargo bench --bench
//! metrics`.
#![allow(clippy::unwrap_used, reason = "the scores are made here")]
use std::hint::black_box;
use std::time::{Duration, Instant};

use odin_metrics::{Comparison, Conventions, Histogram, Side, Stream};

/// Scores that look random and are all but distinct: the fractional parts of multiples of an irrational
/// number, bent.
fn scores(n: usize, bend: f64) -> Vec<f64> {
    (1..=n)
        .map(|i| (i as f64 * 0.618_033_988_749_895).fract().powf(bend))
        .collect()
}

fn least<T>(rounds: usize, mut work: impl FnMut() -> T) -> Duration {
    let time = |work: &mut dyn FnMut() -> T| {
        let start = Instant::now();
        black_box(work());
        start.elapsed()
    };
    (0..rounds).map(|_| time(&mut work)).min().unwrap_or_default()
}

fn main() {
    let conventions = Conventions::default();
    for (n, rounds) in [(10_000, 50), (100_000, 10), (1_000_000, 3)] {
        let (ins, outs) = (scores(n, 0.3), scores(n, 1.1));
        let marks: Vec<bool> = (0..n).map(|i| i % 20 > 0).collect();
        let build = || Comparison::with_correct(&ins, Some(&marks), &outs).unwrap();
        let comparison = build();
        let mut stream = Stream::new();
        let fill = |stream: &mut Stream| {
            for ((&a, &mark), &b) in ins.iter().zip(&marks).zip(&outs) {
                stream.push(Side::In, a, Some(mark)).unwrap();
                stream.push(Side::Out, b, None).unwrap();
            }
        };
        fill(&mut stream);
        let histogram = || {
            let mut histogram = Histogram::new();
            for (&a, &b) in ins.iter().zip(&outs) {
                histogram.add(a, Side::In).unwrap();
                histogram.add(b, Side::Out).unwrap();
            }
            histogram
        };
        let filled = histogram();
        println!("2 x {n} scores");
        println!(
            "  sort and summary        {:>12.3?}",
            least(rounds, || build().summary(&conventions))
        );
        println!(
            "  summary alone           {:>12.3?}",
            least(rounds, || comparison.summary(&conventions))
        );
        println!(
            "  ROC of 400 points       {:>12.3?}",
            least(rounds, || comparison.roc_polyline(400))
        );
        println!(
            "  one operating point     {:>12.3?}",
            least(rounds, || comparison.at(black_box(0.7)))
        );
        println!(
            "  1000 replicates         {:>12.3?}",
            least(2, || comparison.intervals(&conventions, 1000, 0))
        );
        println!(
            "  filling a stream        {:>12.3?}",
            least(2, || fill(&mut Stream::new()))
        );
        println!(
            "  a snapshot of it        {:>12.3?}",
            least(rounds, || stream.snapshot(&conventions))
        );
        println!("  filling a histogram     {:>12.3?}", least(rounds, histogram));
        println!(
            "  60 columns of it        {:>12.3?}",
            least(rounds, || filled.densities(60))
        );
    }
}
