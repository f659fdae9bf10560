//! What came of the jobs of a session, as a table and as JSON.
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::plan::Task;
use odin_core::runs::Record;

/// What came of a job.
pub(super) enum Outcome {
    Finished(PathBuf, Box<Record>),
    /// It was there already; without metrics where these cannot be read.
    Kept(PathBuf, Option<Box<Record>>),
    Failed(String),
}

impl Outcome {
    fn record(&self) -> Option<&Record> {
        match self {
            Self::Finished(_, record) => Some(record),
            Self::Kept(_, record) => record.as_deref(),
            Self::Failed(_) => None,
        }
    }

    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Finished(path, _) | Self::Kept(path, _) => Some(path),
            Self::Failed(_) => None,
        }
    }
}

/// A job and what came of it, for other programs.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    queue: &'a str,
    network: &'a str,
    dataset: &'a str,
    /// `finished`, `was finished` or `failed`.
    state: &'static str,
    folder: Option<&'a Path>,
    /// Why it failed.
    reason: Option<&'a str>,
    metrics: Option<&'a Record>,
}

pub(super) fn as_json<'a>(tasks: &'a [Task], outcomes: &'a [Outcome]) -> Vec<Told<'a>> {
    let told = |(task, outcome): (&'a Task, &'a Outcome)| Told {
        queue: &task.queue,
        network: &task.spec.network,
        dataset: &task.spec.dataset,
        state: state(outcome),
        folder: outcome.folder(),
        reason: match outcome {
            Outcome::Failed(reason) => Some(reason),
            _ => None,
        },
        metrics: outcome.record(),
    };
    tasks.iter().zip(outcomes).map(told).collect()
}

fn state(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Finished(..) => "finished",
        Outcome::Kept(..) => "was finished",
        Outcome::Failed(_) => "failed",
    }
}

/// Where each job's run is, or why there is none; then the metrics of all. `has_detectors` where some were asked for.
pub(super) fn table(tasks: &[Task], outcomes: &[Outcome], has_detectors: bool) -> String {
    let line = |(task, outcome): (&Task, &Outcome)| {
        let detail = match outcome {
            Outcome::Finished(path, _) | Outcome::Kept(path, _) => path.display().to_string(),
            Outcome::Failed(reason) => reason.clone(),
        };
        format!("{:<13}{}\n             {detail}\n", state(outcome), task.title())
    };
    let mut text: String = tasks.iter().zip(outcomes).map(line).collect();
    text.push_str(&metrics(outcomes));
    let failed = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::Failed(_)))
        .count();
    text.push_str(&match failed {
        0 => format!(
            "\n{0} of {1} succeeded; `odin report{2}` makes tables and figures of them\n",
            tasks.len(),
            jobs(tasks.len()),
            if has_detectors { " --detectors" } else { "" }
        ),
        n => format!("\n{n} of {} failed\n", jobs(tasks.len())),
    });
    text
}

/// A row for each run that has metrics: the baseline's and the detector's, in %.
fn metrics(outcomes: &[Outcome]) -> String {
    let head = [
        "network",
        "OOD set",
        "T",
        "ε",
        "FPR95 ↓",
        "ODIN",
        "AUROC ↑",
        "ODIN",
    ];
    let percent = |value: f64| format!("{:.2}", 100.0 * value);
    let row = |record: &Record| {
        [
            record.network.clone(),
            record.dataset.clone(),
            record.temperature.to_string(),
            record.magnitude.to_string(),
            percent(record.baseline.fpr95),
            percent(record.odin.fpr95),
            percent(record.baseline.auroc),
            percent(record.odin.auroc),
        ]
    };
    let mut rows: Vec<[String; 8]> = outcomes.iter().filter_map(Outcome::record).map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    rows.insert(0, head.map(str::to_owned));
    let mut widths = [0; 8];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(widths).enumerate();
        // Names from the left, numbers from the right.
        let cells = cells.map(|(n, (cell, width))| match n {
            0 | 1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  "))
    };
    let lines: String = rows.iter().map(line).collect();
    format!("\n{lines}")
}

pub(super) fn jobs(count: usize) -> String {
    if count == 1 {
        "1 job".to_owned()
    } else {
        format!("{count} jobs")
    }
}
