//! Pictures through a real tmux. Skipped where there is none.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#![cfg(unix)]
mod support;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use portable_pty::CommandBuilder;
use support::home::TestHome;
use support::terminal::Terminal;

const SESSION: &str = "version: 2\nname: test\ndefaults: {temperature: 1000, magnitude: 0.0014, device: cpu}\n\
                       queues:\n  - name: q\n    jobs:\n      - {network: small, dataset: two}\n";
/// Quiet (-q) about what older versions lack.
const SETTINGS: &str = "set -gq status-position top\nset -gq status-interval 0\nset -gq focus-events on\n\
                        set -gq default-terminal screen-256color\nset -gq escape-time 0\n";
const PIECE: &str = "\x1b_G";

/// A tmux of its own, which ends with the test.
struct Tmux(PathBuf);

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux")
            .arg("-S")
            .arg(&self.0)
            .arg("kill-server")
            .output();
    }
}

fn home() -> Option<TestHome> {
    if Command::new("tmux").arg("-V").output().is_err() {
        println!("skipped: there is no tmux");
        return None;
    }
    let home = TestHome::new();
    home.write("sessions/test.yaml", SESSION);
    Some(home)
}

fn open(home: &TestHome, pixels: &str, settings: &str, rows: u16) -> (Terminal, Tmux) {
    home.write("tmux.conf", &format!("{SETTINGS}{settings}"));
    let socket = home.path().join("tmux.sock");
    let mut command = CommandBuilder::new("tmux");
    command.arg("-u");
    command.arg("-S");
    command.arg(&socket);
    command.arg("-f");
    command.arg(home.path().join("tmux.conf"));
    command.arg("new-session");
    command.arg(format!(
        "ODIN_PIXELS={pixels} exec {} test",
        env!("CARGO_BIN_EXE_odin")
    ));
    (Terminal::run(home.path(), command, rows, 80), Tmux(socket))
}

fn settle(terminal: &mut Terminal) {
    while terminal.read_for(Duration::from_millis(800)) > 0 {}
}

fn on_screen(raw: &[u8]) -> i32 {
    let raw = String::from_utf8_lossy(raw);
    raw.split(PIECE).fold(0, |count, said| match said {
        _ if said.starts_with("a=T,") => count + 1,
        _ if said.starts_with("a=d,d=I,") => count - 1,
        _ => count,
    })
}

#[test]
fn kitty_s_pictures_are_cells_of_tmux() {
    if support::engine().is_none() {
        return;
    }
    let Some(home) = home() else { return };
    let (mut terminal, _tmux) = open(&home, "kitty", "set -gq allow-passthrough on\n", 25);
    terminal.wait_for_text("done");
    settle(&mut terminal);
    let raw = String::from_utf8_lossy(&terminal.raw).into_owned();
    assert_eq!(on_screen(&terminal.raw), 2, "a histogram and the ROC");
    assert!(raw.contains(",U=1,") && raw.contains('\u{10eeee}') && !raw.contains("\x1bPtmux;"));
    // Nothing is sent while nothing happens, once tmux has given up on an answer from the terminal (5 s).
    terminal.read_for(Duration::from_secs(6));
    let before = terminal.raw.len();
    terminal.read_for(Duration::from_secs(3));
    assert_eq!(String::from_utf8_lossy(&terminal.raw[before..]), "");
    let mut after = |keys: &str| {
        terminal.send(keys);
        settle(&mut terminal);
        on_screen(&terminal.raw)
    };
    assert_eq!(after("?"), 0, "nothing lies over the help");
    assert_eq!(after("?"), 2);
    assert_eq!(after("."), 0, "braille");
    assert_eq!(after("."), 0, "blocks");
    assert_eq!(after("."), 2, "pixels");
    // The terminal says that it has the focus again: what tmux may have dropped is sent once more.
    let before = String::from_utf8_lossy(&terminal.raw).matches("a=T,").count();
    terminal.send("\x1b[O");
    settle(&mut terminal);
    terminal.send("\x1b[I");
    settle(&mut terminal);
    let sent = String::from_utf8_lossy(&terminal.raw).matches("a=T,").count();
    assert_eq!((sent - before, on_screen(&terminal.raw)), (2, 2));
    // tmux leaves the mouse as it was only with its server.
    terminal.send("qq");
    terminal.wait_for("tmux to end", |s| s.contains("[exited]"));
    assert_eq!(on_screen(&terminal.raw), 0, "none is left in the terminal");
}

#[test]
fn iterm2_s_pictures_are_where_they_would_be_without_tmux() {
    if support::engine().is_none() {
        return;
    }
    let Some(home) = home() else { return };
    let places = |raw: &[u8]| -> Vec<(u32, u32)> {
        let raw = String::from_utf8_lossy(raw);
        let before: Vec<&str> = raw.split("\x1b]1337;").collect();
        let place = |text: &&str| {
            let (row, column) = text.rsplit_once("\x1b[")?.1.strip_suffix('H')?.split_once(';')?;
            Some((row.parse().ok()?, column.parse().ok()?))
        };
        let mut places: Vec<_> = before[..before.len() - 1]
            .iter()
            .map(|text| place(text).unwrap())
            .collect();
        places.sort();
        places.dedup();
        places
    };
    let (mut inside, _tmux) = open(&home, "iterm2", "set -gq allow-passthrough on\n", 25);
    inside.wait_for_text("done");
    settle(&mut inside);
    inside.send("qq");
    inside.wait_for("tmux to end", |s| s.contains("[exited]"));
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_odin"));
    command.arg("test");
    command.env("ODIN_PIXELS", "iterm2");
    let mut outside = Terminal::run(home.path(), command, 24, 80);
    outside.wait_for_text("done");
    settle(&mut outside);
    outside.send("qq");
    let below: Vec<_> = places(&outside.raw)
        .iter()
        .map(|(row, column)| (row + 1, *column))
        .collect();
    assert!(!below.is_empty());
    assert_eq!(places(&inside.raw), below, "one row below, under the status line");
    outside.end();
}

#[test]
fn a_tmux_that_passes_nothing_on_gets_no_pictures() {
    if support::engine().is_none() {
        return;
    }
    let Some(home) = home() else { return };
    let (mut terminal, _tmux) = open(&home, "kitty", "set -gq allow-passthrough off\n", 25);
    terminal.wait_for_text("done");
    settle(&mut terminal);
    let raw = String::from_utf8_lossy(&terminal.raw).into_owned();
    assert!(!raw.contains(PIECE) && !raw.contains('\u{10eeee}'));
    assert!(
        terminal.text().contains('⣀')
            || terminal
                .text()
                .chars()
                .any(|c| ('\u{2800}'..'\u{2900}').contains(&c)),
        "braille"
    );
    terminal.send("qq");
    terminal.wait_for("tmux to end", |s| s.contains("[exited]"));
}
