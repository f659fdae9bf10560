//! A program that is killed while it scores loses at most the batches under way: started again, it goes on from there and
//! comes to the same to the bit.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use odin_core::runs::evidence::Disk;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use support::home::TestHome;

const IMAGES: usize = 400;

fn home() -> TestHome {
    let home = TestHome::new();
    for (name, kind, seed) in [("one", "uniform", 1), ("two", "gaussian", 2)] {
        let source = format!("{{format: {kind}, count: {IMAGES}, size: [32, 32], seed: {seed}}}");
        home.write(
            &format!("data/{name}.yaml"),
            &format!("title: noise\nsource: {source}\n"),
        );
    }
    home
}

const WHAT: [&str; 14] = [
    "score",
    "--nn",
    "small",
    "--dataset",
    "two",
    "--magnitude",
    "0.002",
    "--temperature",
    "100",
    "--batch",
    "4",
    "--json",
    "--save",
    "out",
];

fn bytes(home: &Path) -> u64 {
    Disk::usage(&home.join("runs")).bytes
}

/// The saved scores, as they stand in the files.
fn scores(home: &Path) -> Vec<Vec<u8>> {
    let file = |name: &str| -> PathBuf { home.join("out").join(name) };
    ["in.npz", "out.npz"]
        .map(|name| std::fs::read(file(name)).unwrap())
        .to_vec()
}

#[test]
fn killed_at_any_moment_it_comes_to_the_same_to_the_bit() {
    if support::engine().is_none() {
        return;
    }
    let whole = home();
    whole.succeed(&WHAT);
    let all = bytes(whole.path());
    let home = home();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut kills = 0;
    // Each start may get a little further, then it is killed: at once, in the middle of a write, between two.
    for _ in 0..100 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_odin"))
            .args(WHAT)
            .env("ODIN_HOME", home.path())
            .env_remove("ODIN_RUNS")
            .current_dir(home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (began, before) = (Instant::now(), bytes(home.path()));
        let further = before + rng.random_range(0..all / 12);
        let is_over = loop {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success());
                break true;
            }
            if bytes(home.path()) > further {
                break false;
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "no progress in a minute"
            );
            std::thread::sleep(Duration::from_micros(rng.random_range(0..2000)));
        };
        if is_over {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(bytes(home.path()) >= before, "evidence was lost");
        kills += 1;
    }
    assert!(kills >= 5, "killed only {kills} times");
    let last: Value = serde_json::from_str(&home.succeed(&WHAT)).unwrap();
    assert_eq!(last["n_from_evidence"], 2 * IMAGES);
    assert!(last["images_per_second"].is_null());
    assert_eq!(scores(home.path()), scores(whole.path()));
}

#[test]
fn afresh_nothing_is_read_or_kept() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let arguments: Vec<&str> = WHAT.iter().copied().chain(["--fresh", "--limit", "8"]).collect();
    for _ in 0..2 {
        let record: Value = serde_json::from_str(&home.succeed(&arguments)).unwrap();
        assert_eq!(record["n_from_evidence"], 0);
    }
    assert_eq!(bytes(home.path()), 0);
}
