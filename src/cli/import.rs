//! `odin import`: other programs' files as this program's.
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::engine;
use super::output::print;
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::plain::plain;
use odin_core::session::{self, Imported, Job, Remark};
use odin_core::tasks::{ImportRequest, NewCard, Task};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Weights of any kind (.pth of any age, whole modules, archives, pytorchcv's) as safetensors, with a card
    Weights(WeightsOptions),
    /// A tmuxp layout as a session: panes become queues, commands of the scoring scripts jobs
    Tmuxp(TmuxpOptions),
}

#[derive(Debug, Args)]
struct TmuxpOptions {
    /// The layout: YAML or JSON
    file: PathBuf,
    /// The session to write, e.g. sessions/NAME.yaml [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct WeightsOptions {
    /// The file to read
    file: PathBuf,
    /// The network that the weights are for: a card's name in models/, or the path of a card [default: found out by the
    /// tensors]
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Name of a new card and its weights in models/ [default: asked for, or with --network that card]
    #[arg(long, value_name = "NAME", conflicts_with = "out")]
    name: Option<String>,
    /// Mean of each channel of images in [0, 1], in training [default: the well-known ones are tried on labelled images]
    #[arg(
        long,
        value_name = "A,B,C",
        value_delimiter = ',',
        requires = "std",
        allow_negative_numbers = true
    )]
    mean: Option<Vec<f32>>,
    /// Standard deviation of each channel
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', requires = "mean")]
    std: Option<Vec<f32>>,
    /// The set whose images are in-distribution: a data card's name, or a path [default: asked for]
    #[arg(long, value_name = "NAME|PATH")]
    in_dataset: Option<String>,
    /// Which weights of the file are meant, where several fit: the keys that lead to them, as the error names them
    #[arg(long, value_name = "KEY")]
    weights_key: Option<String>,
    /// The safetensors file to write, with a card of its own beside it [default: models/NAME.safetensors, for NAME's card]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    match &options.what {
        What::Weights(options) => weights(options),
        What::Tmuxp(options) => tmuxp(options),
    }
}

fn weights(options: &WeightsOptions) -> anyhow::Result<()> {
    let normalisation = options.mean.clone().zip(options.std.clone());
    engine::hand_over(&Task::ImportWeights(ImportRequest {
        file: options.file.clone(),
        network: options.network.clone(),
        weights_key: options.weights_key.clone(),
        out: options.out.clone(),
        says: NewCard {
            name: options.name.clone(),
            in_dataset: options.in_dataset.clone(),
            normalisation,
        },
        force: options.force,
    }))
}

/// Writes the session, and tells what became of every line that is no job.
fn tmuxp(options: &TmuxpOptions) -> anyhow::Result<()> {
    let home = Home::find().ok();
    let card = |network: &str| NetworkCard::find(network, &home.as_ref()?.model_folders()).ok();
    // Without a card, by the names of the scripts: densenet10 was trained on CIFAR-10.
    let by_name = |network: &str| match network {
        "densenet10" | "wideresnet10" | "resnet10" => Some("cifar10".to_owned()),
        "densenet100" | "wideresnet100" | "resnet100" => Some("cifar100".to_owned()),
        _ => None,
    };
    let in_dataset = |network: &str| {
        card(network)
            .map(|card| card.in_dataset)
            .or_else(|| by_name(network))
    };
    let imported = session::import_tmuxp(&options.file, &in_dataset)?;
    let name = options.file.file_name().unwrap_or_default().to_string_lossy();
    let mut head = vec![format!("From {name}, by `odin import tmuxp`.")];
    let lost: Vec<&Remark> = imported.remarks.iter().filter(|remark| remark.lost).collect();
    head.extend(lost.iter().map(|remark| {
        format!(
            "Not translated, {}: {} ({})",
            remark.place, remark.line, remark.what
        )
    }));
    let told = report(&imported, home.as_ref());
    match &options.out {
        None => {
            eprint!("{}", plain(&told));
            print(&imported.session.to_text(&head)?)
        }
        Some(out) if out.exists() && !options.force => {
            bail!("{} is there already; --force writes over it", out.display())
        }
        Some(out) => {
            imported.session.save_with_head(out, &head)?;
            print(&format!("{told}{}\n", out.display()))
        }
    }
}

fn report(imported: &Imported, home: Option<&Home>) -> String {
    let queues = &imported.session.queues;
    let jobs: Vec<&Job> = queues.iter().flat_map(|queue| &queue.jobs).collect();
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut text = format!(
        "{} in {}\n",
        count(jobs.len(), "job"),
        count(queues.len(), "queue")
    );
    for (heading, lost) in [("not translated", true), ("not needed, or worth a word", false)] {
        let remarks: Vec<&Remark> = imported
            .remarks
            .iter()
            .filter(|remark| remark.lost == lost)
            .collect();
        if !remarks.is_empty() {
            text.push_str(&format!("{heading}:\n"));
        }
        for Remark {
            place, line, what, ..
        } in remarks
        {
            text.push_str(&format!("  {place}: {line}\n    {what}\n"));
        }
    }
    let Some(home) = home else { return text };
    let mut unknown: Vec<String> = jobs
        .iter()
        .flat_map(|job| {
            let network = NetworkCard::find(&job.network, &home.model_folders())
                .err()
                .map(|error| error.to_string());
            let dataset = odin_datasets::find(&job.dataset, &home.data_folders())
                .err()
                .map(|error| error.to_string());
            [network, dataset]
        })
        .flatten()
        .collect();
    unknown.sort();
    unknown.dedup();
    text.extend(unknown.iter().map(|why| format!("warning: {why}\n")));
    text
}
