//! `odin runs prune`: makes room in runs/.
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::output::print;
use odin_core::home::Home;
use odin_core::runs::{self, Condition, Entry};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Remove runs that failed, were broken off or cannot be read; with --keep, also all but the newest finished ones
    Prune(PruneOptions),
}

#[derive(Debug, Args)]
struct PruneOptions {
    /// Of each network and pair of data sets, keep so many of the newest finished runs, and as many of the newest sweeps
    /// [default: all]
    #[arg(long, value_name = "N")]
    keep: Option<usize>,
    /// Only tell what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Remove without asking
    #[arg(long)]
    yes: bool,
    /// Where runs are kept [default: $ODIN_RUNS, else runs/]
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let What::Prune(options) = &options.what;
    let folder = match &options.runs {
        Some(folder) => folder.clone(),
        None => Home::find()?.runs(),
    };
    let all = runs::list(&folder);
    let doomed = doomed(&all, options.keep);
    if doomed.is_empty() {
        return print("nothing to remove\n");
    }
    let asks = !options.yes && !options.dry_run;
    if asks && !io::stdin().is_terminal() {
        bail!(
            "nobody to ask whether to remove {}: --yes removes without asking",
            runs(doomed.len())
        );
    }
    let mut text = String::new();
    for (entry, why) in &doomed {
        text.push_str(&format!("{}  {why}\n", entry.name()));
    }
    print(&text)?;
    if options.dry_run {
        return print(&format!("{} would be removed\n", runs(doomed.len())));
    }
    if asks && !confirmed(doomed.len())? {
        return print("nothing was removed\n");
    }
    for (entry, _) in &doomed {
        remove(&entry.path).with_context(|| format!("cannot remove {}", entry.path.display()))?;
    }
    print(&format!("{} removed\n", runs(doomed.len())))
}

fn runs(count: usize) -> String {
    if count == 1 {
        "1 run".to_owned()
    } else {
        format!("{count} runs")
    }
}

/// The runs to remove, and why. Those that are being written stay.
fn doomed(all: &[Entry], keep: Option<usize>) -> Vec<(&Entry, String)> {
    let mut kept = Vec::new();
    let mut doomed = Vec::new();
    for entry in all {
        let why = match (entry.condition, &entry.run) {
            (Condition::Failed, _) => Some("failed".to_owned()),
            (Condition::Interrupted, _) => Some("broken off".to_owned()),
            (Condition::Unreadable, Err(error)) => Some(error.to_string()),
            (Condition::Finished, Ok(run)) => {
                // A sweep says nothing of the T and ε that a person has chosen, so it takes no score's place.
                let alike = (&run.network, &run.in_dataset, &run.dataset, run.is_sweep());
                let before = kept.iter().filter(|other| **other == alike).count();
                kept.push(alike);
                (keep.is_some_and(|keep| before >= keep)).then(|| format!("{before} newer ones are kept"))
            }
            _ => None,
        };
        doomed.extend(why.map(|why| (entry, why)));
    }
    doomed
}

fn confirmed(count: usize) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!(
            "nobody to ask whether to remove {}: --yes removes without asking",
            runs(count)
        );
    }
    eprint!("Remove {}? [y/N] ", runs(count));
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The manifest goes last: what is left by a removal that was broken off is a run still, and goes the next time.
fn remove(folder: &Path) -> io::Result<()> {
    let manifest = folder.join("manifest.json");
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path != manifest {
            if path.is_dir() {
                std::fs::remove_dir_all(&path)?
            } else {
                std::fs::remove_file(&path)?
            }
        }
    }
    std::fs::remove_dir_all(folder)
}
