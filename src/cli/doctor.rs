//! `odin doctor`: what this build and this machine can do, and what is wrong.
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;

use super::print;
use crate::config::{self, Config};
use crate::datasets::{self, Dataset};
use crate::engine::{Budget, device, memory, preflight};
use crate::home::Home;
use crate::networks::NetworkCard;
use crate::runs::evidence::Shelf;
use crate::units::Device;

#[derive(Debug, Args)]
pub struct Options {
    /// Look at this network closely: its accuracy here against its card's, and its normalisation
    network: Option<String>,
    /// In-distribution images to try it on
    #[arg(long, default_value_t = 1000, value_name = "N")]
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
}

/// A line of the report: what was looked at, what was found, and what to do where it is not well.
struct Finding {
    name: &'static str,
    found: String,
    advice: Option<String>,
}

fn well(name: &'static str, found: impl Into<String>) -> Finding {
    Finding {
        name,
        found: found.into(),
        advice: None,
    }
}

fn unwell(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding {
        name,
        found: found.into(),
        advice: Some(advice.into()),
    }
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    if options.config {
        return print(&config::template());
    }
    if options.schema {
        return print(&super::reference::schema_text()?);
    }
    let findings = match &options.network {
        Some(name) => network(name, options)?,
        None => everything(),
    };
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
    let mut findings = vec![well("odin", env!("CARGO_PKG_VERSION"))];
    findings.extend(libtorch());
    findings.push(terminal());
    findings.push(settings());
    match Home::find() {
        Ok(home) => {
            findings.push(well("home", home.path().display().to_string()));
            findings.extend(networks(&home));
            findings.push(data(&home));
            findings.push(evidence(&home));
        }
        Err(error) => findings.push(unwell("home", "none", error.to_string())),
    }
    findings
}

/// One network on its in-distribution set.
fn network(name: &str, options: &Options) -> anyhow::Result<Vec<Finding>> {
    let home = Home::find()?;
    let card = NetworkCard::find(name, &home.models())?;
    let device = device::of_torch(device::resolve(options.device)?);
    let mut findings = vec![well(
        "network",
        format!("{}: {}, {} classes", card.name, card.architecture, card.classes),
    )];
    card.read_weights(options.weights.as_deref(), device)?;
    findings.push(well(
        "weights",
        "every tensor there, of the right shape, and finite",
    ));
    findings.push(well(
        "mode",
        "evaluation: batch normalisation uses its running statistics",
    ));
    let (set_card, root) = datasets::find(&card.in_dataset, &[home.data()])?;
    let set = Dataset::open(&set_card, &root)?;
    let found = preflight::preflight(&card, options.weights.as_deref(), &set, options.images, device)?;
    findings.push(match found {
        None => well("accuracy", format!("not known: {} has no labels", set.name())),
        Some(found) => {
            let published = found
                .published
                .map_or(String::new(), |p| format!(", the card says {:.2} %", 100.0 * p));
            let text = format!(
                "{:.2} % of the first {} images of {}{published}",
                100.0 * found.accuracy(),
                found.images,
                set.name()
            );
            match found.complaint() {
                Some(complaint) => unwell("accuracy", text, complaint),
                None => well("accuracy", text),
            }
        }
    });
    Ok(findings)
}

fn libtorch() -> Vec<Finding> {
    let threads = format!(
        "{} threads in one operation, {} cores",
        tch::get_num_threads(),
        cores()
    );
    let linked = cfg!(linked_cuda);
    let gpu = match (linked, tch::utils::has_cuda(), device::gpus()) {
        (_, true, 1..) => well("GPU", gpus()),
        (_, true, _) => unwell(
            "GPU",
            "none, though this libtorch has CUDA",
            "is the driver loaded? `nvidia-smi` tells",
        ),
        (true, false, _) => unwell(
            "GPU",
            "CUDA was linked and did not load",
            "the linker may have dropped libtorch_cuda, or a CUDA library is missing beside it",
        ),
        (false, false, _) => well("GPU", "none: this program is built against a libtorch for CPUs"),
    };
    vec![
        well(
            "libtorch",
            format!("2.11 (tch 0.24), {}", if linked { "with CUDA" } else { "CPU" }),
        ),
        well("CPU", threads),
        gpu,
    ]
}

/// How many, and what of their memory is in use.
fn gpus() -> String {
    let count = device::gpus();
    let each = (0..count.max(0) as usize).filter_map(|n| {
        let device = Device::Cuda(n);
        Some(format!("{device} {}", memory::of(device)?))
    });
    let each: Vec<String> = each.collect();
    match each.is_empty() {
        true => format!("{count} that libtorch can use"),
        false => format!(
            "{count} that libtorch can use; memory in use: {}",
            each.join(", ")
        ),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn terminal() -> Finding {
    if !std::io::stdout().is_terminal() {
        return well(
            "terminal",
            "none on standard output; the dashboard needs one, `odin score` does not",
        );
    }
    let term = std::env::var("TERM").unwrap_or_default();
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns >= 80 && rows >= 24 => {
            well("terminal", format!("{term}, {columns}×{rows}"))
        }
        Ok((columns, rows)) => unwell(
            "terminal",
            format!("{term}, {columns}×{rows}"),
            "the dashboard wants 80×24 or more",
        ),
        Err(error) => unwell("terminal", term, error.to_string()),
    }
}

fn settings() -> Finding {
    let Some(path) = config::path() else {
        return well("settings", "none: there is no home folder to look in");
    };
    let shown = path.display();
    match Config::load(&path) {
        Ok(_) if !path.exists() => well(
            "settings",
            format!("none; `odin doctor --config` prints some for {shown}"),
        ),
        Ok(config) => well("settings", format!("{shown}, theme {}", config.theme.name())),
        Err(error) => unwell("settings", shown.to_string(), error.to_string()),
    }
}

fn networks(home: &Home) -> Vec<Finding> {
    let check = |(name, card): (String, Result<NetworkCard, crate::networks::CardError>)| match card {
        Err(error) => unwell("network", name, error.to_string()),
        Ok(card) if !card.weights_path().exists() => well("network", format!("{name}: no weights here")),
        Ok(card) => match card.read_weights(None, device::of_torch(Device::Cpu)) {
            Ok(_) => well(
                "network",
                format!("{name}: {}, every tensor there and finite", card.architecture),
            ),
            Err(error) => unwell("network", name, error.to_string()),
        },
    };
    NetworkCard::list(&home.models()).into_iter().map(check).collect()
}

/// What scoring has left on disk, and the room it may take there and in memory.
fn evidence(home: &Home) -> Finding {
    let usage = Shelf::usage(&home.runs());
    let mega = |bytes: u64| format!("{:.1} MB", bytes as f64 / (1u64 << 20) as f64);
    match Budget::from_env() {
        Err(error) => unwell("evidence", mega(usage.bytes), error.to_string()),
        Ok(Budget { memory, disk: 0 }) => well(
            "evidence",
            format!(
                "kept in memory only, of {} (ODIN_EVIDENCE_DISK is 0)",
                mega(memory)
            ),
        ),
        Ok(Budget { memory, disk }) => well(
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
    let all = datasets::list(&[home.data()]);
    let unreadable: Vec<String> = all
        .iter()
        .filter_map(|(_, card)| card.as_ref().err().map(ToString::to_string))
        .collect();
    let present = all
        .iter()
        .filter(|(_, card)| card.as_ref().is_ok_and(|c| c.is_present(&home.data()).is_ok()))
        .count();
    let found = format!(
        "{present} of {} data sets present (`odin list datasets`)",
        all.len()
    );
    if unreadable.is_empty() {
        well("data", found)
    } else {
        unwell("data", found, unreadable.join("; "))
    }
}
