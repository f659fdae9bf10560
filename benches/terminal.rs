//! The whole program in a pseudo-terminal, on the demo network: the first frame, a key's way to the screen while every core
//! scores, a step of T over cached images, and what it costs while idle: `cargo bench --bench terminal`. Budgets: the first
//! frame within 150 ms, a key within 33 ms (p99), idle below 0.5 % of a core and not a byte.
#![allow(clippy::unwrap_used, reason = "what is measured is made here")]
#![allow(unreachable_pub, reason = "no other crate imports a benchmark")]
#[path = "../tests/support/mod.rs"]
mod support;
mod times;

use std::path::Path;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use support::terminal::Terminal;
use times::say;

const STARTS: usize = 20;
const KEYS: usize = 300;
const STEPS: usize = 40;
const IDLE: Duration = Duration::from_secs(10);
const SIZES: [(u16, u16); 2] = [(24, 80), (60, 200)];

/// A home with the demo's cards and files, and sessions of our own. Evidence is kept in memory alone, and forgotten.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for folder in ["models", "data"] {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        std::os::unix::fs::symlink(here, home.path().join(folder)).unwrap();
    }
    std::fs::create_dir(home.path().join("sessions")).unwrap();
    let session = |name: &str, magnitude: &str, limit: &str| {
        let text = format!(
            "version: 2\nname: {name}\ndefaults: {{temperature: 1000, magnitude: {magnitude}, device: cpu, limit: {limit}}}\n\
             queues:\n  - {{name: q, jobs: [{{network: fashion-densenet, dataset: Uniform}}]}}\n"
        );
        std::fs::write(home.path().join(format!("sessions/{name}.yaml")), text).unwrap();
    };
    session("busy", "0.0014", "null");
    session("still", "0", "null");
    home
}

fn open(home: &Path, session: &str, (rows, cols): (u16, u16)) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_odin"));
    command.arg(session);
    command.env("ODIN_EVIDENCE_DISK", "0");
    Terminal::run(home, command, rows, cols)
}

fn close(mut terminal: Terminal) {
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
}

fn first_frame(home: &Path) {
    let (mut frames, mut engines) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let start = Instant::now();
        let mut terminal = open(home, "busy", SIZES[0]);
        terminal.time_until("a frame", |s| s.contains("AUROC"));
        frames.push(start.elapsed());
        terminal.time_until("a score", |s| s.contains("running"));
        engines.push(start.elapsed());
        close(terminal);
    }
    say("from the start to the first frame", frames);
    say("from the start to the first scores", engines);
}

/// Help comes and goes while every core scores: what the frame shows tells that it answers the key.
fn keys(home: &Path, size: (u16, u16)) {
    let mut terminal = open(home, "busy", size);
    terminal.time_until("scores", |s| s.contains("running"));
    let mut times = Vec::new();
    for key in 0..KEYS {
        // Out of step with the frames.
        terminal.read_for(Duration::from_millis(20 + (key as u64 * 7) % 41));
        assert!(
            !terminal.text().contains("done"),
            "the job is done: this measures no busy engine"
        );
        let shows_help = |s: &str| s.contains("ten steps");
        terminal.send("?");
        times.push(terminal.time_until("help", |s| shows_help(s) == (key % 2 == 0)));
    }
    close(terminal);
    say(
        &format!("a key to its frame, all cores scoring, {}x{}", size.1, size.0),
        times,
    );
}

/// T moves a step at ε = 0: the engine answers from its evidence, and all scores come over the pipe.
fn steps(home: &Path) {
    let mut terminal = open(home, "still", SIZES[0]);
    terminal.time_until("the end", |s| s.contains("done"));
    let mut times = Vec::new();
    for step in 0..STEPS {
        terminal.read_for(Duration::from_millis(700));
        let value = 100 + step;
        terminal.send(&format!("={value}"));
        terminal.read_for(Duration::from_millis(200));
        terminal.send("\r");
        let row = format!(" {value} ");
        times.push(terminal.time_until("all scores", |s| {
            s.lines().any(|line| line.contains(&row) && line.contains("done"))
        }));
    }
    close(terminal);
    say("another T over all cached images, to its frame", times);
}

/// Of the program and of its engine.
#[cfg(target_os = "linux")]
fn idle(home: &Path) {
    let mut terminal = open(home, "still", SIZES[1]);
    terminal.time_until("the end", |s| s.contains("done"));
    while terminal.read_for(Duration::from_secs(3)) > 0 {}
    let program = terminal.id();
    let children = std::fs::read_to_string(format!("/proc/{program}/task/{program}/children")).unwrap();
    let ids: Vec<String> = [program.to_string()]
        .into_iter()
        .chain(children.split_whitespace().map(str::to_owned))
        .collect();
    let per_second = rustix::param::clock_ticks_per_second() as f64;
    let ticks = || -> u64 {
        let of = |id: &String| {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
            fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
        };
        ids.iter().map(of).sum()
    };
    let before = ticks();
    let bytes = terminal.read_for(IDLE);
    let share = (ticks() - before) as f64 / per_second / IDLE.as_secs_f64();
    close(terminal);
    println!(
        "idle for {IDLE:?}: {bytes} bytes, {:.2} % of a core in {} processes",
        100.0 * share,
        ids.len()
    );
}

fn main() {
    let home = home();
    let home = home.path();
    first_frame(home);
    for size in SIZES {
        keys(home, size);
    }
    steps(home);
    #[cfg(target_os = "linux")]
    idle(home);
}
