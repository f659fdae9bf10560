//! `odin run`, `odin list runs` and `odin runs prune` as their user runs them.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use odin_core::runs::{Run, State};
use odin_metrics::Side;
use serde_json::Value;
use support::home::TestHome;

const SESSION: &str = "version: 2\nname: tour\ndefaults: {magnitude: 0.002, temperature: 100, device: cpu, order: file}\nqueues:\n  \
                       - name: first\n    jobs:\n      - {network: small, dataset: two}\n      \
                       - {network: small, dataset: one, limit: 20, magnitude: 0}\n";

fn home(session: &str) -> TestHome {
    let home = TestHome::new();
    home.write("sessions/tour.yaml", session);
    home
}

fn runs(home: &TestHome) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.path().join("runs")).into_iter().flatten();
    let mut all: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("manifest.json").exists())
        .collect();
    all.sort();
    all
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_session_is_worked_through_once_and_kept() {
    if support::engine().is_none() {
        return;
    }
    let home = home(SESSION);
    let dry = home.succeed(&["run", "tour", "--dry-run"]);
    assert!(
        dry.contains("60 images of one and 60 of two") && runs(&home).is_empty(),
        "{dry}"
    );
    let text = home.succeed(&["run", "tour"]);
    assert!(text.contains("2 of 2 jobs succeeded"), "{text}");
    let all = runs(&home);
    assert_eq!(all.len(), 2, "{all:?}");
    let two = all
        .iter()
        .find(|path| path.to_string_lossy().contains("small_two_T100_e0.002_"))
        .unwrap();
    let manifest = json(&two.join("manifest.json"));
    for (key, value) in [
        ("state", "finished"),
        ("session", "tour"),
        ("queue", "first"),
        ("libtorch", "2.11"),
    ] {
        assert_eq!(manifest[key], value, "{manifest}");
    }
    assert_eq!(manifest["images"]["ins"], 60);
    assert_eq!(manifest["network"]["digest"].as_str().unwrap().len(), 64);
    assert!(manifest["started"].as_str().unwrap() <= manifest["ended"].as_str().unwrap());

    // The scores are those of `odin score`, and so are the metrics.
    let arguments =
        "score --nn small --dataset two --magnitude 0.002 --temperature 100 --device cpu --save saved --json";
    let scored: Value =
        serde_json::from_str(&home.succeed(&arguments.split(' ').collect::<Vec<_>>())).unwrap();
    let record = json(&two.join("metrics.json"));
    assert_eq!(record["baseline"]["auroc"], scored["baseline"]["auroc"]);
    let (run, saved) = (
        Run::open(two).unwrap(),
        Run::open(&home.path().join("saved")).unwrap(),
    );
    for side in [Side::In, Side::Out] {
        let (a, b) = (run.scores(side).unwrap(), saved.scores(side).unwrap());
        assert_eq!(a.index, b.index);
        assert!(
            a.odin
                .iter()
                .zip(&b.odin)
                .all(|(a, b)| ((a - b) / b).abs() <= 1e-5)
        );
    }

    let before = std::fs::metadata(two.join("in.npz")).unwrap().modified().unwrap();
    let again = home.succeed(&["run", "tour"]);
    assert_eq!(again.matches("was finished").count(), 2, "{again}");
    assert_eq!(
        std::fs::metadata(two.join("in.npz")).unwrap().modified().unwrap(),
        before
    );
    assert!(home.succeed(&["run", "tour", "--dry-run"]).contains("finished: "));
    home.succeed(&["run", "tour", "--again"]);
    assert_ne!(
        std::fs::metadata(two.join("in.npz")).unwrap().modified().unwrap(),
        before
    );
    let scraps = std::fs::read_dir(two).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".part")
    });
    assert_eq!(scraps.count(), 0);
}

#[test]
fn other_weights_are_another_run() {
    if support::engine().is_none() {
        return;
    }
    let home = home(SESSION);
    home.succeed(&["run", "tour"]);
    let architecture = odin_core::networks::Architecture::DensenetBc { depth: 10, growth: 4 };
    support::weights::write_random(&architecture, 5, 2, &home.path().join("models/small.safetensors"));
    let text = home.succeed(&["run", "tour"]);
    assert!(!text.contains("was finished"), "{text}");
    assert_eq!(runs(&home).len(), 4);
}

#[test]
fn the_exit_code_tells_whether_all_jobs_succeeded() {
    if support::engine().is_none() {
        return;
    }
    let home = home(&SESSION.replace("dataset: one, limit: 20", "dataset: lost"));
    home.write(
        "data/lost.yaml",
        "title: lost\nsource: {format: folder, path: nowhere}\n",
    );
    let output = home.odin(&["run", "tour"]);
    let (text, told) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        text.contains("1 of 2 jobs failed") && text.contains("nowhere"),
        "{text}"
    );
    assert!(told.contains("finished in") && told.contains("failed:"), "{told}");
    assert_eq!(runs(&home).len(), 1, "the other job is not touched");
}

#[test]
fn mistakes_are_named_with_line_and_column() {
    if support::engine().is_none() {
        return;
    }
    for (from, to, words) in [
        (
            "network: small, dataset: two",
            "network: smal, dataset: two",
            ["tour.yaml:7:19: ", "did you mean small"],
        ),
        ("dataset: two", "dataset: tow", ["tour.yaml:7:35: ", "tow"]),
        (
            "dataset: two",
            "dataset: two, weights: no.pth",
            ["tour.yaml:7:49: ", "no.pth is missing"],
        ),
        (
            "magnitude: 0.002",
            "magnitude: -1",
            ["tour.yaml:3:23: ", "between 0 and 1"],
        ),
        ("jobs:", "job:", ["tour.yaml:", "did you mean jobs"]),
    ] {
        let home = home(&SESSION.replacen(from, to, 1));
        let error = home.refuse(&["run", "tour"]);
        for word in words {
            assert!(error.contains(word), "{to}: {error}");
        }
        assert!(!home.path().join("runs").exists());
    }
    let home = home(SESSION);
    assert!(home.refuse(&["run", "tout"]).contains("no session `tout`"));
    assert!(
        home.refuse(&["run", "tour", "--queue", "x"])
            .contains("queues are first")
    );
}

#[test]
fn a_sweep_is_a_run_with_its_grid() {
    if support::engine().is_none() {
        return;
    }
    let sweep = "sweep: {temperatures: [1, 100], magnitudes: 0:0.002:3, validation: 20, metric: auroc}";
    let home = home(&SESSION.replace("dataset: two}", &format!("dataset: two, {sweep}}}")));
    home.succeed(&["run", "tour"]);
    let folder = runs(&home)
        .into_iter()
        .find(|path| path.to_string_lossy().contains("_sweep_"))
        .unwrap();
    let run = Run::open(&folder).unwrap();
    let grid = run.grid().unwrap().unwrap();
    assert_eq!(
        (grid.cells.len(), grid.validation_images, grid.tested_apart),
        (6, 20, true)
    );
    let best = grid.cells.iter().map(|cell| cell.odin.auroc).fold(0.0, f64::max);
    let cell = &grid.cells[grid.best];
    assert_eq!((cell.odin.auroc, cell.odin.n_in), (best, 20));
    assert_eq!(
        (run.temperature, run.magnitude),
        (cell.temperature, cell.magnitude)
    );
    let scores = run.scores(Side::Out).unwrap();
    assert_eq!(
        scores.index,
        (20..60).collect::<Vec<i64>>(),
        "reported on the images after those chosen on"
    );
}

#[test]
fn a_sweep_of_small_sets_leaves_half_of_them_to_report_on() {
    if support::engine().is_none() {
        return;
    }
    let sweep = "sweep: {temperatures: [1, 100], magnitudes: [0]}";
    let home = home(&SESSION.replace("dataset: two}", &format!("dataset: two, {sweep}}}")));
    let output = home.odin(&["run", "tour"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(
        told.contains("30 of each set choose the best cell, not 1000"),
        "{told}"
    );
    let folder = runs(&home)
        .into_iter()
        .find(|path| path.to_string_lossy().contains("_sweep_"))
        .unwrap();
    let run = Run::open(&folder).unwrap();
    let grid = run.grid().unwrap().unwrap();
    assert_eq!((grid.validation_images, grid.tested_apart), (30, true));
    assert_eq!(
        run.scores(Side::In).unwrap().index,
        (30..60).collect::<Vec<i64>>()
    );
}

#[test]
fn what_was_killed_is_told_and_gone_on_with() {
    if support::engine().is_none() {
        return;
    }
    let home = home(SESSION);
    let noise = "title: noise\nsource: {format: uniform, count: 6000, size: [32, 32], seed: 1}\n";
    home.write("data/two.yaml", noise);
    let mut child = Command::new(env!("CARGO_BIN_EXE_odin"))
        .args(["run", "tour"])
        .env("ODIN_HOME", home.path())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let start = std::time::Instant::now();
    while runs(&home).is_empty() {
        assert!(start.elapsed().as_secs() < 60 && child.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let list = home.succeed(&["list", "runs"]);
    assert!(list.contains("running"), "{list}");
    child.kill().unwrap();
    child.wait().unwrap();
    let list = home.succeed(&["list", "runs"]);
    assert!(list.contains("broken off"), "{list}");
    home.write("data/two.yaml", &noise.replace("6000", "60"));
    home.succeed(&["run", "tour"]);
    let error = home.refuse(&["runs", "prune"]);
    assert!(error.contains("--yes"), "{error}");
}

#[test]
fn runs_move_are_listed_and_make_room() {
    if support::engine().is_none() {
        return;
    }
    let home = home(SESSION);
    home.succeed(&["run", "tour"]);
    let all = runs(&home);
    std::fs::rename(&all[0], home.path().join("runs/moved")).unwrap();
    assert!(
        home.succeed(&["run", "tour"]).contains("runs/moved"),
        "known by what it is"
    );
    let list = home.succeed(&["list", "runs"]);
    assert!(
        list.contains("moved") && list.matches("finished").count() == 2,
        "{list}"
    );
    assert!(home.succeed(&["runs", "prune"]).contains("nothing to remove"));
    home.write("runs/torn/manifest.json", "{");
    home.write("runs/evidence/x", "not a run");
    let dry = home.succeed(&["runs", "prune", "--keep", "0", "--dry-run"]);
    assert!(
        dry.contains("3 runs would be removed") && runs(&home).len() == 3,
        "{dry}"
    );
    let done = home.succeed(&["runs", "prune", "--yes"]);
    assert!(done.contains("1 run removed") && runs(&home).len() == 2, "{done}");
    home.succeed(&["runs", "prune", "--keep", "0", "--yes"]);
    assert!(runs(&home).is_empty() && home.path().join("runs/evidence/x").exists());
}

#[test]
fn a_disk_that_fills_up_fails_the_job_and_leaves_no_half_file() {
    if support::engine().is_none() {
        return;
    }
    let home = home(SESSION);
    let limited = |blocks: u32| {
        let odin = env!("CARGO_BIN_EXE_odin");
        Command::new("sh")
            .args([
                "-c",
                &format!("trap '' XFSZ; ulimit -f {blocks}; exec {odin} run tour --again"),
            ])
            .env("ODIN_HOME", home.path())
            .output()
            .unwrap()
    };
    home.succeed(&["run", "tour"]);
    // Room for the manifest, and none for the scores.
    let output = limited(4);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("in.npz: File too large"), "{text}");
    let all: Vec<Run> = runs(&home)
        .iter()
        .map(|folder| Run::open(folder).unwrap())
        .collect();
    assert!(all.iter().any(|run| run.state == State::Failed));
    for run in &all {
        assert!(
            !run.scores(Side::In).unwrap().is_empty(),
            "the earlier scores are whole"
        );
    }
    home.succeed(&["run", "tour"]);
}

#[test]
fn a_copy_in_part_is_noticed() {
    if support::engine().is_none() {
        return;
    }
    let home = home(SESSION);
    home.succeed(&["run", "tour"]);
    let folder = &runs(&home)[0];
    let bytes = std::fs::read(folder.join("out.npz")).unwrap();
    std::fs::write(folder.join("out.npz"), &bytes[..bytes.len() / 2]).unwrap();
    let error = Run::open(folder)
        .unwrap()
        .scores(Side::Out)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("out.npz") && error.contains("copied in part"),
        "{error}"
    );
}

#[test]
fn what_is_done_about_corrupt_images_tells_runs_apart() {
    if support::engine().is_none() {
        return;
    }
    let home = home(SESSION);
    for count in [2, 4, 4] {
        let skip: &[&str] = if count == 2 { &[] } else { &["--corrupt", "skip"] };
        home.succeed(&[&["run", "tour"], skip].concat());
        assert_eq!(runs(&home).len(), count);
    }
    let text = home.succeed(&["run", "tour", "--dry-run"]);
    assert_eq!(text.matches("finished: ").count(), 2, "{text}");
}

#[test]
fn how_t_and_epsilon_were_chosen_goes_with_the_run() {
    if support::engine().is_none() {
        return;
    }
    let tuned = "dataset: two, tuned: {on: set, dataset: three, images: 9}}";
    let home = home(&SESSION.replace("dataset: two}", tuned));
    home.succeed(&["run", "tour"]);
    let rows: Value = serde_json::from_str(&home.succeed(&["report", "--format", "json"])).unwrap();
    let told: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["dataset"].clone(),
                row["tuned_on"].clone(),
                row["tuned_dataset"].clone(),
            )
        })
        .collect();
    assert!(
        told.contains(&("two".into(), "set".into(), "three".into())),
        "{told:?}"
    );
    assert!(
        told.contains(&("one".into(), Value::Null, Value::Null)),
        "{told:?}"
    );
    let text = home.succeed(&["report"]);
    assert!(
        text.contains("two ¶") && text.contains("chosen on three"),
        "{text}"
    );
}

#[test]
fn a_sweep_tells_how_many_images_its_groups_come_to() {
    if support::engine().is_none() {
        return;
    }
    let sweep = "sweep: {temperatures: [1, 100], magnitudes: [0], validation: 20}";
    let home = home(&SESSION.replace("dataset: two}", &format!("dataset: two, {sweep}}}")));
    // Groups of seven: two of them are 14 of the 20 images asked for.
    let groups: String = (0..60).map(|image| format!("{}\n", image / 7)).collect();
    home.write("data/groups.txt", &groups);
    let card = std::fs::read_to_string(home.path().join("data/one.yaml")).unwrap();
    home.write("data/one.yaml", &format!("{card}groups: {{file: groups.txt}}\n"));
    home.succeed(&["run", "tour"]);
    let folder = runs(&home)
        .into_iter()
        .find(|path| path.to_string_lossy().contains("_sweep_"))
        .unwrap();
    let grid = Run::open(&folder).unwrap().grid().unwrap().unwrap();
    let cell = grid.cells[grid.best].odin;
    assert_eq!((grid.validation_images, cell.n_in, cell.n_out), (14, 14, 20));
    let text = home.succeed(&["report"]);
    assert!(text.contains("14 ID and 20 OOD"), "{text}");
}
