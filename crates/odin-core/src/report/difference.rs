//! By how much a detector's metrics differ from the baseline's on the same images.
use crate::runs::Scores;
use crate::session::Metric;
use odin_metrics::{Conventions, Interval, MetricsError, Paired, Resampling};

/// With fewer replicates, the least of them would be the end of an interval.
const FEWEST: usize = 40;

/// 95 % intervals of each metric's difference, ODIN minus baseline, as fractions: a percentile bootstrap whose replicates
/// draw the same images for both, so that what both share cancels out.
///
/// # Errors
/// A side without scores, or scores that are not numbers.
pub(super) fn differences(
    ins: &Scores,
    outs: &Scores,
    conventions: &Conventions,
    replicates: usize,
) -> Result<[Interval; Metric::ALL.len()], MetricsError> {
    let resampling = Resampling {
        replicates: replicates.max(FEWEST),
        in_groups: ins.group.as_deref(),
        out_groups: outs.group.as_deref(),
        ..Resampling::default()
    };
    let draw = |ins: &[f64], outs: &[f64]| Paired::resampled(ins, None, outs, &resampling);
    // Each takes about half a second of 9,000 + 9,000 images.
    let (baseline, odin) = std::thread::scope(|threads| {
        let baseline = threads.spawn(|| draw(&ins.baseline, &outs.baseline));
        let odin = draw(&ins.odin, &outs.odin);
        (baseline.join().expect("drawing does not panic"), odin)
    });
    let (baseline, odin) = (baseline?.replicates, odin?.replicates);
    let pairs: Vec<_> = baseline
        .iter()
        .zip(&odin)
        .map(|(baseline, odin)| (baseline.by(conventions), odin.by(conventions)))
        .collect();
    Ok(Metric::ALL.map(|metric| {
        let mut all: Vec<f64> = pairs
            .iter()
            .map(|(baseline, odin)| metric.of(odin) - metric.of(baseline))
            .collect();
        all.sort_unstable_by(f64::total_cmp);
        // As many replicates lie outside on each side.
        let outside = (0.025 * all.len() as f64) as usize;
        let [low, .., high] = all.get(outside..all.len() - outside).unwrap_or_default() else {
            unreachable!("of 40 replicates or more, most lie inside")
        };
        Interval {
            low: *low,
            high: *high,
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(baseline: &[f64], odin: &[f64]) -> Scores {
        let ids: Vec<i64> = (0..baseline.len() as i64).collect();
        Scores {
            label: vec![-1; ids.len()],
            prediction: vec![0; ids.len()],
            index: ids,
            baseline: baseline.to_vec(),
            odin: odin.to_vec(),
            group: None,
        }
    }

    #[test]
    fn a_difference_that_all_images_share_is_more_than_chance_and_none_is_exactly_none() {
        let wave = |step: f64, n: u32| -> Vec<f64> { (0..n).map(|i| (f64::from(i) * step).sin()).collect() };
        let (ins, outs) = (wave(1.7, 80), wave(2.3, 70));
        let raised: Vec<f64> = ins.iter().map(|score| score + 1.0).collect();
        let conventions = Conventions::default();
        let same = differences(&scores(&ins, &ins), &scores(&outs, &outs), &conventions, 100).unwrap();
        assert!(
            same.iter()
                .all(|interval| (interval.low, interval.high) == (0.0, 0.0))
        );
        let better = differences(&scores(&ins, &raised), &scores(&outs, &outs), &conventions, 100).unwrap();
        for (interval, metric) in better.iter().zip(Metric::ALL) {
            let leads = if metric.higher_is_better() {
                interval.low > 0.0
            } else {
                interval.high < 0.0
            };
            assert!(leads && interval.low < interval.high, "{metric}: {interval:?}");
        }
    }
}
