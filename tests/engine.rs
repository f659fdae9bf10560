//! The engine in a process of its own: libtorch is nowhere else, and the dashboard outlives it.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#![cfg(unix)]
mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command as Program;
use std::sync::mpsc::{Receiver, channel};

use odin_core::home::Home;
use odin_core::protocol::{Command, EngineEnded, EngineProcess, Event};
#[cfg(target_os = "linux")]
use rustix::process::{Pid, Signal, kill_process};
use support::home::TestHome;
use support::terminal::{PATIENCE, Terminal};

fn process(program: &Path, home: &TestHome) -> (EngineProcess, Receiver<Result<Event, EngineEnded>>) {
    let (sender, events) = channel();
    let process = EngineProcess::start(program, &Home::at(home.path()), true, move |event| {
        let _ = sender.send(event);
        Vec::new()
    });
    (process.unwrap(), events)
}

/// Why it has ended.
fn last_word(events: &Receiver<Result<Event, EngineEnded>>) -> String {
    loop {
        match events.recv_timeout(PATIENCE).expect("a word of the engine") {
            Ok(_) => {}
            Err(reason) => return reason.to_string(),
        }
    }
}

#[test]
fn what_is_no_engine_is_stopped_and_named() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    for (script, expected) in [
        ("echo some other program; sleep 60", "does not speak as an engine"),
        ("exit 3", "exit code 3"),
        ("kill -9 $$", "signal 9"),
        ("kill -SEGV $$", "crashed (signal 11)"),
        // The greeting of another version, and then silence.
        (
            r"printf '\016\000\000\000odin\0110.0.0 old'; sleep 60",
            "another build (0.0.0 old)",
        ),
    ] {
        let program = home.path().join("engine.sh");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let (process, events) = process(&program, &home);
        process.send(Command::Shutdown);
        let reason = last_word(&events);
        assert!(reason.contains(expected), "{script}: {reason}");
    }
    let nothing = EngineProcess::start(&home.path().join("nothing"), &Home::at(home.path()), true, |_| {
        Vec::new()
    });
    assert!(nothing.is_err());
}

#[test]
fn without_the_other_program_one_line_says_what_is_missing() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    let odin = home.path().join("odin");
    std::fs::copy(env!("CARGO_BIN_EXE_odin"), &odin).unwrap();
    let run = |arguments: &[&str]| {
        let mut program = Program::new(&odin);
        program.args(arguments).env("ODIN_HOME", home.path());
        program.output().unwrap()
    };
    let output = run(&["score", "--nn", "small", "--dataset", "two"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error.contains("odin-engine is missing") && error.lines().count() == 1,
        "{error}"
    );
    let output = run(&["list", "networks"]);
    assert!(output.status.success(), "what needs no libtorch works without it");
}

/// The dashboard is on the screen before libtorch could be loaded, and stays when libtorch crashes.
#[cfg(target_os = "linux")]
#[test]
fn the_dashboard_does_not_load_libtorch() {
    if support::engine().is_none() {
        return;
    }
    let output = Program::new(env!("CARGO_BIN_EXE_odin"))
        .env("LD_TRACE_LOADED_OBJECTS", "1")
        .output()
        .unwrap();
    let libraries = String::from_utf8(output.stdout).unwrap();
    assert!(
        libraries.contains("libc") && !libraries.contains("libtorch"),
        "{libraries}"
    );
}

/// Processes whose parent this is.
#[cfg(target_os = "linux")]
fn children(parent: u32) -> Vec<i32> {
    let listed = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    listed.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn the_dashboard_outlives_its_engine_and_starts_another() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    home.write(
        "sessions/test.yaml",
        "version: 2\nname: test\ndefaults: {device: cpu}\nqueues:\n  - {name: q, jobs: [{network: small, dataset: two}]}\n",
    );
    let mut terminal = Terminal::open(&home, 24, 80);
    terminal.wait_for_text("done");
    let engines = children(terminal.id());
    assert_eq!(engines.len(), 1);
    kill_process(Pid::from_raw(engines[0]).unwrap(), Signal::KILL).unwrap();
    terminal.wait_for_text("killed (signal 9)");
    terminal.wait_for_text("no engine");
    terminal.send("\x05");
    terminal.wait_for("another engine", |s| !s.contains("no engine"));
    terminal.send("=500\r");
    terminal.wait_for("a new score", |s| s.contains(" 500 0.0014") && s.contains("done"));
    let engines = children(terminal.id());
    assert_eq!(engines.len(), 1);
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
    assert!(
        !Path::new(&format!("/proc/{}", engines[0])).exists(),
        "it takes its engine with it"
    );
}
