//! Files as people write them, saved with changes.
use std::path::Path;

use super::*;
use crate::session::{Job, Saved, View};
use crate::units::{Magnitude, Temperature};

const HAND: &str = "\
# yaml-language-server: $schema=x
# What this is for.
version: 2   # of the schema
name: \"by hand\"
defaults: &d {temperature: 1000, magnitude: 0.0014, # the paper's
  device: [cpu, 'cuda:1']}

queues:
  # crops first
  - name: first
    jobs:
      - {network: a, dataset: x}   # the easy one
      # the hard ones
      - network: a
        dataset: y   # nearly in-distribution
        temperature: 10
      - {network: a,
         dataset: z}

  - name: second # the other card
    device: cuda:1
    jobs: [{network: b, dataset: x}, {network: b, dataset: y}]
# the end
view: {screen: explore, job: 0, metric: fpr95} # as it was
";

/// Saves a file after a change, and gives its text.
fn saved(text: &str, change: impl Fn(&mut Session)) -> (Saved, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, text).unwrap();
    let mut session = Session::load(&path).unwrap();
    change(&mut session);
    let saved = session.save_over(&path).unwrap();
    assert_eq!(Session::load(&path).unwrap(), session);
    (saved, std::fs::read_to_string(path).unwrap())
}

/// What a change makes of a file, which must be these replacements and nothing else.
fn becomes(text: &str, change: impl Fn(&mut Session), edits: &[(&str, &str)]) {
    let (how, new) = saved(text, change);
    let expected = edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replacen(from, to, 1)
    });
    assert_eq!(new, expected);
    assert_eq!(how, Saved::InPlace);
}

fn job(network: &str, dataset: &str) -> Job {
    Job::new(network, dataset)
}

fn at(temperature: f64) -> Option<Temperature> {
    Some(Temperature::new(temperature).unwrap())
}

#[test]
fn values_change_where_they_stand() {
    becomes(HAND, |_| {}, &[]);
    becomes(
        HAND,
        |session| {
            session.name = "true".to_owned();
            session.defaults.magnitude = Magnitude::new(0.002).unwrap();
            session.defaults.device = "cpu".parse::<crate::units::Device>().unwrap().into();
            session.queues[0].jobs[1].temperature = at(2.5);
            session.view.metric = crate::session::Metric::Auroc;
        },
        &[
            ("\"by hand\"", "\"true\""),
            ("0.0014", "0.002"),
            ("[cpu, 'cuda:1']", "cpu"),
            ("temperature: 10\n", "temperature: 2.5\n"),
            ("fpr95", "auroc"),
        ],
    );
}

#[test]
fn keys_come_and_go_in_the_style_around_them() {
    becomes(
        HAND,
        |session| {
            session.defaults.skip = 5;
            session.queues[0].jobs[0].temperature = at(1.0);
            session.queues[0].jobs[1].temperature = None;
            session.queues[0].jobs[1].magnitude = Some(Magnitude::ZERO);
            session.queues[0].jobs[2].seed = Some(3);
            session.queues[1].device = None;
            session.view.mouse = false;
        },
        &[
            ("'cuda:1']}", "'cuda:1'], skip: 5}"),
            ("dataset: x}   # the", "dataset: x, temperature: 1}   # the"),
            ("        temperature: 10\n", "        magnitude: 0\n"),
            ("dataset: z}", "dataset: z, seed: 3}"),
            ("    device: cuda:1\n", ""),
            ("metric: fpr95}", "metric: fpr95, mouse: false}"),
        ],
    );
    // A file that says little: what differs is put in.
    let little = "version: 2\nname: x\nqueues:\n- name: q\n  jobs:\n  - dataset: b\n    network: a\n    weights:\n    skip: 2 # few";
    becomes(
        little,
        |session| {
            session.view.job = 0;
            session.view.screen = crate::session::Screen::Grid;
            session.defaults.seed = 7;
            session.queues[0].jobs[0].weights = Some("a b.pth".into());
            session.queues[0].jobs[0].limit = Some(crate::session::Limit::All);
        },
        &[
            ("weights:", "weights: \"a b.pth\""),
            (
                "few",
                "few\n    limit: null\ndefaults: {seed: 7}\nview: {screen: grid}",
            ),
        ],
    );
    let first = "version: 2\nname: x\nqueues:\n- jobs:\n  - seed: 1 # one\n    network: a\n    dataset: b\n  name: q\n";
    becomes(
        first,
        |session| session.queues[0].jobs[0].seed = None,
        &[("seed: 1 # one\n    ", "")],
    );
}

#[test]
fn jobs_and_queues_come_go_and_move() {
    becomes(
        HAND,
        |session| {
            session.queues[0].jobs.remove(0);
            session.queues[0].jobs.push(job("a", "my sets/x"));
            session.queues[1].jobs.insert(1, job("c", "x"));
        },
        &[
            ("      - {network: a, dataset: x}   # the easy one\n", ""),
            (
                "         dataset: z}\n",
                "         dataset: z}\n      - network: a\n        dataset: \"my sets/x\"\n",
            ),
            (
                "{network: b, dataset: x}, ",
                "{network: b, dataset: x}, {network: c, dataset: x}, ",
            ),
        ],
    );
    becomes(
        HAND,
        |session| {
            session.queues[0].jobs.swap(0, 1);
            session.queues[1].jobs.clear();
            session.queues.push(crate::session::Queue {
                name: "third".to_owned(),
                device: None,
                jobs: vec![job("a", "x"), job("a", "y")],
            });
        },
        &[
            (
                "      - {network: a, dataset: x}   # the easy one\n      # the hard ones\n",
                "      # the hard ones\n",
            ),
            (
                "        temperature: 10\n",
                "        temperature: 10\n      - {network: a, dataset: x}   # the easy one\n",
            ),
            (
                "[{network: b, dataset: x}, {network: b, dataset: y}]\n",
                "[]\n  - name: third\n    jobs:\n      - {network: a, dataset: x}\n      - {network: a, dataset: y}\n",
            ),
        ],
    );
    becomes(
        HAND,
        |session| {
            session.queues[0].jobs.clear();
            session.queues[1].jobs.remove(1);
        },
        &[
            (
                "    jobs:\n      - {network: a, dataset: x}   # the easy one\n",
                "    jobs: []\n",
            ),
            (
                "      - network: a\n        dataset: y   # nearly in-distribution\n        temperature: 10\n      - {network: a,\n         dataset: z}\n",
                "",
            ),
            (", {network: b, dataset: y}", ""),
        ],
    );
}

#[test]
fn lists_in_brackets_keep_their_lines_and_json_stays_json() {
    let lines = "version: 2\nname: x\nqueues:\n- name: q\n  jobs: [\n    {network: a, dataset: b},  # one\n    {network: a, dataset: c}   # two\n  ]\n";
    becomes(
        lines,
        |session| session.queues[0].jobs.push(job("a", "d")),
        &[(
            "dataset: c}   # two\n",
            "dataset: c},   # two\n    {network: a, dataset: d},\n",
        )],
    );
    becomes(
        lines,
        |session| {
            session.queues[0].jobs[0] = job("a", "d");
        },
        &[(
            "    {network: a, dataset: b},  # one\n",
            "    {network: a, dataset: d},\n",
        )],
    );
    let json = r#"{"version": 2, "name": "x", "queues": [{"name": "q", "jobs": [{"network": "a", "dataset": "b"}]}]}"#;
    becomes(
        json,
        |session| {
            session.queues[0].jobs.push(job("a", "c"));
            session.queues[0].jobs[0].temperature = at(1.0);
            session.view.mouse = false;
        },
        &[
            (
                r#""dataset": "b"}"#,
                r#""dataset": "b", "temperature": 1}, {"network": "a", "dataset": "c"}"#,
            ),
            ("}]}]}", r#"}]}], "view": {"mouse": false}}"#),
        ],
    );
}

#[test]
fn anchors_hold_for_what_stays_the_same() {
    let text = "version: 2\nname: x\nqueues:\n- name: q\n  jobs: &jobs\n  - &k {network: a, dataset: b, temperature: &t 10}\n  - {network: a, dataset: c, temperature: *t}\n  - *k # again\n- {name: r, jobs: *jobs}\n";
    becomes(text, |_| {}, &[]);
    // All that is anchored changes alike.
    becomes(
        text,
        |session| {
            for job in session.queues.iter_mut().flat_map(|queue| &mut queue.jobs) {
                job.temperature = at(5.0);
            }
        },
        &[("&t 10", "&t 5")],
    );
    // One of those that were one.
    becomes(
        text,
        |session| session.queues[0].jobs[2].temperature = at(5.0),
        &[
            (
                "- *k # again",
                "- {network: a, dataset: b, temperature: 5} # again",
            ),
            (
                "*jobs}",
                "[{network: a, dataset: b, temperature: 10}, {network: a, dataset: c, temperature: 10}, {network: a, dataset: b, temperature: 10}]}",
            ),
        ],
    );
    becomes(
        text,
        |session| drop(session.queues[0].jobs.remove(0)),
        &[
            ("  - &k {network: a, dataset: b, temperature: &t 10}\n", ""),
            ("*t}", "10}"),
            (
                "- *k # again",
                "- {network: a, dataset: b, temperature: 10} # again",
            ),
            (
                "*jobs}",
                "[{network: a, dataset: b, temperature: 10}, {network: a, dataset: c, temperature: 10}, {network: a, dataset: b, temperature: 10}]}",
            ),
        ],
    );
}

#[test]
fn older_versions_other_line_ends_and_marks() {
    let old = "version: 1 # old\nname: x\nqueues:\n- {name: q, jobs: [{network: a, dataset: b, limit: null}]} # é\n";
    becomes(
        old,
        |_| {},
        &[("version: 1", "version: 2"), (", limit: null", "")],
    );
    let windows = "\u{feff}version: 2\r\nname: x # é\r\nqueues:\r\n- name: q\r\n  jobs:\r\n  - {network: a, dataset: b} # one\r\n";
    becomes(
        windows,
        |session| {
            session.queues[0].jobs[0].seed = Some(1);
            session.queues[0].jobs.push(job("a", "c"));
        },
        &[
            ("dataset: b}", "dataset: b, seed: 1}"),
            ("# one\r\n", "# one\r\n  - {network: a, dataset: c}\r\n"),
        ],
    );
}

#[test]
fn what_cannot_be_edited_is_written_anew_and_said() {
    let text = "# head\nversion: 2\nname: >-\n  a long\n  name\nqueues: [] # none\n";
    let (how, new) = saved(text, |session| session.view.mouse = false);
    assert_eq!(how, Saved::InPlace);
    assert!(
        new.starts_with(text) && new.ends_with("view: {mouse: false}\n"),
        "{new}"
    );
    let (how, new) = saved(text, |session| session.name = "short".to_owned());
    assert_eq!(how, Saved::Anew(NotInPlace::BlockText));
    assert!(
        new.starts_with("# head\nversion: 2\nname: short\n") && !new.contains("# none"),
        "{new}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    let session = Session::new("x");
    assert_eq!(session.save_over(&path).unwrap(), Saved::New);
    for broken in [&b"# mine\nversion: [\n"[..], b"\xff\xfea"] {
        std::fs::write(&path, broken).unwrap();
        assert_eq!(
            session.save_over(&path).unwrap(),
            Saved::Anew(NotInPlace::NoSession)
        );
        assert_eq!(Session::load(&path).unwrap(), session);
    }
}

/// Whatever is changed, the file says it afterwards, and its comments stay but for those on lines that went.
#[test]
fn many_changes_on_the_shipped_sessions_read_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sessions");
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for round in 0..30usize {
            let (how, new) = saved(&text, |session| {
                let mut seed = round;
                let mut pick = |n: usize| {
                    seed = seed
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    (seed >> 33) % n
                };
                for _ in 0..pick(6) {
                    let queue = pick(session.queues.len());
                    let jobs = &mut session.queues[queue].jobs;
                    let n = pick(jobs.len().max(1));
                    match (pick(6), jobs.is_empty()) {
                        (0, _) | (_, true) => jobs.insert(n, job("new", "set")),
                        (1, _) => drop(jobs.remove(n)),
                        (2, _) => jobs.rotate_left(1),
                        (3, _) => jobs[n].temperature = at(1.0 + n as f64),
                        (4, _) => jobs[n].magnitude = None,
                        (_, _) => jobs.push(jobs[n].clone()),
                    }
                }
                session.view = View {
                    job: pick(3),
                    mouse: pick(2) == 0,
                    ..View::default()
                };
            });
            assert_eq!(how, Saved::InPlace, "{new}");
            for line in text.lines().filter(|line| line.starts_with('#')) {
                assert!(new.contains(line), "{line}");
            }
        }
    }
}
