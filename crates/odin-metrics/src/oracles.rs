//! The metrics against those of scikit-learn and scipy: tests/fixtures/make.py and make_more.py.
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::calibration::{CALIBRATION_BINS, expected_calibration_error, risk_coverage};
use crate::comparison::Comparison;
use crate::conformal::{benjamini_hochberg, conformal_p_values, conformal_threshold};
use crate::conventions::{AuprConvention, ErrorConvention, Positive};
use crate::naive;
use crate::threshold_curve::autc;

#[derive(Deserialize)]
struct Case {
    name: String,
    r#in: Vec<String>,
    out: Vec<String>,
    expected: BTreeMap<String, f64>,
}

/// Scores are strings in the file because serde_json may read a number one unit in the last place off, which
/// unties ties.
fn numbers(texts: &[String]) -> Vec<f64> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn headline_metrics_are_scikit_learns_under_every_convention() {
    let text = include_str!("../tests/fixtures/scikit_learn.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert!(cases.len() >= 10);
    for case in cases {
        let comparison = Comparison::new(&numbers(&case.r#in), &numbers(&case.out)).unwrap();
        for conventions in naive::conventions() {
            let positive = match conventions.positive {
                Positive::InDistribution => "in",
                Positive::OutOfDistribution => "out",
            };
            let error = match conventions.error {
                ErrorConvention::Minimum => "minimum",
                ErrorConvention::AtTpr95 => "at_tpr95",
            };
            let aupr = match conventions.aupr {
                AuprConvention::Balanced => "balanced",
                AuprConvention::Counts => "counts",
            };
            let summary = comparison.summary(&conventions);
            for (key, got) in [
                (format!("fpr95_{positive}"), summary.fpr95),
                (format!("error_{error}_{positive}"), summary.detection_error),
                ("auroc".to_owned(), summary.auroc),
                (format!("aupr_in_{aupr}"), summary.aupr_in),
                (format!("aupr_out_{aupr}"), summary.aupr_out),
            ] {
                let want = case.expected[&key];
                assert!(
                    (got - want).abs() <= 1e-12,
                    "{}: {key} is {got}, not {want}",
                    case.name
                );
            }
        }
    }
}

#[derive(Deserialize)]
struct More {
    name: String,
    r#in: Vec<String>,
    out: Vec<String>,
    confidences: Vec<String>,
    correct: Vec<bool>,
    openood: OpenOodCase,
    autc: f64,
    ece: f64,
    selective: Selective,
    conformal: Conformal,
}

#[derive(Deserialize)]
struct OpenOodCase {
    fpr95: f64,
    auroc: f64,
    aupr_in: f64,
    aupr_out: f64,
    ccr: [Option<f64>; 4],
}

#[derive(Deserialize)]
struct Selective {
    aurc: f64,
    least: f64,
    aurc_trapezoid: f64,
}

#[derive(Deserialize)]
struct Conformal {
    rank: u64,
    range: [f64; 2],
    p_values: Vec<f64>,
    found: usize,
}

#[test]
fn further_metrics_are_those_of_their_definitions() {
    let cases: Vec<More> = serde_json::from_str(include_str!("../tests/fixtures/more.json")).unwrap();
    assert_eq!(cases.len(), 5);
    let mut trapezoids = 0.0_f64;
    for case in cases {
        let (ins, outs) = (numbers(&case.r#in), numbers(&case.out));
        let close = |what: &str, got: f64, want: f64| {
            assert!(
                (got - want).abs() <= 1e-12,
                "{}: {what} is {got}, not {want}",
                case.name
            );
        };
        let got = Comparison::with_correct(&ins, Some(&case.correct), &outs)
            .unwrap()
            .openood();
        close("FPR95", got.fpr95, case.openood.fpr95);
        close("AUROC", got.auroc, case.openood.auroc);
        close("AUPR-in", got.aupr_in, case.openood.aupr_in);
        close("AUPR-out", got.aupr_out, case.openood.aupr_out);
        for ((fpr, got), want) in got.ccr_at_fpr.unwrap().into_iter().zip(case.openood.ccr) {
            assert_eq!(got.is_some(), want.is_some(), "{}: CCR at {fpr}", case.name);
            close("CCR", got.unwrap_or(0.0), want.unwrap_or(0.0));
        }

        close("AUTC", autc(&ins, &outs).unwrap().unwrap(), case.autc);
        let confidences = numbers(&case.confidences);
        let ece = expected_calibration_error(&confidences, &case.correct, CALIBRATION_BINS).unwrap();
        close("ECE", ece, case.ece);
        let areas = risk_coverage(&confidences, &case.correct).unwrap();
        close("AURC", areas.aurc, case.selective.aurc);
        close("the least AURC", areas.least, case.selective.least);
        // Trapezoids lose half of the first and of the last risk, and gain the division by 1 − 1/n.
        let difference = (areas.aurc - case.selective.aurc_trapezoid).abs();
        assert!(
            difference < 1.0 / case.correct.len() as f64,
            "{}: {difference}",
            case.name
        );
        trapezoids = trapezoids.max(difference);

        let threshold = conformal_threshold(&ins, 0.95).unwrap();
        assert_eq!(threshold.rank, case.conformal.rank);
        close("the least TPR", threshold.tpr_range.low, case.conformal.range[0]);
        close(
            "the greatest TPR",
            threshold.tpr_range.high,
            case.conformal.range[1],
        );
        let p_values = conformal_p_values(&ins, &outs).unwrap();
        for (got, want) in p_values.iter().zip(&case.conformal.p_values) {
            close("a p-value", *got, *want);
        }
        let found = benjamini_hochberg(&p_values, 0.1)
            .iter()
            .filter(|found| **found)
            .count();
        assert_eq!(found, case.conformal.found, "{}", case.name);
    }
    println!("AURC by trapezoids differs by up to {trapezoids:.4}");
}
