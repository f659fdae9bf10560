//! `odin list`: what there is, and what of it is present on this machine.
use clap::{Args, ValueEnum};

use super::print;
use crate::datasets;
use crate::home::Home;
use crate::networks::NetworkCard;
use crate::runs::{Condition, Shelved, shelf};

#[derive(Debug, Args)]
pub struct Options {
    /// Only these
    what: Option<Kind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Networks,
    Datasets,
    Sessions,
    Runs,
}

/// Name, whether it can be used here, and what it is.
type Row = (String, String, String);

pub fn run(options: &Options) -> anyhow::Result<()> {
    let home = Home::find()?;
    let mut text = String::new();
    for (kind, rows) in [
        (Kind::Networks, networks(&home)),
        (Kind::Datasets, datasets(&home)),
        (Kind::Sessions, sessions(&home)),
        (Kind::Runs, runs(&home)),
    ] {
        if options.what.is_none_or(|what| what == kind) {
            if options.what.is_none() {
                let heading = format!("{kind:?}").to_lowercase();
                text.push_str(if text.is_empty() { "" } else { "\n" });
                text.push_str(&format!("{heading}\n"));
            }
            text.push_str(&table(&rows));
        }
    }
    print(&text)
}

fn table(rows: &[Row]) -> String {
    let width = |of: &dyn Fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (name, state) = (width(&|r| r.0.chars().count()), width(&|r| r.1.chars().count()));
    let line = |(n, s, what): &Row| format!("  {n:<name$}  {s:<state$}  {what}\n");
    rows.iter().map(line).collect()
}

fn networks(home: &Home) -> Vec<Row> {
    let row = |(name, card): (String, Result<NetworkCard, _>)| match card {
        Ok(card) => {
            let state = if card.weights_path().exists() {
                "present"
            } else {
                "no weights"
            };
            (
                name,
                state.to_owned(),
                format!(
                    "{} · {} classes · {}",
                    card.architecture, card.classes, card.title
                ),
            )
        }
        Err(error) => (name, "unreadable".to_owned(), format!("{error}")),
    };
    NetworkCard::list(&home.models()).into_iter().map(row).collect()
}

fn datasets(home: &Home) -> Vec<Row> {
    let roots = [home.data()];
    let row = |(name, card): (String, Result<datasets::DatasetCard, datasets::DatasetError>)| match card {
        Ok(card) => {
            let state = if card.is_present(&home.data()).is_ok() {
                "present"
            } else {
                "absent"
            };
            (name, state.to_owned(), card.title)
        }
        Err(error) => (name, "unreadable".to_owned(), error.to_string()),
    };
    datasets::list(&roots).into_iter().map(row).collect()
}

fn sessions(home: &Home) -> Vec<Row> {
    let entries = std::fs::read_dir(home.sessions()).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "yaml"))
        .collect();
    paths.sort();
    let name = |path: &std::path::Path| {
        path.file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    paths
        .iter()
        .map(|path| (name(path), "present".to_owned(), path.display().to_string()))
        .collect()
}

/// The newest first.
fn runs(home: &Home) -> Vec<Row> {
    let row = |shelved: Shelved| {
        let state = match shelved.condition {
            Condition::Finished => "finished",
            Condition::Running => "running",
            Condition::Interrupted => "broken off",
            Condition::Failed => "failed",
            Condition::Unreadable => "unreadable",
        };
        let what = match &shelved.run {
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
                if let Some(record) = (shelved.condition == Condition::Finished)
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
        (shelved.name(), state.to_owned(), what)
    };
    shelf(&home.runs()).into_iter().map(row).collect()
}
