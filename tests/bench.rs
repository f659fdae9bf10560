//! `odin bench` as its user runs it, on a small tree in OpenOOD's layout.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use std::path::PathBuf;

use odin_core::networks::Architecture;
use serde_json::Value;
use support::home::TestHome;
use support::weights;

/// The OOD sets of the benchmark cifar10, with height and width of their images here, near ones first.
const SETS: [(&str, u32, u32); 6] = [
    ("cifar100", 32, 32),
    ("tin", 64, 64),
    ("mnist", 28, 28),
    ("svhn", 32, 32),
    ("texture", 50, 40),
    ("places365", 36, 48),
];
const NEAR: usize = 2;

/// A home with two networks of ten classes, and the data of the benchmark `cifar10` in `openood/`.
struct Bench(TestHome);

impl Bench {
    fn new() -> Self {
        let home = TestHome::new();
        let architecture = Architecture::DensenetBc { depth: 10, growth: 4 };
        for (name, seed) in [("first", 1), ("second", 2)] {
            home.write(
                &format!("models/{name}.yaml"),
                &format!(
                    "title: {name}\narchitecture: {{kind: densenet-bc, depth: 10, growth: 4}}\nclasses: 10\n\
                     weights: {name}.safetensors\nin_dataset: one\n\
                     normalisation: {{mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616]}}\n"
                ),
            );
            let file = home.path().join(format!("models/{name}.safetensors"));
            weights::write_random(&architecture, 10, seed, &file);
        }
        let bench = Self(home);
        bench.set("train_cifar10", "cifar10/train", 30, (32, 32), true);
        bench.set("val_cifar10", "cifar10/val", 10, (32, 32), true);
        bench.set("test_cifar10", "cifar10/test", 20, (32, 32), true);
        bench.set("test_cifar10c", "cifar10c", 10, (32, 32), true);
        for (name, height, width) in SETS {
            bench.set(
                &format!("test_{name}"),
                &format!("{name}/test"),
                15,
                (height, width),
                false,
            );
        }
        bench
    }

    /// Images of noise, each set and image with its own brightness, and the list that names them.
    fn set(&self, list: &str, folder: &str, count: u32, (height, width): (u32, u32), labelled: bool) {
        let root = self.0.path().join("openood/images_classic").join(folder);
        std::fs::create_dir_all(&root).unwrap();
        let seed = blake(list);
        let mut lines = String::new();
        for n in 0..count {
            let value = |x: u32, y: u32, c: u32| {
                let mixed =
                    (seed ^ u64::from(((n * 67 + y) * 71 + x) * 3 + c)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                ((mixed >> 40) % u64::from(40 + 7 * n)) as u8
            };
            let image = image::RgbImage::from_fn(width, height, |x, y| {
                image::Rgb([0, 1, 2].map(|channel| value(x, y, channel)))
            });
            let file = root.join(format!("{n:04}.png"));
            if folder.starts_with("mnist") {
                image::DynamicImage::from(image).to_luma8().save(file).unwrap();
            } else {
                image.save(file).unwrap();
            }
            let label = if labelled {
                (n % 10).to_string()
            } else {
                "-1".to_owned()
            };
            lines.push_str(&format!("{folder}/{n:04}.png {label}\n"));
        }
        self.0
            .write(&format!("openood/benchmark_imglist/cifar10/{list}.txt"), &lines);
    }

    fn list(&self, name: &str, text: &str) {
        self.0
            .write(&format!("openood/benchmark_imglist/cifar10/{name}.txt"), text);
    }

    fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
        let what = ["bench", "cifar10", "--nn", "first,second", "--data", "openood"];
        what.iter().chain(more).copied().collect()
    }

    fn json(&self, more: &[&str]) -> Value {
        let arguments = Self::arguments(&[&["--json"], more].concat());
        serde_json::from_str(&self.0.succeed(&arguments)).unwrap()
    }

    fn refuse(&self, more: &[&str]) -> String {
        self.0.refuse(&Self::arguments(more))
    }

    /// The cards that were written for the sets.
    fn cards(&self) -> PathBuf {
        let mut folders = std::fs::read_dir(self.0.path().join("runs/benchmarks")).unwrap();
        folders.next().unwrap().unwrap().path()
    }

    /// ODIN's scores of an in-distribution and an OOD set, by `odin score`, and whether all were known before.
    fn scores(&self, network: &str, ins: &str, outs: &str) -> ([Vec<f64>; 2], Value) {
        let card = |name: &str| self.cards().join(format!("{name}.yaml")).display().to_string();
        let what = [
            "score",
            "--nn",
            network,
            "--in-dataset",
            &card(ins),
            "--dataset",
            &card(outs),
            "--save",
            "out",
            "--json",
        ];
        let told = serde_json::from_str(&self.0.succeed(&what)).unwrap();
        let column = |side: &str| {
            let file = self.0.path().join("out").join(side);
            let mut npz = npyz::npz::NpzArchive::open(&file).unwrap();
            npz.by_name("log_odds")
                .unwrap()
                .unwrap()
                .into_vec::<f64>()
                .unwrap()
        };
        ([column("in.npz"), column("out.npz")], told)
    }
}

fn blake(text: &str) -> u64 {
    text.bytes().fold(7, |hash: u64, byte| {
        hash.wrapping_mul(1_000_003) ^ u64::from(byte)
    })
}

/// FPR95, AUROC, AUPR_IN and AUPR_OUT as OpenOOD v1.5 has them, by sorting and counting; no two scores are equal.
fn openood(ins: &[f64], outs: &[f64]) -> [f64; 4] {
    let (n_in, n_out) = (ins.len() as f64, outs.len() as f64);
    let mut sorted = outs.to_vec();
    sorted.sort_by(f64::total_cmp);
    // The first threshold from the OOD end at which 95 % of the OOD images are found.
    let found = (0.95 * n_out).ceil() as usize;
    let threshold = sorted[found - 1];
    let rejected = ins.iter().filter(|&&score| score <= threshold).count() as f64;
    let pairs = ins
        .iter()
        .map(|i| outs.iter().filter(|&o| i > o).count())
        .sum::<usize>();
    let aupr = |positive: &[f64], negative: &[f64], sign: f64| {
        let mut all: Vec<(f64, bool)> = positive.iter().map(|&score| (sign * score, true)).collect();
        all.extend(negative.iter().map(|&score| (sign * score, false)));
        all.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let (mut hits, mut recall, mut precision, mut area) = (0.0, 0.0, 1.0, 0.0);
        for (taken, (_, is_positive)) in all.iter().enumerate() {
            hits += f64::from(u8::from(*is_positive));
            let (next, here) = (hits / positive.len() as f64, hits / (taken as f64 + 1.0));
            area += (next - recall) * (precision + here) / 2.0;
            (recall, precision) = (next, here);
        }
        area
    };
    [
        rejected / n_in,
        pairs as f64 / (n_in * n_out),
        aupr(ins, outs, 1.0),
        aupr(outs, ins, -1.0),
    ]
}

const METRICS: [&str; 4] = ["fpr95", "auroc", "aupr_in", "aupr_out"];

/// Mean and deviation of two values as NumPy has them.
fn of_two(a: f64, b: f64) -> (f64, f64) {
    ((a + b) / 2.0, (a - b).abs() / 2.0)
}

fn close(told: &Value, (mean, sd): (f64, f64), what: &str) {
    let number = |key: &str| told[key].as_f64().unwrap_or_else(|| panic!("{what}: {told}"));
    assert!(
        (number("mean") - mean).abs() < 1e-12,
        "{what}: {told} is not {mean}"
    );
    assert!((number("sd") - sd).abs() < 1e-12, "{what}: {told} is not ± {sd}");
}

#[test]
fn numbers_are_openoods_and_evidence_is_shared() {
    if support::engine().is_none() {
        return;
    }
    let bench = Bench::new();
    let json = bench.json(&[]);
    assert_eq!(json["positive"], "out-of-distribution");
    assert_eq!(
        (&json["is_whole"], &json["departures"]),
        (&true.into(), &Value::Array(Vec::new()))
    );
    let odin = &json["detectors"][1];
    assert_eq!(
        (&odin["detector"], &odin["published"]["near_auroc"]),
        (&"odin".into(), &82.87.into())
    );
    // By network, then by set.
    let mut found: Vec<Vec<[f64; 4]>> = Vec::new();
    let mut accuracies = Vec::new();
    for network in ["first", "second"] {
        let mut of_sets = Vec::new();
        for (name, ..) in SETS {
            let ([ins, outs], told) = bench.scores(network, "cifar10-test", name);
            assert_eq!(told["n_from_evidence"], 35, "{name} was scored already");
            of_sets.push(openood(&ins, &outs));
            if name == "tin" {
                accuracies.push(told["accuracy"].as_f64().unwrap());
            }
        }
        found.push(of_sets);
    }
    close(
        &json["accuracy"],
        of_two(accuracies[0], accuracies[1]),
        "accuracy",
    );
    for (metric, key) in METRICS.into_iter().enumerate() {
        for (place, (name, ..)) in SETS.into_iter().enumerate() {
            let set = &odin["sets"][place];
            assert_eq!((&set["set"], &set["n_out"]), (&name.into(), &15.into()));
            let [first, second] = [0, 1].map(|network: usize| found[network][place][metric]);
            close(&set[key], of_two(first, second), &format!("{name} {key}"));
        }
        for (group, sets) in [("near", 0..NEAR), ("far", NEAR..SETS.len())] {
            let mean = |network: usize| {
                let all: Vec<f64> = found[network][sets.clone()].iter().map(|of| of[metric]).collect();
                all.iter().sum::<f64>() / all.len() as f64
            };
            close(
                &odin[group][key],
                of_two(mean(0), mean(1)),
                &format!("{group} {key}"),
            );
        }
    }
}

#[test]
fn tables_say_what_they_are() {
    if support::engine().is_none() {
        return;
    }
    let bench = Bench::new();
    let table = bench.0.succeed(&Bench::arguments(&["--per-set"]));
    for words in [
        "OpenOOD v1.5, CIFAR-10 · first, second · 20 in-distribution images",
        "published near",
        "88.03",
        "adascale-a",
        "OOD positive",
        "nearood",
        "farood",
        "AUPR_OUT",
        "July 2025",
        "what was published is of 3 networks, and this is of 2 networks",
    ] {
        assert!(table.contains(words), "{words}: {table}");
    }
    assert!(
        !table.contains("not the benchmark's") && !table.contains("are normalised as the card says"),
        "{table}"
    );
    let csv = bench.0.succeed(&Bench::arguments(&["--format", "csv"]));
    // Two detectors, six sets and two means each.
    assert_eq!(csv.lines().count(), 1 + 2 * 8);
    assert!(
        csv.lines()
            .next()
            .unwrap()
            .starts_with("benchmark,detector,knobs,group,set")
    );
    let md = bench.0.succeed(&Bench::arguments(&[
        "--format", "md", "--sets", "near", "--limit", "8",
    ]));
    assert!(md.contains("| baseline |") && md.contains("| - | - |"), "{md}");
    assert!(
        md.contains("at most 8 images") && md.contains("without mnist, svhn, texture, places365"),
        "{md}"
    );
    assert!(bench.0.succeed(&["list", "benchmarks"]).contains("imagenet200"));
}

#[test]
fn detectors_are_fitted_on_the_benchmarks_training_images() {
    if support::engine().is_none() {
        return;
    }
    let bench = Bench::new();
    let what = [
        "--detectors",
        "knn,temp-scaling",
        "--knob",
        "k=5",
        "--fit-limit",
        "20",
        "--sets",
        "svhn,tin",
    ];
    let json = bench.json(&what);
    assert_eq!(
        (&json["fit"]["images"], &json["fit"]["dataset"]),
        (&20.into(), &"cifar10-train-20-0".into())
    );
    for detector in json["detectors"].as_array().unwrap() {
        assert!(
            detector["missing"].is_null() && detector["far"]["auroc"]["mean"].is_number(),
            "{detector}"
        );
        assert_eq!(detector["sets"].as_array().unwrap().len(), 2);
    }
    assert_eq!(json["is_whole"], false);
    // Fewer images than KNN has neighbours.
    let json = bench.json(&["--detectors", "knn,baseline", "--sets", "svhn"]);
    assert!(
        json["detectors"][0]["missing"].as_str().unwrap().contains("50"),
        "{json}"
    );
    assert!(
        json["detectors"][1]["far"]["auroc"]["mean"].is_number() && json["detectors"][1]["near"].is_null()
    );
}

#[test]
fn covariate_shifted_images_are_in_distribution_in_the_full_spectrum() {
    if support::engine().is_none() {
        return;
    }
    let bench = Bench::new();
    let json = bench.json(&["--fsood", "--sets", "tin", "--detectors", "odin"]);
    assert_eq!(
        (&json["full_spectrum"], &json["networks"][0]["n_in"]),
        (&true.into(), &30.into())
    );
    assert!(json["published"].is_null());
    let shares = json["accuracy_by_set"].as_array().unwrap();
    let share = |place: usize| shares[place]["accuracy"]["mean"].as_f64().unwrap();
    assert_eq!(
        (&shares[0]["set"], &shares[1]["set"]),
        (&"cifar10-test".into(), &"cifar10c".into())
    );
    let pooled = json["accuracy"]["mean"].as_f64().unwrap();
    assert!(
        (pooled - (2.0 * share(0) + share(1)) / 3.0).abs() < 1e-12,
        "{json}"
    );
    let ([mut ins, outs], _) = bench.scores("first", "cifar10-test", "tin");
    let ([shifted, _], _) = bench.scores("first", "cifar10c", "tin");
    ins.extend(shifted);
    let told = &json["detectors"][0]["sets"][0]["by_network"][0];
    for (key, value) in METRICS.into_iter().zip(openood(&ins, &outs)) {
        assert!(
            (told[key].as_f64().unwrap() - value).abs() < 1e-12,
            "{key}: {told}"
        );
    }
}

#[test]
fn what_is_missing_or_wrong_is_one_clear_error() {
    let bench = Bench::new();
    let root = bench.0.path().join("openood");
    let named = |error: &str, words: &[&str]| {
        for word in words {
            assert!(error.contains(word), "{word}: {error}");
        }
    };
    let whole = Bench::arguments(&[]);
    let with = |at: usize, other: &'static str| {
        let mut arguments = whole.clone();
        arguments[at] = other;
        bench.0.refuse(&arguments)
    };
    named(
        &with(1, "cifar11"),
        &["no benchmark is called `cifar11`", "cifar10"],
    );
    named(&with(3, "first,frist"), &["frist", "first"]);
    named(&with(3, "first,first"), &["first is named twice"]);
    named(&with(3, "first,small"), &["small has 5 classes", "cifar10", "10"]);
    named(
        &with(5, "nowhere"),
        &["--data nowhere", "no such folder", "download.py"],
    );
    named(
        &bench.refuse(&["--sets", "tiny"]),
        &["--sets tiny", "did you mean tin?"],
    );
    named(&bench.refuse(&["--detectors", "knnn"]), &["did you mean knn?"]);

    bench.list(
        "test_cifar10",
        "cifar10/test/0000.png 0\ncifar10/test/0001.png 10\n",
    );
    named(
        &bench.refuse(&[]),
        &["test_cifar10.txt", "0001.png has label 10", "10 classes"],
    );
    bench.list("test_cifar10", "");
    named(&bench.refuse(&[]), &["test_cifar10.txt", "names no images"]);
    bench.list(
        "test_cifar10",
        "cifar10/test/0000.png 0\ncifar10/test/9999.png 1\n",
    );
    named(
        &bench.refuse(&[]),
        &[
            "images_classic/cifar10/test/9999.png",
            "one of the 2 images of cifar10-test",
        ],
    );

    bench.set("test_cifar10", "cifar10/test", 20, (32, 32), true);
    std::fs::remove_file(root.join("benchmark_imglist/cifar10/test_tin.txt")).unwrap();
    std::fs::remove_dir_all(root.join("images_classic/svhn")).unwrap();
    let error = bench.refuse(&[]);
    named(
        &error,
        &[
            "benchmark_imglist/cifar10/test_tin.txt, the list of tin",
            "images_classic/svhn/test/0000.png and 14 more of the 15 images of svhn",
            "download.py",
            "drive.google.com",
            "--sets cifar100,mnist,texture,places365",
        ],
    );
    assert!(!bench.0.path().join("runs").exists(), "nothing is left behind");
}
