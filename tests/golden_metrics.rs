//! The headline numbers of the ODIN paper, from the scores its authors' code wrote.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use odin_metrics::{Comparison, Conventions};
use std::path::Path;

/// The last of `T, ε, score` in each line.
fn scores(path: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| line.rsplit(',').next().unwrap().trim().parse().unwrap())
        .collect()
}

#[test]
fn the_baseline_of_the_original_log_comes_out() {
    let (Some(ins), Some(outs)) = (
        support::shared("data/golden/confidence_Base_In.txt"),
        support::shared("data/golden/confidence_Base_Out.txt"),
    ) else {
        return;
    };
    let summary = Comparison::new(&scores(&ins), &scores(&outs))
        .unwrap()
        .summary(&Conventions::default());
    assert_eq!((summary.n_in, summary.n_out), (9000, 9000));
    for (name, got, percent) in [
        ("FPR95", summary.fpr95, 34.70),
        ("detection error", summary.detection_error, 9.96),
        ("AUROC", summary.auroc, 95.30),
        ("AUPR-in", summary.aupr_in, 96.44),
        ("AUPR-out", summary.aupr_out, 93.80),
    ] {
        println!("{name}: {:.4} %", 100.0 * got);
        assert!(
            (100.0 * got - percent).abs() <= 0.005 + 1e-9,
            "{name} is {got}, not {percent} %"
        );
    }
}
