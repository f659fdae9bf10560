//! Losing the line: signals, a closed terminal, a kill, a panic, a second program; and being put to the background.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#![cfg(unix)]
mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use odin_core::session::Session;
use odin_tui::app::{Catalogue, Model};
use odin_tui::config::Config;
use odin_tui::term::{self, Capabilities, EngineLink, TermOptions};
use portable_pty::CommandBuilder;
use rustix::fs::OFlags;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Signal, ioctl_tiocsctty, setsid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use support::home::TestHome;
use support::terminal::{PATIENCE, Terminal};

const SESSION: &str = "version: 2\nname: test\ndefaults: {temperature: 1000, magnitude: 0.0014, device: cpu}\n\
                       queues:\n  - name: q\n    jobs:\n      - {network: small, dataset: two}\n";

fn home() -> TestHome {
    let home = TestHome::new();
    home.write("sessions/test.yaml", SESSION);
    home
}

fn preset(home: &TestHome) -> PathBuf {
    home.path().join("sessions/test.yaml")
}

fn kept_aside(home: &TestHome) -> PathBuf {
    odin_core::session::autosave_path(&preset(home))
}

/// A dashboard in which T was set to 500 and not saved.
fn changed(home: &TestHome) -> Terminal {
    let mut terminal = Terminal::open(home, 24, 80);
    terminal.wait_for_text("done");
    terminal.send("=500\r");
    terminal.wait_for_text("(unsaved)");
    terminal.wait_for("the new T", |s| s.contains(" 500 0.0014"));
    terminal
}

#[test]
fn what_was_not_saved_is_offered_after_a_signal() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    for signal in [Signal::TERM, Signal::HUP] {
        let _ = std::fs::remove_file(kept_aside(&home));
        let terminal = changed(&home);
        terminal.signal(signal);
        assert_eq!(terminal.end(), 128 + signal.as_raw() as u32);
        assert_eq!(
            std::fs::read_to_string(preset(&home)).unwrap(),
            SESSION,
            "the file is left alone"
        );
        assert!(kept_aside(&home).exists());
    }
    // Asked, a person may leave it for later.
    let mut terminal = Terminal::open(&home, 24, 80);
    terminal.wait_for_text("Not saved");
    assert!(
        !terminal.text().contains("running"),
        "nothing runs before the answer:\n{}",
        terminal.text()
    );
    terminal.send("\x03");
    assert_eq!(terminal.end(), 0);
    let mut terminal = Terminal::open(&home, 24, 80);
    terminal.wait_for_text("Not saved");
    terminal.send("r");
    terminal.wait_for("the T that was not saved", |s| {
        s.contains(" 500 0.0014") && s.contains("(unsaved)")
    });
    terminal.send("s");
    terminal.wait_for("word of the save", |s| {
        s.contains("saved to") && !s.contains("(unsaved)")
    });
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
    assert!(!kept_aside(&home).exists() && std::fs::read_to_string(preset(&home)).unwrap().contains("500"));
}

#[test]
fn what_was_not_saved_can_be_thrown_away() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut terminal = changed(&home);
    // Killed, a program can do nothing; it has kept the change a moment after it was made.
    let start = Instant::now();
    while !kept_aside(&home).exists() {
        assert!(start.elapsed() < PATIENCE, "nothing was kept");
        terminal.read_for(Duration::from_millis(50));
    }
    terminal.signal(Signal::KILL);
    terminal.wait();
    let mut terminal = Terminal::open(&home, 24, 80);
    terminal.wait_for_text("Not saved");
    terminal.send("dd");
    terminal.wait_for("the T of the file", |s| {
        s.contains("1000 0.0014") && !s.contains("Not saved")
    });
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
    assert!(!kept_aside(&home).exists());
}

#[test]
fn one_quits_without_saving_and_is_not_asked_again() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut terminal = changed(&home);
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
    assert!(!kept_aside(&home).exists());
    let files: Vec<_> = std::fs::read_dir(home.path().join("sessions"))
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(files.len(), 1, "no lock is left: {files:?}");
}

/// What is on the screen comes back too, without a question.
#[test]
fn the_screen_that_was_shown_is_shown_again() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut terminal = Terminal::open(&home, 24, 80);
    terminal.wait_for_text("done");
    terminal.send("6");
    terminal.wait_for_text("log, ");
    terminal.signal(Signal::HUP);
    terminal.end();
    let mut terminal = Terminal::open(&home, 24, 80);
    terminal.wait_for_text("log, ");
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_second_program_is_told_who_has_the_session_and_gets_a_copy() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut first = Terminal::open(&home, 24, 80);
    first.wait_for_text("small");
    let mut second = Terminal::open(&home, 24, 80);
    second.wait_for_text("Open a copy");
    assert!(
        second.text().contains("is open in another odin (process"),
        "{}",
        second.text()
    );
    second.send("n\r");
    assert_eq!(second.end(), 2);
    let mut third = Terminal::open(&home, 24, 80);
    third.wait_for_text("Open a copy");
    third.send("y\r");
    third.wait_for_text("done");
    third.send("=300\r");
    third.wait_for_text("(unsaved)");
    third.send("s");
    third.wait_for_text("test-copy.yaml");
    third.send("qq");
    assert_eq!(third.end(), 0);
    let copy = home.path().join("sessions/test-copy.yaml");
    assert!(std::fs::read_to_string(copy).unwrap().contains("300"));
    first.send("qq");
    assert_eq!(first.end(), 0);
    assert_eq!(std::fs::read_to_string(preset(&home)).unwrap(), SESSION);
}

#[test]
fn a_closed_terminal_ends_the_program_and_keeps_what_was_not_saved() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let (mut master, mut child) = bare_terminal(&home);
    let mut seen = Vec::new();
    let mut wait_for = |master: &mut File, text: &str| {
        let mut buffer = [0; 65_536];
        let start = Instant::now();
        while !String::from_utf8_lossy(&seen).contains(text) {
            assert!(start.elapsed() < PATIENCE, "no {text}");
            let n = master.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..n]);
        }
    };
    wait_for(&mut master, "done");
    master.write_all(b"=500\r").unwrap();
    wait_for(&mut master, "unsaved");
    drop(master);
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < PATIENCE, "it goes on without a terminal");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(kept_aside(&home).exists());
}

/// The program in a pseudo-terminal whose other end is in one place only, so that it can be closed.
fn bare_terminal(home: &TestHome) -> (File, std::process::Child) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    // The program must not have this end.
    fcntl_setfd(&master, FdFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = File::options()
        .read(true)
        .write(true)
        .custom_flags(OFlags::NOCTTY.bits() as i32)
        .open(name)
        .unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&slave, size).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_odin"));
    command
        .arg("test")
        .current_dir(home.path())
        .env("ODIN_HOME", home.path())
        .env("TERM", "xterm-256color")
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .stdin(slave.try_clone().unwrap())
        .stdout(slave.try_clone().unwrap())
        .stderr(slave);
    // SAFETY: makes the child the leader of a session with this terminal. Both are bare system calls, which may be made
    // after a fork.
    unsafe {
        command.pre_exec(|| {
            setsid()?;
            Ok(ioctl_tiocsctty(rustix::stdio::stdin())?)
        });
    }
    let child = command.spawn().unwrap();
    (File::from(master), child)
}

/// A panic of the thread that draws is told on a terminal that is whole.
#[test]
fn a_panic_gives_the_terminal_back() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "panics_while_drawing",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env("ODIN_TEST_PANIC_IN", home.path());
    let mut terminal = Terminal::run(home.path(), command, 24, 80);
    terminal.wait_for_text("a fault in the dashboard");
    assert!(
        terminal.raw.windows(8).any(|bytes| bytes == b"\x1b[?1049h"),
        "the dashboard was there"
    );
    assert_ne!(terminal.end(), 0);
}

/// Not a test: what the one above runs in its terminal.
#[test]
#[ignore = "a part of another test"]
fn panics_while_drawing() {
    let Some(folder) = std::env::var_os("ODIN_TEST_PANIC_IN") else {
        return;
    };
    let path = PathBuf::from(folder).join("sessions/test.yaml");
    let model = Model::new(Session::load(&path).unwrap(), path);
    let options = TermOptions {
        capabilities: Capabilities::detect(),
        config: Config::default(),
        catalogue: Arc::new(Catalogue::default),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // It is called by the thread that draws, once the first frame is on the screen.
    let start = || -> Result<EngineLink, String> { panic!("a fault in the dashboard") };
    let _ = runtime.block_on(term::run(model, options, start));
}

#[test]
fn it_goes_to_the_background_and_comes_back() {
    if support::engine().is_none() {
        return;
    }
    if Command::new("bash").arg("--version").output().is_err() {
        return println!("skipped: there is no bash");
    }
    let home = home();
    let mut command = CommandBuilder::new("bash");
    command.args(["--norc", "--noprofile", "-i"]);
    command.env("PS1", "prompt> ");
    let mut terminal = Terminal::run(home.path(), command, 24, 80);
    terminal.wait_for_text("prompt> ");
    terminal.send(&format!("{} test\r", env!("CARGO_BIN_EXE_odin")));
    terminal.wait_for_text("AUROC");
    terminal.wait_for_text("done");
    terminal.send("\x1a");
    terminal.wait_for("the shell", |s| s.contains("Stopped") && !s.contains("AUROC"));
    terminal.send("echo still $((6*7)) here\r");
    terminal.wait_for_text("still 42 here");
    terminal.send("fg\r");
    terminal.wait_for("the dashboard", |s| s.contains("AUROC") && s.contains("done"));
    terminal.send("l");
    terminal.wait_for_text("(unsaved)");
    terminal.send("qq");
    terminal.wait_for("the shell again", |s| {
        s.contains("still 42 here") && !s.contains("AUROC")
    });
    terminal.send("exit\r");
    assert_eq!(terminal.end(), 0);
}
