//! `odin doctor`: what this build and this machine can do, and what is wrong.
use std::io::IsTerminal;

use clap::Args;

use super::print;
use crate::datasets;
use crate::engine::device;
use crate::home::Home;
use crate::networks::NetworkCard;
use crate::units::Device;

#[derive(Debug, Args)]
pub struct Options {}

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

pub fn run(_: &Options) -> anyhow::Result<()> {
    let mut findings = vec![well("odin", env!("CARGO_PKG_VERSION"))];
    findings.extend(libtorch());
    findings.push(terminal());
    match Home::find() {
        Ok(home) => {
            findings.push(well("home", home.path().display().to_string()));
            findings.extend(networks(&home));
            findings.push(data(&home));
        }
        Err(error) => findings.push(unwell("home", "none", error.to_string())),
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

fn libtorch() -> Vec<Finding> {
    let threads = format!(
        "{} threads in one operation, {} cores",
        tch::get_num_threads(),
        cores()
    );
    let linked = cfg!(linked_cuda);
    let gpu = match (linked, tch::utils::has_cuda(), device::gpus()) {
        (_, true, 1..) => well("GPU", format!("{} that libtorch can use", device::gpus())),
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
