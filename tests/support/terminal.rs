//! A pseudo-terminal with the program in it: what a person sees, does, and gets back.
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use super::home::TestHome;

pub const PATIENCE: Duration = Duration::from_secs(90);

pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    pub raw: Vec<u8>,
}

impl Terminal {
    /// The dashboard on the session `test`.
    pub fn open(home: &TestHome, rows: u16, cols: u16) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_odin"));
        command.arg("test");
        Self::run(home.path(), command, rows, cols)
    }

    /// The program with this folder as its home.
    pub fn run(home: &Path, command: CommandBuilder, rows: u16, cols: u16) -> Self {
        Self::run_where_told(home, command, rows, cols, (rows, cols))
    }

    /// In a terminal of rows and columns that tells programs that it has others.
    pub fn run_where_told(
        home: &Path,
        mut command: CommandBuilder,
        rows: u16,
        cols: u16,
        told: (u16, u16),
    ) -> Self {
        let size = PtySize {
            rows: told.0,
            cols: told.1,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        command.cwd(home);
        for (name, value) in [
            ("ODIN_HOME", home.to_str().unwrap()),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("XDG_CONFIG_HOME", home.join("config").to_str().unwrap()),
            ("XDG_STATE_HOME", home.join("state").to_str().unwrap()),
        ] {
            command.env(name, value);
        }
        for name in [
            "LC_ALL",
            "LC_CTYPE",
            "NO_COLOR",
            "TMUX",
            "COLORFGBG",
            "ODIN_CONFIG",
            "CARGO",
            "COLUMNS",
            "LINES",
        ] {
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

    pub fn send(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Takes in what comes within the time; how many bytes it was.
    pub fn read_for(&mut self, time: Duration) -> usize {
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

    /// Waits, to the moment at which it comes, for what makes the screen so; how long that took.
    pub fn time_until(&mut self, what: &str, seen: impl Fn(&str) -> bool) -> Duration {
        let start = Instant::now();
        while !seen(&self.text()) {
            let bytes = self.bytes.recv_timeout(PATIENCE.saturating_sub(start.elapsed()));
            let bytes = bytes.unwrap_or_else(|_| panic!("waited for {what}:\n{}", self.text()));
            self.screen.process(&bytes);
        }
        start.elapsed()
    }

    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    pub fn wait_for(&mut self, what: &str, seen: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !seen(&self.text()) {
            assert!(start.elapsed() < PATIENCE, "waited for {what}:\n{}", self.text());
            self.read_for(Duration::from_millis(20));
        }
    }

    pub fn wait_for_text(&mut self, text: &str) {
        self.wait_for(text, |screen| screen.contains(text));
    }

    pub fn resize(&mut self, rows: u16, cols: u16) {
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
    pub fn find(&self, text: &str) -> (usize, usize) {
        let screen = self.text();
        let found = screen.lines().enumerate().find_map(|(row, line)| {
            let at = line.find(text)?;
            Some((row + 1, line[..at].chars().count() + 1))
        });
        found.unwrap_or_else(|| panic!("no {text} on\n{screen}"))
    }

    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.id() as i32).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Waits until the program has ended, however it left the terminal.
    pub fn wait(mut self) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            self.read_for(Duration::from_millis(20));
        }
    }

    /// The exit code, once all output is there; the terminal must have been given back whole.
    pub fn end(mut self) -> u32 {
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
