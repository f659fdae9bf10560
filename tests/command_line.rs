//! The manners of the command line: what may have been meant, JSON for other programs, exit codes, what comes with the program.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::home::TestHome;

const SESSION: &str = "version: 2\nname: tour\ndefaults: {temperature: 100, magnitude: 0, device: cpu}\nqueues:\n  \
                       - name: first\n    jobs:\n      - {network: small, dataset: two}\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_misspelt_command_session_or_key_gets_what_may_have_been_meant() {
    let home = TestHome::new();
    home.write("sessions/tour.yaml", SESSION);
    for (arguments, meant) in [
        (&["scor"][..], "the command `odin score`"),
        (
            &["scor", "--nn", "small", "--dataset", "two"],
            "the command `odin score`",
        ),
        (&["tuor"], "did you mean tour?"),
        (&["run", "tuor"], "did you mean tour?"),
    ] {
        assert!(
            home.refuse(arguments).contains(meant),
            "{}",
            home.refuse(arguments)
        );
    }
    home.write(
        "data/odd.yaml",
        "title: t\nsorce: {format: uniform, count: 2, size: [32, 32]}\n",
    );
    let odd = home.succeed(&["list", "datasets"]);
    assert!(
        odd.contains("unknown field `sorce`") && odd.contains("did you mean source?"),
        "{odd}"
    );
}

#[test]
fn counts_of_no_image_are_refused_where_they_stand() {
    let home = TestHome::new();
    for arguments in [
        &["score", "--nn", "small", "--dataset", "two", "--limit", "0"][..],
        &["sweep", "--nn", "small", "--dataset", "two", "--limit", "0"],
        &["doctor", "small", "--images", "0"],
    ] {
        let error = home.refuse(arguments);
        assert!(
            error.contains(arguments[arguments.len() - 2]) && error.contains("not in 1.."),
            "{error}"
        );
    }
}

#[test]
fn noise_and_what_comes_with_the_program_are_known_in_a_folder_of_ones_own() {
    let home = TestHome::new();
    let list = json(&home.succeed(&["list", "--json"]));
    let row = |kind: &str, name: &str| -> Value {
        let rows = list[kind].as_array().unwrap();
        rows.iter()
            .find(|row| row["name"] == name)
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(row("datasets", "Uniform")["state"], "present");
    assert_eq!(row("networks", "small")["state"], "present");
    assert_eq!(row("networks", "fashion-densenet")["state"], "present", "shipped");
    assert_eq!(row("sessions", "demo")["state"], "present", "shipped");
    // One's own comes first.
    let own = home.path().join("data/one.yaml").canonicalize().unwrap();
    assert_eq!(row("datasets", "one")["path"], own.to_str().unwrap());
    assert!(list["runs"].as_array().unwrap().is_empty());
}

#[test]
fn without_a_network_nothing_was_wrong_with_what_was_asked_for() {
    let home = TestHome::new();
    // Nothing listens on the port of a listener that is gone.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    home.write(
        "data/far.yaml",
        &format!(
            "title: t\nsource: {{format: folder, path: fetched/far}}\nfetch: [{{urls: [\"http://127.0.0.1:{port}/f\"], into: fetched/far/f}}]\n"
        ),
    );
    let output = home.odin(&["fetch", "far", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(
        (&told[0]["name"], &told[0]["state"]),
        (&"far".into(), &"failed".into()),
        "{told}"
    );
    let output = home.odin(&["fetch", "nothing"]);
    assert_eq!(output.status.code(), Some(2));
    let sources = json(&home.succeed(&["fetch", "--json"]));
    assert!(
        sources.as_array().unwrap().iter().any(|one| one["name"] == "far"),
        "{sources}"
    );
}

#[test]
fn a_cause_is_said_once() {
    let home = TestHome::new();
    home.write(
        "data/missing.yaml",
        "title: t\nsource: {format: folder, path: nowhere}\n",
    );
    let utf16: Vec<u8> = "title: t\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(
        home.path().join("models/u.yaml"),
        [&[0xff, 0xfe][..], &utf16].concat(),
    )
    .unwrap();
    let error = home.refuse(&["score", "--nn", "u", "--dataset", "two"]);
    assert_eq!(error.matches("UTF-8").count(), 1, "{error}");
    home.write("file", "");
    for arguments in [
        &["score", "--nn", "small", "--dataset", "two", "--save", "file/x"][..],
        &["report", "--figures", "file/x"],
    ] {
        let error = home.refuse(arguments);
        assert!(error.matches("os error").count() <= 1, "{error}");
    }
}

#[test]
fn a_run_ends_with_a_table_or_with_json_and_a_report_knows_its_sessions() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    home.write("sessions/tour.yaml", SESSION);
    let told = json(&home.succeed(&["run", "tour", "--json"]));
    assert_eq!(
        (&told[0]["state"], &told[0]["queue"]),
        (&"finished".into(), &"first".into())
    );
    let auroc = told[0]["metrics"]["odin"]["auroc"].as_f64().unwrap();
    let text = home.succeed(&["run", "tour"]);
    assert!(
        text.contains("FPR95")
            && text.contains(&format!("{:.2}", 100.0 * auroc))
            && text.contains("was finished"),
        "{text}"
    );
    let error = home.refuse(&["report", "--session", "tuor"]);
    assert!(error.contains("did you mean tour?"), "{error}");
    let findings = json(&home.succeed(&["doctor", "--json"]));
    let names: Vec<&str> = findings
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert!(
        names.contains(&"libtorch") && names.contains(&"data"),
        "{findings}"
    );
}

#[test]
fn doctor_names_near_and_far_sets_that_no_card_is_called() {
    let home = TestHome::new();
    let card = std::fs::read_to_string(home.path().join("models/small.yaml")).unwrap();
    let noise = "title: t\naliases: [scrawls]\nsource: {format: uniform, count: 4, size: [32, 32]}\n";
    home.write("data/figures.yaml", noise);
    let findings = |sets: &str| {
        home.write("models/small.yaml", &format!("{card}{sets}\n"));
        let findings = json(&home.succeed(&["doctor", "--json"]));
        let all = findings.as_array().unwrap().clone();
        all.into_iter().find(|one| one["name"] == "near, far")
    };
    assert_eq!(findings("near: [Scrawls]\nfar: [TWO, uniform]"), None);
    let found = findings("near: [scrawl, two]\nfar: [nowhere-else]").unwrap();
    let text = found["found"].as_str().unwrap();
    assert!(
        text.contains("`scrawl` (near in small, did you mean scrawls?), `nowhere-else` (far in small)"),
        "{text}"
    );
    assert!(found["advice"].as_str().unwrap().contains("write a data card"));
}

/// `odin run tour` under way, with what it says on standard error.
fn running(home: &TestHome, more: &[&str]) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_odin"))
        .args(["run", "tour"])
        .args(more)
        .env("ODIN_HOME", home.path())
        .env_remove("ODIN_RUNS")
        .env_remove("CARGO")
        .current_dir(home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    (child, lines)
}

fn wait_for(said: &mut Lines<BufReader<ChildStderr>>, part: &str) {
    let mut all = String::new();
    for line in said {
        all += &line.unwrap();
        if all.contains(part) {
            return;
        }
    }
    panic!("`{part}` is not said: {all}");
}

#[test]
fn ctrl_c_tells_what_was_kept() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    // More than are scored before the signal comes.
    home.write(
        "data/two.yaml",
        "title: noise\nsource: {format: gaussian, count: 1000000, size: [32, 32], seed: 2}\n",
    );
    home.write("sessions/tour.yaml", SESSION);
    let (mut child, mut said) = running(&home, &[]);
    wait_for(&mut said, "begun");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    wait_for(&mut said, "interrupted: 0 of 1 job finished");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_second_run_waits_for_the_first() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    home.write("sessions/tour.yaml", SESSION);
    let told = json(&home.succeed(&["run", "tour", "--json"]));
    // As the first holds it.
    let lock = File::create(Path::new(told[0]["folder"].as_str().unwrap()).join(".lock")).unwrap();
    lock.lock().unwrap();
    let (mut child, mut said) = running(&home, &["--again"]);
    wait_for(&mut said, "waiting for it");
    assert!(child.try_wait().unwrap().is_none());
    drop(lock);
    assert!(child.wait().unwrap().success());
}
