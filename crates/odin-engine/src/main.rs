//! `odin-engine`: computes for `odin`, the one program that loads libtorch.
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use clap::{Parser, Subcommand};
use odin_core::home::Home;
use odin_core::logging;
use odin_core::plain::{in_words, plain};
use odin_core::runs::evidence::Budget;
use odin_core::tasks::Task;
use odin_engine::{commands, engine};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};

/// Computes for `odin`, which starts it; people use `odin`.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Score what standard input asks for, and answer on standard output
    Serve {
        /// Keep evidence in memory alone: neither read that of earlier runs nor leave any
        #[arg(long)]
        fresh: bool,
    },
    /// Train, import weights or examine, as the task says
    Task {
        /// The task as JSON
        #[arg(value_parser = task)]
        task: Box<Task>,
    },
}

fn task(text: &str) -> Result<Box<Task>, serde_json::Error> {
    serde_json::from_str(text)
}

/// Exit code 2 says that the input was at fault, and one line on standard error says how.
fn main() -> ExitCode {
    let command = Cli::parse().command;
    let done = logging::start()
        .map_err(anyhow::Error::from)
        .and_then(|()| match command {
            Command::Serve { fresh } => serve(fresh),
            Command::Task { task } => commands::run(&task),
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", plain(&in_words(error.as_ref())));
            ExitCode::from(2)
        }
    }
}

fn serve(fresh: bool) -> anyhow::Result<()> {
    ignore_terminal_signals().context("signals cannot be set up")?;
    let output = take_standard_output().context("standard output cannot be set up")?;
    let budget = Budget::from_env()?;
    let budget = if fresh { budget.in_memory() } else { budget };
    engine::serve(&Home::find()?, budget, io::stdin().lock(), output)?;
    Ok(())
}

/// The terminal sends these to the whole group of processes; the client says when to end, by closing the pipe.
fn ignore_terminal_signals() -> io::Result<()> {
    let unread = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGQUIT] {
        signal_hook::flag::register(signal, unread.clone())?;
    }
    Ok(())
}

/// Standard output for messages alone: what libraries print goes to standard error from here on.
fn take_standard_output() -> io::Result<File> {
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(File::from(output))
}
