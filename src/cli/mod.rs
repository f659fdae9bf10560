//! The command line: one file a subcommand. Reads arguments, prints results; what is worth testing lies below.
//!
//! What needs libtorch is done by another program, `odin-engine`, which `engine` starts and `client` talks to.
mod client;
mod doctor;
mod engine;
mod explore;
mod import;
mod fetch;
mod grid;
mod list;
mod prune;
mod reference;
mod report;
mod run;
mod score;
mod sweep;
mod train;
mod verdict;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::datasets::{Corrupt, Sampling};
use crate::logging;
use crate::plain::plain;
use crate::units::{Device, Magnitude, Temperature};

/// Explore how well a network knows what it does not know.
///
/// Without a command, the dashboard opens on a session. Scores are the max-softmax baseline and ODIN: temperature
/// scaling and input perturbation (arXiv 1706.02690).
#[derive(Debug, Parser)]
#[command(name = "odin", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// A session: a YAML file, or the name of one in sessions/ [default: demo]
    session: Option<String>,
    #[command(flatten)]
    explore: explore::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Score one data set against a network's in-distribution set and print the metrics
    Score(Box<score::Options>),
    /// Score a grid of temperatures and magnitudes; choose on some images, report on the others
    Sweep(Box<sweep::Options>),
    /// Work through a session without the dashboard, and keep what comes of it in runs/
    Run(run::Options),
    /// Tell of single images whether they are in- or out-of-distribution
    Verdict(verdict::Options),
    /// Train a network from a data set's card
    Train(Box<train::Options>),
    /// Bring other programs' files
    Import(import::Options),
    /// libtorch, devices, terminal and data, and what is wrong with them
    Doctor(doctor::Options),
    /// Tables, figures and files of runs
    Report(report::Options),
    /// Look after what is kept in runs/
    Runs(prune::Options),
    /// What there is, and what is present on this machine
    List(list::Options),
    /// Bring data sets and weights to this machine, as their cards say
    Fetch(fetch::Options),
    /// Write manual pages, odin.1 and one for each command, into a folder
    Man(reference::Options),
    /// Write the references of docs/ into a folder
    #[command(hide = true)]
    Reference(reference::Options),
    /// Print a shell's completions
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
}

/// What to score, in the words of the scripts before this program.
#[derive(Debug, Clone, Args)]
struct What {
    /// Network: a card's name in models/, or the path of a card
    #[arg(long = "nn", visible_alias = "network", value_name = "NAME")]
    network: String,
    /// Out-of-distribution set: a card's name in data/, a folder of images, a CIFAR or IDX file
    #[arg(long, visible_alias = "out-dataset", value_name = "NAME|PATH")]
    dataset: String,
    /// Perturbation magnitude ε, in units of the [0, 1] image
    #[arg(long, default_value_t = Magnitude::PAPER, value_name = "ε", allow_negative_numbers = true)]
    magnitude: Magnitude,
    /// Temperature T
    #[arg(long, default_value_t = Temperature::PAPER, value_name = "T", allow_negative_numbers = true)]
    temperature: Temperature,
    /// Weights to use instead of the card's
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// In-distribution set to use instead of the card's
    #[arg(long, value_name = "NAME|PATH")]
    in_dataset: Option<String>,
    /// How images are chosen where --limit or a sweep takes some: a seeded sample, stratified by label, or in the order of the
    /// file, as papers take them [default: sample, and file with --skip]
    #[arg(long, value_parser = words::<Sampling>(&Sampling::KEYS), value_name = "ORDER")]
    order: Option<Sampling>,
    /// Leave out the first images of each set's file
    #[arg(long, default_value_t = 0, value_name = "N")]
    skip: usize,
    /// Score at most so many images of each set
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// What to do about images that cannot be decoded, in place of what the sets' cards say
    #[arg(long, value_parser = words::<Corrupt>(&Corrupt::KEYS), value_name = "WHAT")]
    corrupt: Option<Corrupt>,
    /// auto, cpu or cuda:N
    #[arg(long, default_value_t = Device::Auto)]
    device: Device,
    /// Images a pass [default: measured once for each network, size of image and device, and remembered]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch: Option<u32>,
    /// Seed of the sample and of the bootstrap intervals
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Compute everything afresh: neither read the evidence of earlier runs nor keep any on disk
    #[arg(long)]
    fresh: bool,
}

/// Lists the words in `--help` and in the error.
fn words<T>(keys: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(keys).try_map(|key| key.parse::<T>())
}

/// Runs the program. Exit code 2 says that the input was at fault, and one line on standard error says how.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match begin().and_then(|()| run(cli)) {
        Ok(code) => code,
        Err(error) => refuse(&error),
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => explore::run(cli.session.as_deref(), &cli.explore),
        Some(Command::Score(options)) => score::run(&options),
        Some(Command::Sweep(options)) => sweep::run(&options),
        Some(Command::Run(options)) => return run::run(&options),
        Some(Command::Verdict(options)) => return verdict::run(&options),
        Some(Command::Train(options)) => train::run(&options),
        Some(Command::Import(options)) => import::run(&options),
        Some(Command::Doctor(options)) => doctor::run(&options),
        Some(Command::Report(options)) => report::run(&options),
        Some(Command::Runs(options)) => prune::run(&options),
        Some(Command::List(options)) => list::run(&options),
        Some(Command::Fetch(options)) => fetch::run(&options),
        Some(Command::Man(options)) => reference::manual(&options),
        Some(Command::Reference(options)) => reference::run(&options),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "odin", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

/// What every command needs.
fn begin() -> anyhow::Result<()> {
    logging::start()?;
    // Libraries that look for their files fail in it, and blame other things.
    if let Err(error) = std::env::current_dir() {
        anyhow::ensure!(
            error.kind() != io::ErrorKind::NotFound,
            "the current folder was removed: go to another one, or if it was made anew, into it again (cd \"$PWD\")"
        );
    }
    Ok(())
}

fn refuse(error: &anyhow::Error) -> ExitCode {
    tracing::debug!(%error, "refused");
    // With nobody to tell where standard error is closed.
    let _ = writeln!(io::stderr(), "error: {}", plain(&format!("{error:#}")));
    ExitCode::from(2)
}

/// Prints to standard output, without whatever would steer a terminal. A reader that has gone (`odin list | head`) is no
/// error.
fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout()
        .write_all(plain(text).as_bytes())
        .and_then(|()| io::stdout().flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A progress bar on standard error, and only on a terminal.
fn progress_bar(length: u64, unit: &str) -> indicatif::ProgressBar {
    if !io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let template = format!("{{msg}} {{wide_bar}} {{pos}}/{{len}} {unit} · {{per_sec}} · {{eta}} left");
    let style = indicatif::ProgressStyle::with_template(&template);
    indicatif::ProgressBar::new(length)
        .with_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()))
}
