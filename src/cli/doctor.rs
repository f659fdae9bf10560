//! `odin doctor`: what this build and this machine can do, and what is wrong.
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;

use super::engine;
use super::output::{print, print_json};
use super::what::at_least_one;
use crate::config::{self, Config};
use odin_core::home::Home;
use odin_core::logging;
use odin_core::networks::NetworkCard;
use odin_core::plain::in_words;
use odin_core::runs::evidence::{Budget, Disk};
use odin_core::tasks::{Examination, Finding};
use odin_core::units::Device;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Look at this network closely: its accuracy here against its card's, and its normalisation
    network: Option<String>,
    /// In-distribution images to try it on
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = at_least_one())]
    images: usize,
    /// Weights to use instead of the card's
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    #[arg(long, default_value_t = Device::Auto)]
    device: Device,
    /// Print the JSON Schema of session files, for editors
    #[arg(long, exclusive = true)]
    schema: bool,
    /// Print a settings file with every key and colour, to begin one's own from
    #[arg(long, conflicts_with = "network")]
    config: bool,
    /// Print JSON: a list of objects with name, found and, where something is wrong, advice
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    if options.config {
        return print(&config::template());
    }
    if options.schema {
        return print(&super::reference::schema_text()?);
    }
    let mut findings = match &options.network {
        Some(name) => engine::examine(&Examination::Network {
            name: name.clone(),
            weights: options.weights.clone(),
            images: options.images,
            device: options.device,
        })?,
        None => everything(),
    };
    if let Some(name) = &options.network
        && let Ok(home) = Home::find()
    {
        findings.extend(distances(&home, Some(name)));
    }
    if options.json {
        return print_json(&findings);
    }
    let mut text = String::new();
    for Finding { name, found, advice } in &findings {
        let mark = if advice.is_some() { "!" } else { " " };
        text.push_str(&format!("{mark} {name:<10} {found}\n"));
        if let Some(advice) = advice {
            text.push_str(&format!("             {advice}\n"));
        }
    }
    let wrong = findings.iter().filter(|f| f.advice.is_some()).count();
    text.push_str(&match wrong {
        0 => "\nNothing is wrong.\n".to_owned(),
        n => format!("\n{n} to look at, marked with !\n"),
    });
    print(&text)
}

fn everything() -> Vec<Finding> {
    let mut findings = vec![Finding::well("odin", env!("CARGO_PKG_VERSION"))];
    // What the engine finds of libtorch and the devices stands first, what it finds of networks behind the home.
    let (machine, networks): (Vec<Finding>, Vec<Finding>) = match engine::examine(&Examination::Machine) {
        Ok(findings) => findings
            .into_iter()
            .partition(|finding| finding.name != "network"),
        Err(error) => (
            vec![Finding::unwell(
                "engine",
                "does not run",
                in_words(error.as_ref()),
            )],
            Vec::new(),
        ),
    };
    findings.extend(machine);
    findings.push(terminal());
    findings.push(settings());
    findings.push(log());
    match Home::find() {
        Ok(home) => {
            findings.push(Finding::well("home", home.path().display().to_string()));
            findings.extend(networks);
            findings.push(data(&home));
            findings.extend(distances(&home, None));
            findings.push(evidence(&home));
        }
        Err(error) => findings.push(Finding::unwell("home", "none", error.to_string())),
    }
    findings
}

fn terminal() -> Finding {
    if !std::io::stdout().is_terminal() {
        return Finding::well(
            "terminal",
            "none on standard output; the dashboard needs one, `odin score` does not",
        );
    }
    let term = std::env::var("TERM").unwrap_or_default();
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns >= 80 && rows >= 24 => {
            Finding::well("terminal", format!("{term}, {columns}×{rows}"))
        }
        Ok((columns, rows)) => Finding::unwell(
            "terminal",
            format!("{term}, {columns}×{rows}"),
            "the dashboard wants 80×24 or more",
        ),
        Err(error) => Finding::unwell("terminal", term, error.to_string()),
    }
}

fn settings() -> Finding {
    let Some(path) = config::path() else {
        return Finding::well("settings", "none: there is no home folder to look in");
    };
    let shown = path.display();
    match Config::load(&path) {
        Ok(_) if !path.exists() => Finding::well(
            "settings",
            format!("none; `odin doctor --config` prints some for {shown}"),
        ),
        Ok(config) => Finding::well("settings", format!("{shown}, theme {}", config.theme.name())),
        Err(error) => Finding::unwell("settings", shown.to_string(), error.to_string()),
    }
}

fn log() -> Finding {
    let folder = logging::folder().map_or("no folder".to_owned(), |folder| folder.display().to_string());
    match logging::asked() {
        Ok(None) => Finding::well(
            "log",
            format!("none; with {}=debug it is written to {folder}", logging::VARIABLE),
        ),
        Ok(Some(_)) => Finding::well("log", format!("in {folder}, a file a day")),
        // The program has begun with it.
        Err(error) => Finding::unwell("log", "none", error.to_string()),
    }
}

/// What scoring has left on disk, and the room it may take there and in memory.
fn evidence(home: &Home) -> Finding {
    let usage = Disk::usage(&home.runs());
    let mega = |bytes: u64| format!("{:.1} MB", bytes as f64 / (1u64 << 20) as f64);
    match Budget::from_env() {
        Err(error) => Finding::unwell("evidence", mega(usage.bytes), error.to_string()),
        Ok(Budget { memory, disk: 0 }) => Finding::well(
            "evidence",
            format!(
                "kept in memory only, of {} (ODIN_EVIDENCE_DISK is 0)",
                mega(memory)
            ),
        ),
        Ok(Budget { memory, disk }) => Finding::well(
            "evidence",
            format!(
                "{} of {} on disk, on {} scored sets, in {}; up to {} in memory (ODIN_EVIDENCE_DISK, ODIN_EVIDENCE_MEMORY)",
                mega(usage.bytes),
                mega(disk),
                usage.sets,
                home.runs().join("evidence").display(),
                mega(memory)
            ),
        ),
    }
}

fn data(home: &Home) -> Finding {
    let all = odin_datasets::list(&home.data_folders());
    let unreadable: Vec<String> = all
        .iter()
        .filter_map(|set| set.card.as_ref().err().map(ToString::to_string))
        .collect();
    let present = all.iter().filter(|set| set.is_present()).count();
    let found = format!(
        "{present} of {} data sets present (`odin list datasets`)",
        all.len()
    );
    if unreadable.is_empty() {
        Finding::well("data", found)
    } else {
        Finding::unwell("data", found, unreadable.join("; "))
    }
}

/// Sets that networks' cards, or one network's, call near or far and that no data card is called: an average that was to hold
/// them lacks them.
fn distances(home: &Home, network: Option<&str>) -> Option<Finding> {
    let names = odin_datasets::set_names(&home.data_folders());
    let mut unknown = Vec::new();
    for (name, card) in NetworkCard::list(&home.model_folders()) {
        let Ok(card) = card else { continue };
        if network.is_some_and(|network| network != name) {
            continue;
        }
        for (kind, sets) in [("near", &card.near), ("far", &card.far)] {
            for set in sets.iter().filter(|set| !names.is_known(set)) {
                let meant = names.nearest(set);
                let meant = match meant.is_empty() {
                    true => String::new(),
                    false => format!(", did you mean {}?", meant.join(" or ")),
                };
                unknown.push(format!("`{set}` ({kind} in {name}{meant})"));
            }
        }
    }
    (!unknown.is_empty()).then(|| {
        Finding::unwell(
            "near, far",
            format!("no data card is called {}", unknown.join(", ")),
            "averages over near or far sets lack them; correct `near` or `far` in the network's card, or write a data card \
             (a set given by its path counts by the last part of it)",
        )
    })
}
