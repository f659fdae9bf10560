//! `odin list`: what there is, and what of it is present on this machine.
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::explore;
use super::output::{print, print_json};
use odin_core::benchmarks::BenchmarkCard;
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::runs::{self, Condition, Entry};
use odin_datasets::Listed;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Only these
    what: Option<Kind>,
    /// Print JSON: a list for each kind, of objects with name, state, about and path
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Networks,
    Datasets,
    Sessions,
    Runs,
    Benchmarks,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    /// Whether it can be used here.
    state: &'static str,
    /// What it is.
    about: String,
    /// The card, session or folder; `None` for what is built in.
    path: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let home = Home::find()?;
    let all = [
        (Kind::Networks, networks(&home)),
        (Kind::Datasets, datasets(&home)),
        (Kind::Sessions, sessions(&home)),
        (Kind::Runs, runs(&home)),
        (Kind::Benchmarks, benchmarks(&home)),
    ];
    let wanted = all
        .into_iter()
        .filter(|(kind, _)| options.what.is_none_or(|what| what == *kind));
    if options.json {
        let lists: BTreeMap<String, Vec<Row>> = wanted.map(|(kind, rows)| (kind.key(), rows)).collect();
        return print_json(&lists);
    }
    let mut text = String::new();
    for (kind, rows) in wanted {
        if options.what.is_none() {
            text.push_str(if text.is_empty() { "" } else { "\n" });
            text.push_str(&format!("{}\n", kind.key()));
        }
        text.push_str(&table(&rows));
    }
    print(&text)
}

impl Kind {
    fn key(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

fn table(rows: &[Row]) -> String {
    let width = |of: &dyn Fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (names, states) = (width(&|r| r.name.chars().count()), width(&|r| r.state.len()));
    rows.iter()
        .map(|row| format!("  {:<names$}  {:<states$}  {}\n", row.name, row.state, row.about))
        .collect()
}

fn networks(home: &Home) -> Vec<Row> {
    let row = |(name, path): (String, PathBuf)| {
        let (state, about) = match NetworkCard::load(&path) {
            Ok(card) => (
                if card.weights_path().exists() {
                    "present"
                } else {
                    "no weights"
                },
                format!(
                    "{} · {} classes · {}",
                    card.architecture, card.classes, card.title
                ),
            ),
            Err(error) => ("unreadable", error.to_string()),
        };
        Row {
            name,
            state,
            about,
            path: Some(path),
        }
    };
    NetworkCard::files(&home.model_folders())
        .into_iter()
        .map(row)
        .collect()
}

fn datasets(home: &Home) -> Vec<Row> {
    let row = |set: Listed| {
        let (state, about) = match &set.card {
            Ok(card) if set.is_present() => ("present", card.title.clone()),
            Ok(card) => ("absent", card.title.clone()),
            Err(error) => ("unreadable", error.to_string()),
        };
        Row {
            name: set.name,
            state,
            about,
            path: set.file,
        }
    };
    odin_datasets::list(&home.data_folders())
        .into_iter()
        .map(row)
        .collect()
}

/// Their data lie where `odin bench` is told.
fn benchmarks(home: &Home) -> Vec<Row> {
    let row = |(name, path): (String, PathBuf)| {
        let (state, about) = match BenchmarkCard::load(&path) {
            Ok(card) => ("known", format!("{} · {} classes", card.title, card.classes)),
            Err(error) => ("unreadable", error.to_string()),
        };
        Row {
            name,
            state,
            about,
            path: Some(path),
        }
    };
    BenchmarkCard::files(&home.benchmark_folders())
        .into_iter()
        .map(row)
        .collect()
}

fn sessions(home: &Home) -> Vec<Row> {
    let row = |(name, path): (String, PathBuf)| Row {
        name,
        state: "present",
        about: path.display().to_string(),
        path: Some(path),
    };
    explore::sessions(home).into_iter().map(row).collect()
}

/// The newest first.
fn runs(home: &Home) -> Vec<Row> {
    let row = |entry: Entry| {
        let state = match entry.condition {
            Condition::Finished => "finished",
            Condition::Running => "running",
            Condition::Interrupted => "broken off",
            Condition::Failed => "failed",
            Condition::Unreadable => "unreadable",
        };
        let what = match &entry.run {
            Err(error) => error.to_string(),
            Ok(run) => {
                let images = match (
                    run.images.ins + run.images.outs,
                    run.images.total_in + run.images.total_out,
                ) {
                    (done, all) if done == all => format!("{all} images"),
                    (done, all) => format!("{done} of {all} images"),
                };
                let sweep = if run.is_sweep() { "best of a sweep: " } else { "" };
                let mut what = format!(
                    "{} · {} against {} · {sweep}T = {}, ε = {} · {images}",
                    run.network, run.in_dataset, run.dataset, run.temperature, run.magnitude
                );
                if let Some(record) = (entry.condition == Condition::Finished)
                    .then(|| run.record().ok())
                    .flatten()
                {
                    what.push_str(&format!(" · FPR95 {:.2} %", 100.0 * record.odin.fpr95));
                }
                if let Some(started) = &run.started {
                    what.push_str(&format!(" · {started}"));
                }
                if let Some(reason) = run.manifest.as_ref().and_then(|m| m.reason.as_ref()) {
                    what.push_str(&format!(" · {reason}"));
                }
                what
            }
        };
        Row {
            name: entry.name(),
            state,
            about: what,
            path: Some(entry.path.clone()),
        }
    };
    runs::list(&home.runs()).into_iter().map(row).collect()
}
