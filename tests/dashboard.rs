//! The dashboard in a real pseudo-terminal: what a person sees, does, and gets back.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#![cfg(unix)]
mod support;

use std::time::Duration;

use portable_pty::CommandBuilder;
use rustix::process::Signal;
use support::home::TestHome;
use support::terminal::Terminal;

const SESSION: &str = "# kept\nversion: 1\nname: test\ndefaults: {temperature: 1000, magnitude: 0.0014, device: cpu}\n\
                       queues:\n  - name: q\n    jobs:\n      - {network: small, dataset: two}\n";

fn home() -> TestHome {
    let home = TestHome::new();
    home.write("sessions/test.yaml", SESSION);
    home
}

#[test]
fn a_person_explores_saves_and_comes_back() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut terminal = Terminal::open(&home, 24, 80);
    terminal.wait_for_text("small");
    terminal.wait_for_text("done");
    terminal.wait_for("a number for AUROC", |s| {
        s.lines()
            .any(|line| line.contains("AUROC") && line.chars().filter(char::is_ascii_digit).count() >= 6)
    });
    terminal.send("?");
    terminal.wait_for_text("undo");
    terminal.send("?");
    terminal.wait_for("help to go", |s| !s.contains("redo"));

    // Type a temperature, save, and find it in the file with the comment kept.
    terminal.send("=500\r");
    terminal.wait_for("T = 500 to be done", |s| {
        s.contains(" 500 0.0014") && s.contains("done")
    });
    terminal.send("s");
    terminal.wait_for("word of the save", |s| {
        s.contains("saved") && !s.contains("unsaved")
    });
    let saved = std::fs::read_to_string(home.path().join("sessions/test.yaml")).unwrap();
    assert!(saved.starts_with("# kept\n") && saved.contains("500"), "{saved}");
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);

    let mut again = Terminal::open(&home, 24, 80);
    again.wait_for_text(" 500 0.0014");
    again.send("qq");
    assert_eq!(again.end(), 0);
}

#[test]
fn sliders_follow_the_mouse_also_through_a_resize() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut terminal = Terminal::open(&home, 24, 80);
    terminal.wait_for_text("done");
    let (row, column) = terminal.find("┤ 10000");
    // Press near the right end, drag left in steps, with a resize in between, and let go.
    terminal.send(&format!("\x1b[<0;{};{row}M", column - 3));
    for step in 4..20 {
        terminal.send(&format!("\x1b[<32;{};{row}M", column - step));
    }
    terminal.resize(60, 200);
    terminal.wait_for("the wide screen", |s| {
        s.contains("┤ 10000") && s.lines().any(|line| line.chars().count() > 150)
    });
    let (row, column) = terminal.find("┤ 10000");
    terminal.send(&format!(
        "\x1b[<0;{};{row}M\x1b[<32;{};{row}M\x1b[<0;{};{row}m",
        column - 5,
        column - 150,
        column - 150
    ));
    terminal.wait_for("a small T", |s| {
        let job = s
            .lines()
            .find(|line| line.contains("small") && line.contains("two"))
            .unwrap_or_default();
        job.contains("done") && !job.contains("1000 ")
    });
    terminal.resize(8, 30);
    terminal.wait_for_text("odin needs 60");
    terminal.resize(24, 80);
    terminal.wait_for_text("AUROC");
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn idle_it_writes_nothing() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut terminal = Terminal::open(&home, 24, 80);
    terminal.wait_for_text("done");
    // The intervals come a moment after the last score.
    while terminal.read_for(Duration::from_millis(1500)) > 0 {}
    assert_eq!(terminal.read_for(Duration::from_secs(2)), 0);
    // A drag of 200 steps is coalesced: far fewer frames than steps.
    let (row, column) = terminal.find("┤ 10000");
    terminal.send(&format!("\x1b[<0;{};{row}M", column - 10));
    for step in 0..200 {
        terminal.send(&format!("\x1b[<32;{};{row}M", column - 10 - step % 30));
    }
    terminal.send(&format!("\x1b[<0;{};{row}m", column - 10));
    let bytes = terminal.read_for(Duration::from_secs(1));
    assert!(bytes > 0 && bytes < 200 * 1000, "{bytes} bytes");
    terminal.send("qq");
    terminal.end();
}

/// kitty's protocol, over plots and images: what is shown is sent once, and taken away by name.
#[test]
fn pictures_come_and_go() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_odin"));
    command.arg("test");
    command.env("ODIN_PIXELS", "kitty");
    let mut terminal = Terminal::run(home.path(), command, 24, 80);
    terminal.wait_for_text("done");
    while terminal.read_for(Duration::from_millis(1500)) > 0 {}
    let on_screen = |raw: &[u8]| {
        let raw = String::from_utf8_lossy(raw);
        raw.split("\x1b_G").fold(0, |count, said| match said {
            _ if said.starts_with("a=T,") => count + 1,
            _ if said.starts_with("a=d,d=I,") => count - 1,
            _ if said.starts_with("a=d,d=A,") => 0,
            _ => count,
        })
    };
    assert_eq!(on_screen(&terminal.raw), 2, "a histogram and the ROC");
    let mut after = |keys: &str| {
        terminal.send(keys);
        while terminal.read_for(Duration::from_millis(1000)) > 0 {}
        on_screen(&terminal.raw)
    };
    assert_eq!(after("?"), 0, "nothing lies over the help");
    assert_eq!(after("?"), 2);
    assert_eq!(after("."), 0, "braille");
    assert!(after("3") >= 4, "images");
    assert_eq!(after("."), 0, "half blocks");
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
}

/// A serial line, or a container's first moment: its size is not known yet.
#[test]
fn a_terminal_that_tells_no_size_is_drawn_on_all_the_same() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_odin"));
    command.arg("test");
    let mut terminal = Terminal::run_where_told(home.path(), command, 24, 80, (0, 0));
    terminal.wait_for_text("AUROC");
    terminal.wait_for_text("done");
    terminal.resize(40, 120);
    terminal.wait_for("the true size", |s| {
        s.lines().any(|line| line.chars().count() > 100)
    });
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn signals_leave_the_terminal_whole() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut terminal = Terminal::open(&home, 24, 80);
        terminal.wait_for_text("small");
        terminal.signal(signal);
        assert_eq!(terminal.end(), 128 + signal.as_raw() as u32);
    }
}

#[test]
fn what_it_cannot_open_it_says_in_a_line() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    home.write("sessions/bad.yaml", "version: 1\nname: bad\nqueues:\n  - name: q\n    jobs:\n      - {network: small, dataset: two, magnitude: -1}\n");
    let error = home.refuse(&["bad"]);
    assert!(
        error.contains("bad.yaml:6:") && error.contains("magnitude"),
        "{error}"
    );
    assert!(home.refuse(&["nowhere"]).contains("odin list sessions"));
    // The test's standard output is no terminal.
    assert!(home.refuse(&["test"]).contains("needs a terminal"));
}
