//! What the programs tell of themselves: `ODIN_LOG`, warnings, and messages that hold anything.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#![cfg(unix)]
mod support;

use std::path::Path;
use std::process::{Command, Output};

use portable_pty::CommandBuilder;
use support::home::TestHome;
use support::terminal::Terminal;

const SESSION: &str = "version: 2\nname: test\ndefaults: {temperature: 1000, magnitude: 0.0014, device: cpu}\n\
                       queues:\n  - name: q\n    jobs:\n      - {network: small, dataset: two}\n";

fn home() -> TestHome {
    let home = TestHome::new();
    home.write("sessions/test.yaml", SESSION);
    home
}

fn odin(home: &TestHome, log: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_odin"))
        .args(arguments)
        .env("ODIN_HOME", home.path())
        .env("XDG_STATE_HOME", home.path().join("state"))
        .env("ODIN_LOG", log)
        .current_dir(home.path())
        .output()
        .unwrap()
}

fn log(home: &Path) -> String {
    let files = std::fs::read_dir(home.join("state/odin")).unwrap().flatten();
    files
        .map(|file| std::fs::read_to_string(file.path()).unwrap())
        .collect()
}

#[test]
fn both_programs_write_a_log_and_nothing_of_it_is_on_the_screen() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_odin"));
    command.arg("test");
    command.env("ODIN_LOG", "debug");
    let mut terminal = Terminal::run(home.path(), command, 24, 80);
    terminal.wait_for_text("done");
    terminal.send("q");
    assert!(!String::from_utf8_lossy(&terminal.raw).contains("DEBUG"));
    assert_eq!(terminal.end(), 0);
    let log = log(home.path());
    for text in [
        "the dashboard opens a session session=",
        "the terminal was taken",
        "the engine was started",
        "the dashboard ends exit=Quit",
    ] {
        assert!(log.contains(text), "{text}:\n{log}");
    }
    assert_eq!(
        log.matches(": started version=").count(),
        2,
        "the dashboard and its engine:\n{log}"
    );
}

#[test]
fn a_level_that_there_is_not_is_refused() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let output = odin(&home, "verbose", &["list"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error.contains("ODIN_LOG: `verbose`") && error.lines().count() == 1,
        "{error}"
    );
    assert!(output.stdout.is_empty() && !home.path().join("state").exists());
    home.write("state", "a file where the folder should be");
    let error = String::from_utf8(odin(&home, "debug", &["list"]).stderr).unwrap();
    assert!(
        error.contains("state/odin") && error.contains("ODIN_LOG"),
        "{error}"
    );
}

#[test]
fn the_log_is_named_and_not_written_unless_asked_for() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let told = String::from_utf8(odin(&home, "", &["doctor"]).stdout).unwrap();
    let folder = home.path().join("state/odin");
    let line = told
        .lines()
        .find(|line| line.trim_start().starts_with("log "))
        .unwrap();
    assert!(
        line.contains(folder.to_str().unwrap()) && line.contains("ODIN_LOG=debug"),
        "{line}"
    );
    assert!(!folder.exists());
}

/// The engine cannot remember how large a batch may be, as a folder lies where its file should.
#[test]
fn a_warning_of_the_engine_is_on_the_log_screen() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    std::fs::create_dir_all(home.path().join("runs/batch-sizes.json")).unwrap();
    let mut terminal = Terminal::open(&home, 24, 120);
    terminal.wait_for_text("done");
    terminal.send("6");
    terminal.wait_for("the warning", |s| {
        s.lines()
            .any(|line| line.contains("warning") && line.contains("batch-sizes.json"))
    });
    terminal.send("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn what_a_card_says_does_not_steer_the_terminal() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    home.write(
        "data/esc.yaml",
        "title: \"a \\e[31mred\\e[0m \\a title\"\nsource: {format: uniform, count: 8, size: [32, 32]}\n",
    );
    let told = home.succeed(&["list", "datasets"]);
    assert!(told.contains("a red  title"), "{told}");
    assert!(!told.contains(|c: char| c.is_control() && c != '\n'), "{told:?}");
    let error = home.refuse(&["score", "--nn", "no\x1b[2Jthing", "--dataset", "two"]);
    assert!(error.contains("nothing") && !error.contains('\x1b'), "{error:?}");
    // The picker shows titles, and the log the names of files.
    home.write("data/\x1b[35mesc2.yaml", "no: card\n");
    let mut terminal = Terminal::open(&home, 24, 120);
    terminal.wait_for_text("done");
    terminal.send("n");
    // Behind the two kinds of noise.
    terminal.wait_for_text("enter adds");
    terminal.send("\x1b[B\x1b[B");
    terminal.wait_for_text("a red");
    assert!(
        !terminal
            .raw
            .windows(5)
            .any(|bytes| bytes == b"\x1b[31m" || bytes == b"\x1b[35m")
    );
    terminal.send("\x1b");
    terminal.wait_for("the picker to go", |s| !s.contains("a red"));
    terminal.send("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_folder_that_was_removed_is_named_as_the_cause() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let gone = home.path().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let script = format!(
        "rmdir '{}' && exec '{}' list networks",
        gone.display(),
        env!("CARGO_BIN_EXE_odin")
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("ODIN_HOME", home.path())
        .current_dir(&gone)
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    let last = error.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("error: the current folder was removed"),
        "{error}"
    );
}
