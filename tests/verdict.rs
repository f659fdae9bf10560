//! `odin verdict` as its user runs it.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::home::TestHome;

const SESSION: &str = "version: 2\nname: tour\ndefaults: {magnitude: 0.002, temperature: 100, device: cpu}\nqueues:\n  \
                       - {name: first, jobs: [{network: small, dataset: two}]}\n";

fn home() -> TestHome {
    let home = TestHome::new();
    home.write("sessions/tour.yaml", SESSION);
    for (name, side) in [("a", 32), ("b", 32), ("large", 50)] {
        let paint = |x: u32, y: u32| image::Rgb([(x * 7) as u8, (y * 5) as u8, name.len() as u8 * 40]);
        image::RgbImage::from_fn(side, side, paint)
            .save(home.path().join(format!("{name}.png")))
            .unwrap();
    }
    home.write("torn.png", "no image");
    home
}

fn lines(text: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(text).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs it with the job of the session and these names on standard input.
fn piped(home: &TestHome, arguments: &[&str], names: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_odin"))
        .args(["verdict", "--session", "tour"])
        .args(arguments)
        .env("ODIN_HOME", home.path())
        .env_remove("ODIN_RUNS")
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, names) = (child.stdin.take().unwrap(), names.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&names));
    let output = child.wait_with_output().unwrap();
    // It may have ended before it read all of them.
    let _ = writer.join().unwrap();
    output
}

/// The score to the last bit, which reading JSON may lose.
fn score(line: &str) -> f64 {
    let (_, rest) = line.split_once("\"score\":").unwrap();
    rest.split([',', '}']).next().unwrap().parse().unwrap()
}

/// Different pictures by seed, in the format that the name says.
fn picture(path: &Path, seed: u32, side: u32) {
    let paint = |x: u32, y: u32| image::Rgb([(x * 7 + seed * 31) as u8, (y * 5) as u8, (x * y + seed) as u8]);
    image::RgbImage::from_fn(side, side, paint).save(path).unwrap();
}

#[test]
fn every_format_has_the_same_score_alone_and_among_others() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let names = [
        "0.png", "1.gif", "2.ppm", "cut.jpg", "3.bmp", "none.png", "4.webp", "5.png",
    ];
    let jpeg = include_bytes!("../crates/odin-datasets/src/fixtures/jpeg/420.jpg");
    std::fs::write(home.path().join("cut.jpg"), &jpeg[..jpeg.len() * 2 / 3]).unwrap();
    for (seed, name) in (0..).zip(names) {
        if !["cut.jpg", "none.png"].contains(&name) {
            picture(&home.path().join(name), seed, 32);
        }
    }
    let judge = |names: &[&str]| {
        let output = home.odin(&[&["verdict", "-s", "tour", "--threshold", "0"], names].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    let together = judge(&names);
    assert_eq!(together.lines().count(), names.len(), "{together}");
    for (line, name) in together.lines().zip(names) {
        match name {
            "cut.jpg" => assert!(
                line.contains("\"error\":\"the JPEG breaks off before its end\""),
                "{line}"
            ),
            "none.png" => assert!(line.contains("No such file"), "{line}"),
            _ => assert_eq!(line, judge(&[name]).trim_end()),
        }
        assert!(line.starts_with(&format!("{{\"image\":\"{name}\",")), "{line}");
    }
}

#[test]
fn scores_are_those_of_a_data_set_to_the_bit() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    home.write(
        "data/photos.yaml",
        "title: photos\nsource: {format: folder, path: photos}\npreprocessing: {resize: [32, 32]}\n",
    );
    std::fs::create_dir_all(home.path().join("data/photos")).unwrap();
    let mut names = Vec::new();
    for seed in 0..20 {
        let name = format!(
            "data/photos/{seed:02}.{}",
            ["png", "gif", "ppm"][seed as usize % 3]
        );
        picture(&home.path().join(&name), seed, 32 + 7 * (seed % 4));
        names.push(name);
    }
    let parameters = ["--temperature", "100", "--magnitude", "0.002", "--device", "cpu"];
    let asked = ["score", "--nn", "small", "--dataset", "photos", "--save", "saved"];
    home.succeed(&[&asked[..], &parameters].concat());
    let saved = std::fs::read(home.path().join("saved/out.npz")).unwrap();
    let saved = odin_core::runs::Scores::read(&saved).unwrap();
    let output = piped(&home, &["--threshold", "0"], names.join("\n").as_bytes());
    let told = String::from_utf8(output.stdout).unwrap();
    let bits = |scores: &[f64]| scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>();
    let scores: Vec<f64> = told.lines().map(score).collect();
    assert_eq!(scores.len(), 20);
    assert_eq!(bits(&scores), bits(&saved.odin));
}

#[test]
fn names_are_bytes() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let odd = OsStr::from_bytes(b"caf\xe9\n.png");
    std::fs::copy(home.path().join("a.png"), home.path().join(odd)).unwrap();
    std::fs::copy(
        home.path().join("a.png"),
        home.path().join(OsStr::from_bytes(b"caf\xe9.png")),
    )
    .unwrap();
    let told = lines(&piped(&home, &["--threshold", "0"], b"b.png\ncaf\xe9.png\r\n\nlarge.png").stdout);
    assert_eq!(told.len(), 3);
    assert_eq!(told[1]["image"], "caf\u{fffd}.png");
    assert_eq!(told[1]["image_hex"], "636166e92e706e67");
    assert!(told.iter().all(|line| line["verdict"].is_string()), "{told:?}");
    assert!(told[0]["image_hex"].is_null() && told[0]["p_value"].is_null());
    let told = lines(&piped(&home, &["--threshold", "0", "-0"], b"caf\xe9\n.png\0b.png\0").stdout);
    assert_eq!(
        (told[0]["score"].as_f64(), told.len()),
        (told[1]["score"].as_f64(), 2),
        "the same picture"
    );
    // What `find -print0` writes, without the option that reads it.
    let output = piped(&home, &["--threshold", "0"], b"a.png\0b.png\0");
    let told = lines(&output.stdout);
    assert!(told[0]["error"].as_str().unwrap().contains("--null"), "{told:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_detector_is_the_sessions_or_the_one_named() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    home.write(
        "sessions/energy.yaml",
        &format!("{SESSION}view: {{detector: energy}}\n"),
    );
    let judge = |arguments: &[&str]| {
        let output = home.odin(&[&["verdict", "a.png", "large.png", "-s"], arguments].concat());
        let promise = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{promise}");
        (lines(&output.stdout), promise)
    };
    let (told, promise) = judge(&["energy"]);
    assert_eq!(told[0]["detector"], "energy");
    assert!(
        told[0]["probability"].is_null() && promise.contains("small, energy"),
        "{promise}"
    );
    let mut scores = vec![told[0]["score"].as_f64().unwrap()];
    for key in ["odin", "baseline", "max-logit", "entropy", "gen"] {
        let (told, promise) = judge(&["energy", "--detector", key]);
        assert_eq!(told[0]["detector"], key);
        assert!(promise.contains("60 images of one reach"), "{promise}");
        scores.push(told[0]["score"].as_f64().unwrap());
        if key == "baseline" {
            let (probability, max_softmax) = (&told[0]["probability"], &told[0]["max_softmax"]);
            assert_eq!(probability, max_softmax);
        }
    }
    scores.sort_by(f64::total_cmp);
    scores.dedup();
    assert_eq!(scores.len(), 6, "each detector has its own scores");
    assert_eq!(judge(&["tour"]).0[0]["detector"], "odin");
    let of_job = SESSION.replace(
        "dataset: two}",
        "dataset: two, detector: gen, knobs: {gamma: 0.2}}",
    );
    home.write(
        "sessions/gen.yaml",
        &format!("{of_job}view: {{detector: energy}}\n"),
    );
    assert_eq!(
        judge(&["gen"]).0[0]["detector"],
        "gen",
        "the job's own comes first"
    );
    assert_eq!(judge(&["gen", "--detector", "odin"]).0[0]["detector"], "odin");
    let error = home.odin(&["verdict", "-s", "tour", "--detector", "magic", "a.png"]);
    assert!(String::from_utf8_lossy(&error.stderr).contains("max-logit"));
}

#[test]
fn thousands_of_names_come_back_in_their_order() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let names: Vec<&str> = (0..2500)
        .map(|n| match n {
            1500 => "torn.png",
            _ if n % 3 == 0 => "large.png",
            _ => "a.png",
        })
        .collect();
    let output = piped(
        &home,
        &["--threshold", "0", "--detector", "baseline"],
        names.join("\n").as_bytes(),
    );
    let told = lines(&output.stdout);
    assert_eq!(told.len(), names.len());
    for (line, name) in told.iter().zip(&names) {
        assert_eq!(line["image"], *name);
        assert_eq!(line["error"].is_string(), *name == "torn.png");
        let first = &told[names.iter().position(|other| other == name).unwrap()];
        assert_eq!(line["score"], first["score"]);
    }
}

#[test]
fn each_image_gets_a_line_in_its_place() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let output = home.odin(&[
        "verdict",
        "--session",
        "tour",
        "a.png",
        "torn.png",
        "large.png",
        "none.png",
        "b.png",
    ]);
    let told = lines(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "two images have no verdict");
    let names: Vec<_> = told.iter().map(|line| line["image"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.png", "torn.png", "large.png", "none.png", "b.png"]);
    for (line, is_verdict) in told.iter().zip([true, false, true, false, true]) {
        assert_eq!(line["verdict"].is_string(), is_verdict, "{line}");
        assert_eq!(line["error"].is_string(), !is_verdict, "{line}");
    }
    assert_eq!(told[2]["resized_from"], serde_json::json!([50, 50]));
    assert_eq!(told[0]["score"], told[4]["score"], "the same picture");
    // The threshold is the score that 95 % of the in-distribution images reach, and a run knows it as well.
    let threshold = told[0]["threshold"].as_f64().unwrap();
    home.succeed(&["run", "tour"]);
    let output = home.odin(&["verdict", "--session", "tour", "a.png"]);
    let again = lines(&output.stdout)[0]["threshold"].as_f64().unwrap();
    assert!(
        (threshold - again).abs() < 1e-4 * threshold.abs(),
        "{threshold} {again}"
    );
    let promise = String::from_utf8_lossy(&output.stderr).into_owned();
    // The 58th highest score of 60, so that a new image reaches it with a chance of 58 in 61.
    for words in [
        "small, ODIN (T = 100, ε = 0.002), run ",
        "96.7 % of 60 images of one",
        "of new ones, 95.1 % are",
    ] {
        assert!(promise.contains(words), "{promise} lacks {words}");
    }
    for line in told.iter().filter(|line| line["verdict"].is_string()) {
        let p_value = line["p_value"].as_f64().unwrap();
        assert!((1.0 / 61.0..=1.0).contains(&p_value), "{line}");
        let is_id = line["score"].as_f64() >= line["threshold"].as_f64();
        assert_eq!(line["verdict"] == "ID", is_id, "{line}");
    }
}

#[test]
fn paths_come_from_standard_input_and_the_threshold_may_be_given() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let output = piped(&home, &["--threshold", "-1e9"], b"a.png\nb.png\n");
    let told = lines(&output.stdout);
    assert!(output.status.success() && told.len() == 2 && told.iter().all(|line| line["verdict"] == "ID"));
    let out = home.succeed(&["verdict", "--session", "tour", "--threshold", "1e9", "a.png"]);
    assert!(out.contains("\"OOD\""), "{out}");
    for (arguments, word) in [
        (
            &["verdict", "--session", "tour", "--job", "7", "a.png"][..],
            "no job 7",
        ),
        (&["verdict", "--session", "none", "a.png"], "no session `none`"),
        (
            &["verdict", "--session", "tour", "--tpr", "2", "a.png"],
            "a share above 0",
        ),
    ] {
        let error = home.refuse(arguments);
        assert!(error.contains(word), "{error}");
    }
}

/// A session whose detector is KNN, fitted on a third set; `labelled` is that set with labels.
fn fitted_home() -> TestHome {
    let home = home();
    home.write(
        "data/training.yaml",
        "title: noise\nsource: {format: uniform, count: 80, size: [32, 32], seed: 3}\n",
    );
    home.write(
        "sessions/knn.yaml",
        &SESSION.replace(
            "dataset: two}",
            "dataset: two, detector: knn, knobs: {k: 5}, fit: {dataset: training, limit: 50}}",
        ),
    );
    home
}

fn judged(home: &TestHome, arguments: &[&str]) -> (Vec<Value>, String) {
    let output = home.odin(&[&["verdict"], arguments].concat());
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    (lines(&output.stdout), told)
}

#[test]
fn detectors_are_fitted_as_the_job_or_the_arguments_say() {
    if support::engine().is_none() {
        return;
    }
    let home = fitted_home();
    let (told, promise) = judged(&home, &["-s", "knn", "a.png", "large.png"]);
    assert_eq!(told[0]["detector"], "knn");
    assert_eq!(told[0]["rule"], serde_json::json!({"tpr": 0.95}));
    for words in [
        "KNN (k = 5)",
        "fitted on 50 images of training",
        "60 images of one",
    ] {
        assert!(promise.contains(words), "{promise} lacks {words}");
    }
    let score = |arguments: &[&str]| {
        let all = [&["-s", "knn", "--threshold", "0", "a.png"], arguments].concat();
        judged(&home, &all).0[0]["score"].as_f64().unwrap()
    };
    let own = told[0]["score"].as_f64().unwrap();
    assert_eq!(score(&[]), own);
    assert!(
        score(&["--knob", "k=1"]) > own,
        "the nearest is nearer than the fifth"
    );
    assert_ne!(score(&["--fit-limit", "20"]), own);
    // One that learns from labels is given other images than those that choose the threshold.
    let needs_labels = home.refuse(&["verdict", "-s", "knn", "--detector", "temp-scaling", "a.png"]);
    assert!(needs_labels.contains("label"), "{needs_labels}");
    let record =
        |image: u32| (0..3073).map(move |place| if place == 0 { image % 5 } else { image * place / 7 });
    let records: Vec<u8> = (0..40).flat_map(record).map(|value| value as u8).collect();
    std::fs::write(home.path().join("data/labelled.bin"), records).unwrap();
    home.write(
        "data/labelled.yaml",
        "title: labelled\nsource: {format: cifar-binary, kind: cifar10, files: [labelled.bin]}\n\
         class_names: [a, b, c, d, e]\n",
    );
    home.write(
        "sessions/labelled.yaml",
        &SESSION.replace(
            "dataset: two}",
            "dataset: two, in_dataset: labelled, detector: temp-scaling}",
        ),
    );
    let (told, promise) = judged(&home, &["-s", "labelled", "a.png"]);
    assert_eq!(told[0]["detector"], "temp-scaling");
    for words in ["learnt from 8 other images", "of 32 images of labelled"] {
        assert!(promise.contains(words), "{promise} lacks {words}");
    }
    for (arguments, words) in [
        (&["--detector", "vim", "--fit-dataset", "nowhere"][..], "nowhere"),
        (&["--detector", "mahalanobis"], "mahalanobis needs labels"),
        (&["--fit-dataset", "one"], "are reported too"),
        (&["--knob", "q=1"], "no knob `q`"),
        (&["--knob", "energy.temperature=2"], "scored by knn"),
        (&["--fpr", "0.05"], "--on"),
    ] {
        let error = home.refuse(&[&["verdict", "-s", "knn", "a.png", "b.png"], arguments].concat());
        assert!(error.contains(words), "{error} lacks {words}");
    }
    // Without training images there is none, before any line: also where a threshold is given.
    let missing = [
        "verdict",
        "-s",
        "tour",
        "--detector",
        "knn",
        "--threshold",
        "0",
        "a.png",
    ];
    let error = home.refuse(&missing);
    assert!(error.contains("knn needs training images"), "{error}");
}

#[test]
fn a_share_of_another_set_or_of_the_call_chooses_the_threshold() {
    if support::engine().is_none() {
        return;
    }
    let home = fitted_home();
    let images = ["a.png", "torn.png", "large.png", "b.png"];
    let ask = [
        &["verdict", "-s", "knn", "--fpr", "0.05", "--on", "two"],
        &images[..],
    ]
    .concat();
    let output = home.odin(&ask);
    assert_eq!(output.status.code(), Some(1), "one has no verdict");
    let promise = String::from_utf8_lossy(&output.stderr).into_owned();
    for words in [
        "3.3 % of 60 images of two reach",
        "4.9 % are expected",
        "60 images of one reach it",
    ] {
        assert!(promise.contains(words), "{promise} lacks {words}");
    }
    let told = lines(&output.stdout);
    assert_eq!(
        told[0]["rule"],
        serde_json::json!({"fpr": {"share": 0.05, "on": "two"}})
    );
    assert!(told[0]["p_value"].is_f64() && told[1]["error"].is_string());
    home.write(
        "data/few.yaml",
        "title: noise\nsource: {format: gaussian, count: 18, size: [32, 32], seed: 3}\n",
    );
    let error = home.refuse(&["verdict", "-s", "knn", "--fpr", "0.05", "--on", "few", "a.png"]);
    assert!(error.contains("18 images of few are too few"), "{error}");

    // At so high a rate the call's images, which look like no noise, may all be rejected.
    let ask = [&["verdict", "-s", "knn", "--fdr", "0.5"], &images[..]].concat();
    let output = home.odin(&ask);
    assert_eq!(output.status.code(), Some(1));
    let told = lines(&output.stdout);
    let names: Vec<_> = told.iter().map(|line| line["image"].as_str().unwrap()).collect();
    assert_eq!(names, images);
    let judged: Vec<&Value> = told.iter().filter(|line| line["verdict"].is_string()).collect();
    let p_values: Vec<f64> = judged
        .iter()
        .map(|line| line["p_value"].as_f64().unwrap())
        .collect();
    let rejected = odin_metrics::benjamini_hochberg(&p_values, 0.5);
    for (line, rejected) in judged.iter().zip(&rejected) {
        assert_eq!(line["verdict"] == "OOD", *rejected, "{line}");
        assert_eq!(line["rule"], serde_json::json!({"fdr": 0.5}));
    }
    let count = rejected.iter().filter(|rejected| **rejected).count();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains(&format!("{count} of 3 images are OOD")), "{told}");
}

#[test]
fn a_policy_judges_as_its_session_does_and_refuses_what_differs() {
    if support::engine().is_none() {
        return;
    }
    let home = fitted_home();
    let images = ["a.png", "large.png"];
    for rule in [&["--fpr", "0.1", "--on", "two"][..], &["--fdr", "0.5"]] {
        let written = home.succeed(&[&["verdict", "export", "policy.json", "-s", "knn"], rule].concat());
        assert_eq!(written.trim(), "policy.json");
        let (by_session, _) = judged(&home, &[&["-s", "knn"], rule, &images].concat());
        let (by_policy, _) = judged(&home, &[&["--policy", "policy.json"][..], &images].concat());
        assert_eq!(by_session, by_policy);
    }
    home.succeed(&[
        "verdict",
        "export",
        "policy.json",
        "-s",
        "knn",
        "--detector",
        "odin",
    ]);
    let odin = judged(&home, &["--policy", "policy.json", "a.png"]).0;
    assert_eq!(odin, judged(&home, &["-s", "tour", "a.png"]).0);
    home.succeed(&["verdict", "export", "policy.json", "-s", "knn"]);

    let path = home.path().join("policy.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let refused = |words: &str| {
        let error = home.refuse(&["verdict", "--policy", "policy.json", "a.png"]);
        assert_eq!(error.trim().lines().count(), 1, "{error}");
        assert!(error.contains(words), "{error} lacks {words}");
    };
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    refused("breaks off before its end");
    // What it was made with is another one by now.
    std::fs::write(&path, &text).unwrap();
    let differs = |file: &str, from: &str, to: &str, words: &str| {
        let file = home.path().join(file);
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, before.replace(from, to)).unwrap();
        refused(words);
        std::fs::write(&file, before).unwrap();
    };
    differs(
        "data/one.yaml",
        "seed: 1",
        "seed: 7",
        "in-distribution set one is not",
    );
    differs(
        "data/training.yaml",
        "seed: 3",
        "seed: 7",
        "fitted on 50 images of training",
    );
    differs(
        "data/training.yaml",
        "count: 80",
        "count: 40",
        "fitted on 40 images of training",
    );
    differs(
        "models/small.yaml",
        "mean: [0.5",
        "mean: [0.4",
        "normalisation differs",
    );
    judged(&home, &["--policy", "policy.json", "a.png"]);
    let architecture = odin_core::networks::Architecture::DensenetBc { depth: 10, growth: 4 };
    let weights = home.path().join("models/small.safetensors");
    support::weights::write_random(&architecture, 5, 2, &weights);
    refused("weights differ");
    for arguments in [
        &["--session", "tour"][..],
        &["--detector", "odin"],
        &["--fdr", "0.1"],
    ] {
        let error = home.refuse(&[&["verdict", "--policy", "policy.json", "a.png"], arguments].concat());
        assert!(error.contains("cannot be used with"), "{error}");
    }
    assert!(home.refuse(&["verdict", "a.png"]).contains("--session"));
}
