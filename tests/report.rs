//! `odin report` as its user runs it.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use odin_core::runs::Run;
use odin_metrics::Side;
use serde_json::Value;
use support::home::TestHome;

const SESSION: &str = "version: 2\nname: tour\ndefaults: {magnitude: 0.002, temperature: 100, device: cpu, order: file}\nqueues:\n  \
                       - name: first\n    jobs:\n      - {network: small, dataset: two}\n      \
                       - {network: small, dataset: three, sweep: {temperatures: [1, 100], magnitudes: 0:0.002:2, validation: 20}}\n";

/// A home whose in-distribution set has labels, with two runs.
fn home() -> TestHome {
    let home = TestHome::new();
    let bytes: Vec<u8> = (0..60u32)
        .flat_map(|image| {
            std::iter::once((image % 5) as u8)
                .chain((0..3072u32).map(move |i| ((i * 7 + image * 31) % 251) as u8))
        })
        .collect();
    std::fs::write(home.path().join("data/one.bin"), bytes).unwrap();
    home.write(
        "data/one.yaml",
        "title: labelled\nsource: {format: cifar-binary, kind: cifar10, files: [one.bin]}\nclass_names: [a, b, c, d, e]\n",
    );
    home.write(
        "data/three.yaml",
        "title: noise\nsource: {format: uniform, count: 50, size: [32, 32], seed: 3}\n",
    );
    let card = std::fs::read_to_string(home.path().join("models/small.yaml")).unwrap();
    let measures = "{fpr95: 34.7, detection_error: 10.0, auroc: 95.3, aupr_in: 96.4, aupr_out: 93.8}";
    home.write(
        "models/small.yaml",
        &format!(
            "{card}published:\n  source: a paper\n  temperature: 100\n  rows:\n    \
             - {{set: two, magnitude: 0.002, baseline: {measures}, odin: {measures}}}\n"
        ),
    );
    home.write("sessions/tour.yaml", SESSION);
    home.succeed(&["run", "tour"]);
    home
}

#[test]
fn tables_say_what_the_saved_scores_say_in_every_format() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let all: Value = serde_json::from_str(&home.succeed(&["report", "--format", "json"])).unwrap();
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 2);
    for told in all {
        let run = Run::open(std::path::Path::new(told["run"].as_str().unwrap())).unwrap();
        let (ins, outs) = (run.scores(Side::In).unwrap(), run.scores(Side::Out).unwrap());
        for (detector, ins, outs) in [
            ("odin", &ins.odin, &outs.odin),
            ("baseline", &ins.baseline, &outs.baseline),
        ] {
            // By the definition: the share of pairs in which the ID image scores higher, ties half.
            let pair = |(a, b): (&f64, &f64)| {
                if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                }
            };
            let sum: f64 = ins
                .iter()
                .flat_map(|a| outs.iter().map(move |b| pair((a, b))))
                .sum();
            let auroc = sum / (ins.len() * outs.len()) as f64;
            assert!((told[detector]["auroc"].as_f64().unwrap() - auroc).abs() < 1e-12);
            let mut sorted = ins.clone();
            sorted.sort_by(f64::total_cmp);
            let threshold = sorted[ins.len() - (0.95 * ins.len() as f64).ceil() as usize];
            let fpr = outs.iter().filter(|score| **score >= threshold).count() as f64 / outs.len() as f64;
            assert!((told[detector]["fpr95"].as_f64().unwrap() - fpr).abs() < 1e-12);
        }
        assert!(told["odin"]["auroc_ci"]["low"].as_f64() <= told["odin"]["auroc"].as_f64());
        assert!(told["accuracy"].is_number() && told["odin"]["ccr_at_fpr"]["0.1"].is_number());
    }
    let two = all.iter().find(|told| told["dataset"] == "two").unwrap();
    assert_eq!(two["published"]["row"]["odin"]["auroc"], 0.953);
    assert_eq!(
        all.iter().find(|told| told["dataset"] == "three").unwrap()["grid"]["cells"]
            .as_array()
            .unwrap()
            .len(),
        4
    );

    let auroc = 100.0 * two["odin"]["auroc"].as_f64().unwrap();
    // Bold where the difference is more than chance.
    let is_better = two["difference_ci"]["auroc"]["low"].as_f64().unwrap() > 0.0;
    let bold = |before: &str, after: &str| match is_better {
        true => format!("{before}{auroc:.2}{after}"),
        false => format!("/ {auroc:.2}"),
    };
    for (format, number, published) in [
        ("table", format!("{auroc:.1}"), "95.3/ 95.3"),
        ("md", bold("**", "**"), "95.3 / 95.3"),
        ("latex", format!("{auroc:.1}"), "\\textit{95.3 / 95.3}"),
        ("csv", two["odin"]["auroc"].to_string(), ",0.953,"),
        ("html", bold("<b>", "</b>"), "<td>95.3 / 95.3</td>"),
    ] {
        let text = home.succeed(&["report", "--format", format]);
        assert!(
            text.contains(&number) && text.contains(published),
            "{format} {number}: {text}"
        );
        assert!(
            format == "csv" || text.contains("ID positive, least error"),
            "{text}"
        );
    }
    let text = home.succeed(&["report"]);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let other = home.succeed(&[
        "report",
        "--positive",
        "out",
        "--aupr",
        "counts",
        "--error",
        "at-tpr95",
    ]);
    let other = other.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        other.contains("OOD positive, error at TPR 95, AUPR by counts"),
        "{other}"
    );
}

#[test]
fn rows_say_what_was_tuned_and_published_numbers_stand_beside_the_same_setting_only() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let all: Value = serde_json::from_str(&home.succeed(&["report", "--format", "json"])).unwrap();
    let of = |set: &str| {
        let all = all.as_array().unwrap().iter();
        all.clone().find(|told| told["dataset"] == set).unwrap().clone()
    };
    let (two, three) = (of("two"), of("three"));
    assert_eq!((&two["tuned_on"], &two["skip"]), (&Value::Null, &Value::from(0)));
    assert_eq!(
        (&three["tuned_on"], &three["skip"]),
        (&Value::from("validation"), &Value::from(20))
    );
    let text = home.succeed(&["report"]);
    assert!(text.contains("three †") && text.contains("skip 20"), "{text}");
    assert!(text.contains("chosen on 20 validation images"), "{text}");

    let card = home.path().join("models/small.yaml");
    let written = std::fs::read_to_string(&card).unwrap();
    for (from, to, remains) in [
        ("temperature: 100\n", "temperature: 10\n", "95.3 / —"),
        ("source: a paper\n", "source: a paper\n  weights: another\n", ""),
        ("source: a paper\n", "source: a paper\n  skip: 10\n", ""),
        ("set: two", "set: three", ""),
    ] {
        std::fs::write(&card, written.replace(from, to)).unwrap();
        let table = home.succeed(&["report", "small_two", "--format", "md"]);
        assert_eq!(table.contains("published"), !remains.is_empty(), "{to}: {table}");
        assert!(table.contains(remains), "{to}: {table}");
    }
}

#[test]
fn the_page_needs_no_other_file() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    home.succeed(&["report", "--format", "html", "--out", "page.html"]);
    let page = std::fs::read_to_string(home.path().join("page.html")).unwrap();
    assert_eq!(
        page.matches("<svg").count(),
        3 + 4 + 2,
        "histogram, ROC, CCR; a heat map; two of both sets together"
    );
    for outside in [
        "src=", "href=", "url(", "@import", "<script", "http://", "https://",
    ] {
        let inside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!inside.contains(outside), "{outside}");
    }
    assert!(page.trim_end().ends_with("</html>") && page.contains("BLAKE3"));
}

#[test]
fn figures_are_written_for_each_run_and_for_all_together() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    home.succeed(&["report", "--figures", "figures"]);
    let mut names: Vec<String> = std::fs::read_dir(home.path().join("figures"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 3 * 9, "{names:?}");
    for kind in [
        "_heat.png",
        "small_one_roc.svg",
        "small_one_ccr.png",
        "_histogram.svg",
    ] {
        assert!(names.iter().any(|name| name.ends_with(kind)), "{kind}: {names:?}");
    }
    let single = home.succeed(&["report", "small_two", "--figures", "single"]);
    assert!(single.contains("two") && !single.contains("three"), "{single}");
    assert!(home.path().join("single/roc.svg").exists());
}

#[test]
fn scores_come_as_the_older_programs_wrote_them() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    home.succeed(&["report", "small_two", "--format", "txt", "--out", "txt"]);
    let text = std::fs::read_to_string(home.path().join("txt/confidence_Our_Out.txt")).unwrap();
    let (lines, first) = (text.lines().count(), text.lines().next().unwrap());
    let parts: Vec<f64> = first.split(", ").map(|part| part.parse().unwrap()).collect();
    assert_eq!((lines, parts[0], parts[1]), (60, 100.0, 0.002));
    let told = home.succeed(&["report", "small_two", "--format", "npy", "--out", "npy"]);
    assert!(told.contains("small_odin_confidence_ind_one.npy"), "{told}");
    let bytes = std::fs::read(home.path().join("npy/small_odin_confidence_ood_two.npy")).unwrap();
    assert!(bytes.starts_with(b"\x93NUMPY\x01\x00") && bytes.ends_with(b"."));
    home.succeed(&["report", "small_two", "--format", "npz", "--out", "npz"]);
    let mut npz = npyz::npz::NpzArchive::open(home.path().join("npz/scores.npz")).unwrap();
    let odin: Vec<f64> = npz.by_name("out_odin").unwrap().unwrap().into_vec().unwrap();
    assert_eq!(odin[0], parts[2]);
    assert!(
        home.refuse(&["report", "small_two", "--format", "npz"])
            .contains("--out")
    );
}

#[test]
fn what_odin_score_saved_and_what_lies_elsewhere_is_reported_too() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let arguments = "score --nn small --dataset two --magnitude 0.002 --temperature 100 --save saved";
    home.succeed(&arguments.split(' ').collect::<Vec<_>>());
    assert!(home.succeed(&["report", "saved"]).contains("two"));
    let elsewhere = tempfile::tempdir().unwrap();
    let copied = elsewhere.path().join("copy");
    std::fs::rename(home.path().join("saved"), &copied).unwrap();
    assert!(
        home.succeed(&["report", copied.to_str().unwrap()])
            .contains("two")
    );
    assert!(home.refuse(&["report", "nothing"]).contains("odin list runs"));
    assert!(home.refuse(&["report", "small"]).contains("start of 2 names"));
    assert!(
        home.refuse(&["report", "--session", "x"])
            .contains("no finished run")
    );
}

#[test]
fn a_report_of_saved_scores_says_what_scikit_learn_says() {
    if support::engine().is_none() {
        return;
    }
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/report");
    let home = TestHome::new();
    let told = home.succeed(&["report", fixture.to_str().unwrap(), "--format", "json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let expected = std::fs::read(fixture.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    for detector in ["odin", "baseline"] {
        for (metric, value) in expected[detector].as_object().unwrap() {
            let (a, b) = (
                told[0][detector][metric].as_f64().unwrap(),
                value.as_f64().unwrap(),
            );
            assert!((a - b).abs() < 1e-12, "{detector} {metric}: {a} {b}");
        }
    }
    assert_eq!(told[0]["accuracy"], expected["accuracy"]);
    assert_eq!(
        (told[0]["n_in"].as_u64(), told[0]["n_out"].as_u64()),
        (Some(300), Some(200))
    );
}

/// A home whose in-distribution set has a sample of training images, and a session of two sets.
fn home_with_fit() -> TestHome {
    let home = home();
    let bytes: Vec<u8> = (0..50u32)
        .flat_map(|image| {
            std::iter::once((image % 5) as u8)
                .chain((0..3072u32).map(move |i| ((i * 5 + image * 37) % 249) as u8))
        })
        .collect();
    std::fs::write(home.path().join("data/fit.bin"), bytes).unwrap();
    let append = |path: &str, more: &str| {
        let text = std::fs::read_to_string(home.path().join(path)).unwrap();
        home.write(path, &format!("{text}{more}"));
    };
    append(
        "data/one.yaml",
        "fit: {format: cifar-binary, kind: cifar10, files: [fit.bin]}\n",
    );
    append("models/small.yaml", "near: [two]\nfar: [three]\n");
    home.write(
        "sessions/pair.yaml",
        "version: 2\nname: pair\ndefaults: {magnitude: 0.001, temperature: 100, device: cpu}\nqueues:\n  - name: first\n    jobs:\n      \
         - {network: small, dataset: two, knobs: {energy: {temperature: 3}}}\n      - {network: small, dataset: three, knobs: {energy: {temperature: 3}}}\n",
    );
    home
}

#[test]
fn runs_with_other_detectors_knobs_or_fits_are_other_runs() {
    if support::engine().is_none() {
        return;
    }
    let home = home_with_fit();
    let run = |more: &[&str]| -> Vec<Value> {
        let arguments = [&["run", "pair", "--json"][..], more].concat();
        serde_json::from_str(&home.succeed(&arguments)).unwrap()
    };
    let detectors = ["--detectors", "knn,energy,temp-scaling", "--knob", "k=5"];
    let first = run(&detectors);
    let metrics = &first[0]["metrics"];
    let by = &metrics["detectors"];
    assert_eq!(by["knn"]["knobs"]["k"], 5.0);
    assert_eq!(by["energy"]["knobs"]["temperature"], 3.0, "the session's");
    assert!(
        by["temp-scaling"]["missing"]
            .as_str()
            .unwrap()
            .contains("--validation")
    );
    assert_eq!(metrics["fit"]["dataset"], "one (training sample)");
    assert_eq!(metrics["fit"]["images"], 50);
    let folder = |told: &Value| told["folder"].as_str().unwrap().to_owned();
    let opened = Run::open(std::path::Path::new(&folder(&first[0]))).unwrap();
    let columns = opened.scores_by_detector(Side::In).unwrap().1;
    assert_eq!(columns.len(), 4, "with ODIN and the baseline");
    let identity = opened.manifest.unwrap().identity;
    assert_eq!(identity.fit.unwrap().limit, 5000);
    // In whichever order they are named.
    let again = run(&["--detectors", "temp-scaling,energy,knn", "--knob", "knn.k=5"]);
    assert_eq!(again[0]["state"], "was finished");
    let dry = |more: &[&str]| home.succeed(&[&["run", "pair", "--dry-run"][..], more].concat());
    let with = |more: &[&'static str]| [&detectors[..], more].concat();
    for other in [
        vec!["--detectors", "knn,energy,temp-scaling", "--knob", "k=6"],
        vec!["--detectors", "knn,energy", "--knob", "k=5"],
        with(&["--fit-limit", "20"]),
        with(&["--fit-seed", "1"]),
        with(&["--validation", "10"]),
        Vec::new(),
    ] {
        assert_eq!(dry(&other).matches("to do").count(), 2, "{other:?}");
    }
    assert_eq!(dry(&detectors).matches("finished: ").count(), 2);
    let plain = run(&[]);
    assert_ne!(folder(&plain[0]), folder(&first[0]));
    assert!(plain[0]["metrics"]["detectors"].is_null());
    let set_aside = run(&with(&["--validation", "10"]));
    assert!(set_aside[0]["metrics"]["detectors"]["temp-scaling"]["auroc"].is_f64());
    assert_eq!(set_aside[0]["metrics"]["n_in"], 50);
    let swept = "version: 2\nname: swept\ndefaults: {device: cpu}\nqueues:\n  - name: first\n    jobs:\n      \
                 - {network: small, dataset: two, sweep: {temperatures: [1, 100], magnitudes: 0:0.002:2, validation: 20}}\n";
    home.write("sessions/swept.yaml", swept);
    let swept = home.succeed(&[
        "run",
        "swept",
        "--json",
        "--detectors",
        "temp-scaling",
        "--validation",
        "7",
    ]);
    let swept: Value = serde_json::from_str(&swept).unwrap();
    assert_eq!(swept[0]["metrics"]["n_in"], 40, "the sweep sets its own aside");
    assert!(swept[0]["metrics"]["detectors"]["temp-scaling"]["auroc"].is_f64());
    let error = home.refuse(&["run", "pair", "--validation", "10"]);
    assert!(error.contains("--detectors"), "{error}");
}

#[test]
fn detectors_stand_against_each_other_over_all_sets() {
    if support::engine().is_none() {
        return;
    }
    let home = home_with_fit();
    home.succeed(&[
        "run",
        "pair",
        "--detectors",
        "knn,energy,temp-scaling",
        "--knob",
        "k=5",
    ]);
    let report = |more: &[&str]| {
        let arguments = [&["report", "--session", "pair", "--detectors"][..], more].concat();
        home.succeed(&arguments)
    };
    let json = |more: &[&str]| -> Value {
        let told: Value = serde_json::from_str(&report(&[&["--format", "json"][..], more].concat())).unwrap();
        assert_eq!(told.as_array().unwrap().len(), 1);
        told[0].clone()
    };
    let table = json(&["--metric", "auroc", "--replicates", "100"]);
    assert_eq!(table["sets"][0]["distance"], "near");
    assert_eq!(table["sets"][1]["distance"], "far");
    assert_eq!(table["missing"][0]["detector"], "temp-scaling");
    assert_eq!(table["fit"][0]["images"], 50);
    let rows = table["detectors"].as_array().unwrap();
    let averages: Vec<f64> = rows
        .iter()
        .map(|row| row["averages"]["all"]["value"].as_f64().unwrap())
        .collect();
    assert!(averages.is_sorted_by(|a, b| a >= b), "{averages:?}");
    assert_eq!(rows[0]["may_be_best"], true);
    let mut keys: Vec<&str> = rows.iter().map(|row| row["detector"].as_str().unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["baseline", "energy", "knn", "odin"]);
    let knn = rows.iter().find(|row| row["detector"] == "knn").unwrap();
    assert_eq!(knn["knobs"]["k"], 5.0);
    // By the definition, from the saved scores.
    let runs = home.path().join("runs");
    let saved = odin_core::runs::list(&runs);
    let of_two = saved.iter().find_map(|entry| {
        let run = entry.run.as_ref().ok()?;
        let is_it = run.dataset == "two" && run.manifest.as_ref()?.session == "pair";
        is_it.then_some(run)
    });
    let side = |side| {
        of_two.unwrap().scores_by_detector(side).unwrap().1[&odin_core::setting::Detector::Knn].clone()
    };
    let (ins, outs) = (side(Side::In), side(Side::Out));
    let pairs = ins.iter().flat_map(|a| outs.iter().map(move |b| (a, b)));
    let sum: f64 = pairs
        .map(|(a, b)| match a.total_cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    let auroc = sum / (ins.len() * outs.len()) as f64;
    assert!((knn["sets"][0]["value"].as_f64().unwrap() - auroc).abs() < 1e-12);
    let far = json(&["--average", "far", "--replicates", "100"]);
    let values: Vec<f64> = far["detectors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["averages"]["far"]["value"].as_f64().unwrap())
        .collect();
    assert!(values.is_sorted(), "less is better: {values:?}");
    let text = report(&["--replicates", "100", "--figures", "drawn"]);
    assert!(
        text.contains("small · one · FPR95 ↓, %") && text.contains("Fitted on 50 images"),
        "{text}"
    );
    for ending in ["svg", "pdf", "png"] {
        assert!(home.path().join(format!("drawn/detectors.{ending}")).is_file());
    }
    assert!(report(&["--replicates", "100", "--format", "html"]).contains("<figure>"));
    report(&["--format", "npz", "--out", "scores"]);
    assert_eq!(std::fs::read_dir(home.path().join("scores")).unwrap().count(), 2);
    let error = home.refuse(&["report", "--detectors", "--format", "txt", "--out", "x"]);
    assert!(error.contains("npz holds every detector"), "{error}");
    home.refuse(&["report", "--detectors", "--metric", "accuracy"]);
    home.refuse(&["report", "--metric", "auroc"]);
}
