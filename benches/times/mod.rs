//! How benchmarks tell of times.
use std::time::Duration;

/// A line: the median, what 99 of 100 stay below, and the most.
pub fn say(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!(
        "{what:<52} median {:>9.3?}  p99 {:>9.3?}  most {:>9.3?}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
