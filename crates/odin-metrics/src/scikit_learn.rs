//! The metrics against scikit-learn's, from tests/fixtures/make.py.
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::comparison::Comparison;
use crate::conventions::{AuprConvention, ErrorConvention, Positive};
use crate::naive;

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
fn every_metric_matches_under_every_convention() {
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
