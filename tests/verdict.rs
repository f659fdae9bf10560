//! `odin verdict` as its user runs it.
mod support;

use std::io::Write;
use std::process::{Command, Stdio};

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
    assert!(String::from_utf8_lossy(&output.stderr).contains("95 % of 60 images of one"));
}

#[test]
fn paths_come_from_standard_input_and_the_threshold_may_be_given() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut child = Command::new(env!("CARGO_BIN_EXE_odin"))
        .args(["verdict", "--session", "tour", "--threshold", "-1e9"])
        .env("ODIN_HOME", home.path())
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"a.png\nb.png\n").unwrap();
    let output = child.wait_with_output().unwrap();
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
