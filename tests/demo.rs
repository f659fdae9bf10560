//! The demo that comes with the repository: its network, its data, its session.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::session::Session;
use odin_datasets::Dataset;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn size(path: &Path) -> u64 {
    if path.is_file() {
        return path.metadata().unwrap().len();
    }
    std::fs::read_dir(path)
        .unwrap()
        .map(|entry| size(&entry.unwrap().path()))
        .sum()
}

fn odin(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_odin"))
        .args(arguments)
        .env("ODIN_HOME", root())
        .env("ODIN_EVIDENCE_DISK", "0")
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn column(file: PathBuf, name: &str) -> Vec<f64> {
    let mut npz = npyz::npz::NpzArchive::open(file).unwrap();
    npz.by_name(name).unwrap().unwrap().into_vec().unwrap()
}

#[test]
fn everything_that_the_demo_session_names_is_here() {
    if support::engine().is_none() {
        return;
    }
    let home = Home::at(root());
    let session = Session::load(&home.sessions().join("demo.yaml")).unwrap();
    let specs = session.job_specs();
    assert!(specs.len() >= 4);
    for (_, _, spec) in specs {
        let card = NetworkCard::find(&spec.network, &home.model_folders()).unwrap();
        assert!(size(&card.weights_path()) <= 2_000_000);
        assert!(
            card.accuracy.unwrap() >= 0.925,
            "on the test images, as `odin train` measured it"
        );
        let (set, folder) = odin_datasets::find(&spec.dataset, &home.data_folders()).unwrap();
        assert!(Dataset::open(&set, &folder).unwrap().len() >= 2000);
    }
    // What is in the repository of data/: the demo's sets and the cards.
    let kept = [
        "fashion-mnist/t10k-images-idx3-ubyte.gz",
        "mnist-digits",
        "photo-crops",
    ];
    assert!(kept.iter().map(|part| size(&home.data().join(part))).sum::<u64>() <= 10_000_000);
}

#[test]
fn the_network_is_as_good_as_its_card_says() {
    if support::engine().is_none() {
        return;
    }
    let json = odin(&[
        "score",
        "--nn",
        "fashion-densenet",
        "--dataset",
        "Uniform",
        "--limit",
        "400",
        "--magnitude",
        "0",
        "--json",
    ]);
    let card = NetworkCard::find("fashion-densenet", &[root().join("models")]).unwrap();
    let (here, said) = (json["accuracy"].as_f64().unwrap(), card.accuracy.unwrap());
    assert!(
        (here - said).abs() < 0.05,
        "{here} on 400 images, and the card says {said}"
    );
}

#[test]
fn scores_are_those_of_plain_pytorch() {
    if support::engine().is_none() {
        return;
    }
    let text = std::fs::read_to_string(root().join("tests/fixtures/demo/scores.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= 4);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for case in cases {
        let (t, magnitude) = (case["temperature"].to_string(), case["magnitude"].to_string());
        odin(&[
            "score",
            "--nn",
            "fashion-densenet",
            "--dataset",
            "mnist-digits",
            "--order",
            "file",
            "--limit",
            "16",
            "--temperature",
            &t,
            "--magnitude",
            &magnitude,
            "--save",
            out,
            "--json",
        ]);
        for side in ["in", "out"] {
            for (ours, theirs) in [("log_odds", "odin"), ("baseline_log_odds", "baseline")] {
                let got = column(folder.path().join(format!("{side}.npz")), ours);
                let want: Vec<f64> = case[side][theirs]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|v| v.as_f64().unwrap())
                    .collect();
                assert_eq!(got.len(), want.len());
                for (got, want) in got.iter().zip(&want) {
                    assert!(
                        (got - want).abs() < 1e-4 * want.abs().max(1.0),
                        "T = {t}, ε = {magnitude}: {got} {want}"
                    );
                }
            }
        }
    }
}
