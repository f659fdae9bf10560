//! `odin score` as its user runs it.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use odin_metrics::{Comparison, Conventions};
use serde_json::Value;
use support::home::TestHome;

const WHAT: [&str; 9] = [
    "score",
    "--nn",
    "small",
    "--dataset",
    "two",
    "--magnitude",
    "0.002",
    "--temperature",
    "100",
];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    WHAT.iter().copied().chain(more.iter().copied()).collect()
}

fn column(file: &std::path::Path, name: &str) -> Vec<f64> {
    let mut npz = npyz::npz::NpzArchive::open(file).unwrap();
    let array = npz.by_name(name).unwrap().unwrap();
    let dtype = array.dtype().descr();
    match dtype.as_str() {
        "'<f8'" => array.into_vec::<f64>().unwrap(),
        "'<i8'" => array
            .into_vec::<i64>()
            .unwrap()
            .into_iter()
            .map(|v| v as f64)
            .collect(),
        "'<i4'" => array
            .into_vec::<i32>()
            .unwrap()
            .into_iter()
            .map(f64::from)
            .collect(),
        other => panic!("{name}: {other}"),
    }
}

#[test]
fn json_and_saved_scores_agree() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    let json: Value = serde_json::from_str(&home.succeed(&with(&["--json", "--save", "out"]))).unwrap();
    for key in [
        "network",
        "weights",
        "in_dataset",
        "dataset",
        "device",
        "seconds",
        "images_per_second",
    ] {
        assert!(!json[key].is_null(), "{key}");
    }
    assert_eq!(
        (json["n_in"].as_u64(), json["n_out"].as_u64()),
        (Some(60), Some(60))
    );
    assert_eq!(
        (json["temperature"].as_f64(), json["magnitude"].as_f64()),
        (Some(100.0), Some(0.002))
    );
    assert!(json["accuracy"].is_null(), "noise has no labels");
    let saved: Value =
        serde_json::from_str(&std::fs::read_to_string(home.path().join("out/metrics.json")).unwrap())
            .unwrap();
    assert_eq!(saved, json);
    let of = |side: &str, name: &str| column(&home.path().join("out").join(side), name);
    assert_eq!(of("in.npz", "index"), (0..60).map(f64::from).collect::<Vec<_>>());
    assert!(of("in.npz", "label").iter().all(|&label| label == -1.0));
    for (detector, score) in [
        ("odin", "log_odds"),
        ("baseline", "max_softmax"),
        ("odin", "odin"),
    ] {
        let summary = Comparison::new(&of("in.npz", score), &of("out.npz", score))
            .unwrap()
            .summary(&Conventions::default());
        for (name, value) in [
            ("fpr95", summary.fpr95),
            ("detection_error", summary.detection_error),
            ("auroc", summary.auroc),
            ("aupr_in", summary.aupr_in),
            ("aupr_out", summary.aupr_out),
        ] {
            let told = json[detector][name].as_f64().unwrap();
            assert!(
                (told - value).abs() < 1e-9,
                "{detector} {name} from {score}: {told} {value}"
            );
            let interval = &json[detector][format!("{name}_ci")];
            let (low, high) = (
                interval["low"].as_f64().unwrap(),
                interval["high"].as_f64().unwrap(),
            );
            assert!(low <= told && told <= high);
        }
    }
}

#[test]
fn the_same_run_gives_the_same_scores() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    home.succeed(&with(&["--save", "first"]));
    home.succeed(&with(&["--save", "second", "--batch", "7"]));
    for side in ["in.npz", "out.npz"] {
        let first = column(&home.path().join("first").join(side), "log_odds");
        let second = column(&home.path().join("second").join(side), "log_odds");
        let off = first
            .iter()
            .zip(&second)
            .map(|(a, b)| ((a - b) / a).abs())
            .fold(0.0, f64::max);
        assert!(off <= 1e-5, "{off}");
    }
}

#[test]
fn temperature_1_without_perturbation_is_the_baseline() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    let text = home.succeed(&[
        "score",
        "--nn",
        "small",
        "--dataset",
        "two",
        "--magnitude",
        "0",
        "--temperature",
        "1",
        "--json",
    ]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["odin"], json["baseline"]);
}

#[test]
fn the_table_says_conventions_and_slices_count() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    let text = home.succeed(&with(&["--skip", "10", "--limit", "20", "--figures", "figures"]));
    assert!(
        text.contains("(20 images)") && text.contains("ID positive; least error; AUPR balanced"),
        "{text}"
    );
    assert!(
        home.path().join("figures/roc.png").exists() && home.path().join("figures/histogram.svg").exists()
    );
}

#[test]
fn what_cannot_be_scored_gets_one_clear_line() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    home.write(
        "models/torn.yaml",
        "title: x\narchitecture: {kind: densenet-bc, depth: 10, growth: 4}\n",
    );
    home.write("models/short.safetensors", "nothing");
    for (arguments, words) in [
        (
            vec!["score", "--nn", "smal", "--dataset", "two"],
            vec!["smal", "small"],
        ),
        (
            vec!["score", "--nn", "small", "--dataset", "tow"],
            vec!["tow", "two"],
        ),
        (
            vec!["score", "--nn", "torn", "--dataset", "two"],
            vec!["torn.yaml", "classes"],
        ),
        (with(&["--skip", "60"]), vec!["60 images", "skip"]),
        (
            with(&["--weights", "models/short.safetensors"]),
            vec!["short.safetensors"],
        ),
        (
            with(&["--weights", "nowhere.safetensors"]),
            vec!["nowhere.safetensors", "missing"],
        ),
        (with(&["--save", "models/small.yaml"]), vec!["models/small.yaml"]),
    ] {
        let error = home.refuse(&arguments);
        assert_eq!(error.lines().count(), 1, "{error}");
        for word in words {
            assert!(error.contains(word), "{arguments:?}: {error}");
        }
    }
    for bad in [
        ["--temperature", "0"],
        ["--magnitude", "-1"],
        ["--device", "gpu"],
        ["--batch", "0"],
    ] {
        let error = home.refuse(&[&WHAT[..5], &bad].concat());
        assert!(error.contains(bad[0]), "{error}");
    }
}

#[test]
fn list_and_doctor_show_what_there_is() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    let text = home.succeed(&["list"]);
    assert!(
        text.contains("small") && text.contains("one") && text.contains("present"),
        "{text}"
    );
    assert!(!home.succeed(&["list", "networks"]).contains("noise"));
    let report = home.succeed(&["doctor"]);
    assert!(
        report.contains("libtorch") && report.contains("every tensor there and finite"),
        "{report}"
    );
    let network = home.succeed(&["doctor", "small"]);
    assert!(network.contains("no labels"), "{network}");
}
