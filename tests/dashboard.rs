//! The dashboard in a real pseudo-terminal: what a person sees, does, and gets back.
#![cfg(unix)]
mod support;

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use support::home::TestHome;

const PATIENCE: Duration = Duration::from_secs(90);

const SESSION: &str = "# kept\nversion: 1\nname: test\ndefaults: {temperature: 1000, magnitude: 0.0014, device: cpu}\n\
                       queues:\n  - name: q\n    jobs:\n      - {network: small, dataset: two}\n";

struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: Vec<u8>,
}

impl Terminal {
    fn open(home: &TestHome, rows: u16, cols: u16) -> Self {
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_odin"));
        command.arg("test");
        command.cwd(home.path());
        for (name, value) in [
            ("ODIN_HOME", home.path().to_str().unwrap()),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
        ] {
            command.env(name, value);
        }
        for name in ["LC_ALL", "LC_CTYPE", "NO_COLOR", "TMUX"] {
            command.env_remove(name);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self {
            master: pair.master,
            child,
            writer,
            bytes,
            screen: vt100::Parser::new(cells(rows), cells(cols), 0),
            raw: Vec::new(),
        }
    }

    fn send(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Takes in what comes within the time; how many bytes it was.
    fn read_for(&mut self, time: Duration) -> usize {
        let (end, mut count) = (Instant::now() + time, 0);
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let Ok(bytes) = self.bytes.recv_timeout(left) else {
                break;
            };
            count += bytes.len();
            self.screen.process(&bytes);
            self.raw.extend(bytes);
        }
        count
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    fn wait_for(&mut self, what: &str, seen: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !seen(&self.text()) {
            assert!(start.elapsed() < PATIENCE, "waited for {what}:\n{}", self.text());
            self.read_for(Duration::from_millis(20));
        }
    }

    fn wait_for_text(&mut self, text: &str) {
        self.wait_for(text, |screen| screen.contains(text));
    }

    fn resize(&mut self, rows: u16, cols: u16) {
        self.master
            .resize(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        self.screen.screen_mut().set_size(cells(rows), cells(cols));
    }

    /// Row and column, from 1, of the first place where the text stands.
    fn find(&self, text: &str) -> (usize, usize) {
        let screen = self.text();
        let found = screen.lines().enumerate().find_map(|(row, line)| {
            let at = line.find(text)?;
            Some((row + 1, line[..at].chars().count() + 1))
        });
        found.unwrap_or_else(|| panic!("no {text} on\n{screen}"))
    }

    fn signal(&self, signal: i32) {
        let id = self.child.process_id().unwrap() as i32;
        // SAFETY: a signal to the child that this test has started and not waited for.
        assert_eq!(unsafe { libc::kill(id, signal) }, 0);
    }

    /// The exit code, once all output is there; the terminal must have been given back whole.
    fn end(mut self) -> u32 {
        let start = Instant::now();
        let status = loop {
            self.read_for(Duration::from_millis(20));
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
        };
        self.read_for(Duration::from_millis(100));
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left on");
        assert!(!screen.hide_cursor(), "the cursor is left hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is left on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        status.exit_code()
    }
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}

fn home() -> TestHome {
    let home = TestHome::new();
    home.write("sessions/test.yaml", SESSION);
    home
}

#[test]
fn a_person_explores_saves_and_comes_back() {
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
    terminal.send("q");
    assert_eq!(terminal.end(), 0);

    let mut again = Terminal::open(&home, 24, 80);
    again.wait_for_text(" 500 0.0014");
    again.send("q");
    assert_eq!(again.end(), 0);
}

#[test]
fn sliders_follow_the_mouse_also_through_a_resize() {
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
        s.lines().any(|line| line.chars().count() > 150)
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

#[test]
fn signals_leave_the_terminal_whole() {
    let home = home();
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        let mut terminal = Terminal::open(&home, 24, 80);
        terminal.wait_for_text("small");
        terminal.signal(signal);
        assert_eq!(terminal.end(), 128 + signal as u32);
    }
}

#[test]
fn what_it_cannot_open_it_says_in_a_line() {
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
