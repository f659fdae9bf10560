//! A simulation that holds the 95 % intervals to what they claim.
use crate::comparison::Comparison;
use crate::conventions::Conventions;
use crate::naive::{self, Source};

/// The truth of normal scores `d` deviations apart, 90 % of the ID images being classified correctly whatever their
/// score.
fn truth(d: f64) -> Vec<(&'static str, f64)> {
    let phi = naive::phi;
    let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    let (from, step, count) = (-9.0, 5e-3, 4_800_i32);
    let integral =
        |f: &dyn Fn(f64) -> f64| (0..count).map(|i| f(from + step * f64::from(i))).sum::<f64>() * step;
    // ID scores are d higher. Precision at a threshold x, seen by the ID set.
    let precision = |x: f64| phi(d - x) / (phi(d - x) + phi(-x)).max(1e-300);
    let aupr = integral(&|x| density(x - d) * precision(x));
    let auroc = phi(d / 2f64.sqrt());
    let ccr = |quantile: f64| 0.9 * phi(d - quantile);
    vec![
        ("FPR95", phi(1.644_853_627 - d)),
        ("error", phi(-0.5 * d)),
        ("AUROC", auroc),
        ("AUPR-in", aupr),
        ("AUPR-out", aupr),
        ("OSCR", 0.9 * auroc),
        ("CCR at 1 %", ccr(2.326_347_874)),
        ("CCR at 10 %", ccr(1.281_551_566)),
    ]
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    let mut source = Source::new(14);
    for (d, n, rounds) in [
        (1.5, 200, 600),
        (3.0, 200, 600),
        (4.5, 200, 600),
        (4.5, 1000, 200),
    ] {
        let truth = truth(d);
        let mut held = vec![0; truth.len()];
        for round in 0..rounds {
            let (ins, outs) = (source.scores(n, d, 0.0), source.scores(n, 0.0, 0.0));
            let marks = source.marks(n, 0.9);
            let intervals = Comparison::with_correct(&ins, Some(&marks), &outs)
                .unwrap()
                .intervals(&Conventions::default(), 100, round);
            let ccr = intervals.ccr_at_fpr.unwrap();
            let intervals = [
                intervals.fpr95,
                intervals.detection_error,
                intervals.auroc,
                intervals.aupr_in,
                intervals.aupr_out,
                intervals.oscr.unwrap(),
                ccr[2].1.unwrap(),
                ccr[3].1.unwrap(),
            ];
            for ((held, interval), (_, truth)) in held.iter_mut().zip(intervals).zip(&truth) {
                *held += u32::from(interval.contains(*truth));
            }
        }
        for ((name, truth), held) in truth.iter().zip(held) {
            let share = f64::from(held) / rounds as f64;
            println!("d = {d}, n = {n}: {name} {truth:.5} held {:.1} %", 100.0 * share);
            // Where fewer than 5 images are expected beyond a threshold, an interval that holds a rate 95 times in
            // 100 at worst holds it more often on average: the count is a whole number.
            let rarest = match *name {
                "FPR95" => truth.min(1.0 - truth),
                "CCR at 1 %" => truth.min(0.01),
                _ => 0.5,
            };
            let is_rare = n as f64 * rarest < 5.0;
            assert!(
                share >= 0.92 && (share <= 0.98 || is_rare),
                "d = {d}, n = {n}: {name} held {share}"
            );
        }
    }
}
