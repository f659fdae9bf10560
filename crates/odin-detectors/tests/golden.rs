//! Scores against a NumPy reference: those of networks whose arrays lie where `ODIN_GOLDEN` says, a folder of
//! `*-case.npz` and `*-scores.npz`. Run with `ODIN_GOLDEN=… cargo test -p odin-detectors --test golden -- --ignored`.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
use std::path::Path;

#[path = "support/against.rs"]
mod against;

#[test]
#[ignore = "needs the folder that ODIN_GOLDEN names"]
fn scores_are_those_of_the_reference() {
    let folder = std::env::var("ODIN_GOLDEN").expect("ODIN_GOLDEN names a folder");
    let mut cases = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let Some(network) = name.strip_suffix("-case.npz") else {
            continue;
        };
        let scores = Path::new(&folder).join(format!("{network}-scores.npz"));
        for line in against::compare(&Path::new(&folder).join(&name), &scores, network != "densenet10") {
            println!("{network} {line}");
        }
        cases += 1;
    }
    assert!(cases > 0, "{folder} has no case");
}
