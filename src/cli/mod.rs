//! The command line: one file a subcommand. Reads arguments, prints results; what is worth testing lies below.
//!
//! What needs libtorch is done by another program, `odin-engine`, which `engine` starts and `client` talks to.
mod bench;
mod client;
mod comparison;
mod detectors;
mod doctor;
mod engine;
mod explore;
mod export_script;
mod import;
mod fetch;
mod grid;
mod interrupt;
mod list;
mod output;
mod prune;
mod reference;
mod report;
mod run;
mod score;
mod search;
mod suggest;
mod sweep;
mod train;
mod tune;
mod verdict;
mod what;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use self::output::print;
use odin_core::logging;
use odin_core::plain::{in_words, plain};

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
    /// Choose a detector's knobs on some images, or on other sets, and report them on the others
    Tune(Box<tune::Options>),
    /// Score networks by a benchmark's protocol, such as OpenOOD v1.5's, beside what its leaderboard has
    Bench(Box<bench::Options>),
    /// Work through a session without the dashboard, and keep what comes of it in runs/
    Run(run::Options),
    /// Tell of single images whether they are in- or out-of-distribution
    Verdict(Box<verdict::Options>),
    /// Train a network from a data set's card
    Train(Box<train::Options>),
    /// Bring other programs' files
    Import(import::Options),
    /// Print a Python file that turns any classifier into a TorchScript program with logits and features
    ExportScript,
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

/// Runs the program. Exit code 2 says that the input was at fault, and one line on standard error says how; 1 that what was
/// asked for could not be done, though nothing was wrong with it.
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| match mistyped_command() {
        Some(word) if error.kind() == ErrorKind::UnknownArgument => {
            let meant = suggest::did_you_mean(&word, &commands(), &[]);
            Cli::command()
                .error(
                    ErrorKind::InvalidSubcommand,
                    format!("no command `{word}`{meant}"),
                )
                .exit()
        }
        _ => error.exit(),
    });
    match begin().and_then(|()| run(cli)) {
        Ok(code) => code,
        Err(error) => refuse(&error),
    }
}

/// The first argument, where arguments that no session takes follow it and it is spelled much as a command.
fn mistyped_command() -> Option<String> {
    let word = std::env::args_os().nth(1)?.into_string().ok()?;
    let is_near = !commands().contains(&word) && !suggest::did_you_mean(&word, &commands(), &[]).is_empty();
    (is_near && !word.starts_with('-')).then_some(word)
}

fn commands() -> Vec<String> {
    let command = Cli::command();
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(|command| command.get_name().to_owned()).collect()
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => explore::run(cli.session.as_deref(), &cli.explore, &commands()),
        Some(Command::Score(options)) => score::run(&options),
        Some(Command::Sweep(options)) => sweep::run(&options),
        Some(Command::Tune(options)) => tune::run(&options),
        Some(Command::Bench(options)) => bench::run(&options),
        Some(Command::Run(options)) => return run::run(&options),
        Some(Command::Verdict(options)) => return verdict::run(&options),
        Some(Command::Train(options)) => train::run(&options),
        Some(Command::Import(options)) => import::run(&options),
        Some(Command::ExportScript) => export_script::run(),
        Some(Command::Doctor(options)) => doctor::run(&options),
        Some(Command::Report(options)) => report::run(&options),
        Some(Command::Runs(options)) => prune::run(&options),
        Some(Command::List(options)) => list::run(&options),
        Some(Command::Fetch(options)) => return fetch::run(&options),
        Some(Command::Man(options)) => reference::manual(Cli::command(), &options),
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
    let _ = writeln!(io::stderr(), "error: {}", plain(&in_words(error.as_ref())));
    ExitCode::from(2)
}
