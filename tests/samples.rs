//! Which images of a set are taken, as a user sees it: folders of classes, samples, slices, groups.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use std::path::Path;

use image::{Rgb, RgbImage};
use serde_json::Value;
use support::home::TestHome;

const WHAT: [&str; 6] = ["score", "--nn", "small", "--magnitude", "0", "--dataset"];

/// A home with a folder `photos` of small pictures: so many of each class, sorted by class.
fn home(classes: usize, each: usize) -> TestHome {
    let home = TestHome::new();
    for class in 0..classes {
        let folder = home.path().join(format!("photos/{class:04}"));
        std::fs::create_dir_all(&folder).unwrap();
        for image in 0..each {
            let colour = Rgb([(class * 7 % 256) as u8, (image * 13 % 256) as u8, 90]);
            let picture = RgbImage::from_pixel(32, 32, colour);
            picture.save(folder.join(format!("{image:03}.png"))).unwrap();
        }
    }
    home
}

fn numbers(file: &Path, name: &str) -> Vec<i64> {
    let mut npz = npyz::npz::NpzArchive::open(file).unwrap();
    npz.by_name(name).unwrap().unwrap().into_vec().unwrap()
}

fn texts(file: &Path, name: &str) -> Vec<String> {
    let mut npz = npyz::npz::NpzArchive::open(file).unwrap();
    npz.by_name(name).unwrap().unwrap().into_vec().unwrap()
}

/// The numbers of the OOD images that `more` scores, and the JSON.
fn scored(home: &TestHome, more: &[&str]) -> (Vec<i64>, Value) {
    let arguments = [&WHAT[..], &["photos", "--json", "--save", "out"], more].concat();
    let json = serde_json::from_str(&home.succeed(&arguments)).unwrap();
    (numbers(&home.path().join("out/out.npz"), "index"), json)
}

#[test]
fn a_limit_takes_every_class_by_its_share_and_the_file_order_the_first() {
    if support::engine().is_none() {
        return;
    }
    let home = home(2, 50);
    let (sample, json) = scored(&home, &["--limit", "30"]);
    assert_eq!(
        sample.iter().filter(|&&index| index < 50).count(),
        15,
        "{sample:?}"
    );
    assert_eq!(
        (
            &json["chosen"]["order"],
            &json["chosen"]["seed"],
            &json["chosen"]["limit"]
        ),
        (&"sample".into(), &0.into(), &30.into())
    );
    let file = home.path().join("out/out.npz");
    let names = texts(&file, "name");
    let name = |index: &i64| format!("{:04}/{:03}.png", index / 50, index % 50);
    assert_eq!(names, sample.iter().map(name).collect::<Vec<_>>());
    assert_eq!(
        (texts(&file, "order"), numbers(&file, "limit")),
        (vec!["sample".to_owned()], vec![30])
    );
    assert_eq!(scored(&home, &["--limit", "30"]).0, sample);
    assert_ne!(scored(&home, &["--limit", "30", "--seed", "1"]).0, sample);

    let first = scored(&home, &["--limit", "30", "--order", "file"]).0;
    assert!(first.into_iter().eq(0..30));
    let (slice, json) = scored(&home, &["--limit", "20", "--skip", "10"]);
    assert!(slice.into_iter().eq(10..30));
    assert_eq!(json["chosen"]["order"], "file");

    let told = |more: &[&str]| {
        let output = home.odin(&[&WHAT[..], &["photos"], more].concat());
        String::from_utf8(output.stderr).unwrap()
    };
    let lacks = told(&["--limit", "30", "--order", "file"]);
    assert!(
        lacks.contains("1 of its 2 classes have no image among the 30 chosen (0001)"),
        "{lacks}"
    );
    assert!(!told(&["--limit", "30"]).contains("classes have no image"));
    let refused = home.odin(&[&WHAT[..], &["photos", "--skip", "5", "--order", "sample"]].concat());
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn a_thousand_sorted_classes_are_sampled_whole() {
    if support::engine().is_none() {
        return;
    }
    let home = home(1000, 2);
    let (sample, _) = scored(&home, &["--limit", "1000"]);
    let classes: std::collections::BTreeSet<i64> = sample.iter().map(|index| index / 2).collect();
    assert_eq!((sample.len(), classes.len()), (1000, 1000));
}

#[test]
fn doctor_tries_a_sample_and_flags_what_chance_explains() {
    if support::engine().is_none() {
        return;
    }
    let home = home(5, 20);
    let card = std::fs::read_to_string(home.path().join("models/small.yaml")).unwrap();
    home.write(
        "data/photos.yaml",
        "title: photos\nsource: {format: folder, path: ../photos}\n",
    );
    home.write(
        "models/small.yaml",
        &card.replace("in_dataset: one", "in_dataset: photos"),
    );
    let text = home.succeed(&["doctor", "small", "--images", "20"]);
    // Weights at random know nothing: 4 of 20 or so.
    assert!(
        text.contains("of 20 images of photos") && text.contains("what chance gives"),
        "{text}"
    );
    assert!(!text.contains("classes have no image"), "{text}");
}

#[test]
fn groups_stay_on_one_side_of_a_sweep_and_widen_the_intervals() {
    if support::engine().is_none() {
        return;
    }
    let home = home(6, 10);
    let card = "title: photos\nsource: {format: folder, path: ../photos}\n";
    home.write(
        "data/grouped.yaml",
        &format!("{card}groups: {{pattern: '^[^/]+'}}\n"),
    );
    home.write("data/alone.yaml", &format!("{card}groups: {{pattern: 'png'}}\n"));
    let sweep = |set: &str| {
        home.odin(&[
            "sweep",
            "--nn",
            "small",
            "--dataset",
            set,
            "--temperatures",
            "1",
            "--magnitudes",
            "0",
            "--validation",
            "25",
            "--json",
        ])
    };
    let output = sweep("grouped");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("20 choose the best cell and 40 report it"),
        "{told}"
    );
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["test"]["n_in"], &json["test"]["n_out"]),
        (&35.into(), &40.into())
    );
    let alone = sweep("alone");
    assert_eq!(alone.status.code(), Some(2));
    let why = String::from_utf8(alone.stderr).unwrap();
    assert!(why.contains("are of one group"), "{why}");
}

#[test]
fn what_a_folder_leaves_out_is_told_and_broken_images_are_skipped_on_demand() {
    if support::engine().is_none() {
        return;
    }
    let home = home(2, 5);
    home.write("photos/0000/broken.png", "no picture");
    std::fs::create_dir_all(home.path().join("photos/empty")).unwrap();
    let score = |more: &[&str]| home.odin(&[&WHAT[..], &["photos"], more].concat());
    let stops = score(&[]);
    assert_eq!(stops.status.code(), Some(2));
    let goes_on = score(&["--corrupt", "skip"]);
    let told = String::from_utf8(goes_on.stderr).unwrap();
    assert!(goes_on.status.success(), "{told}");
    assert!(
        told.contains("1 image skipped") && told.contains("empty"),
        "{told}"
    );
}
