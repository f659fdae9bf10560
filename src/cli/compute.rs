//! What needs libtorch: done here by `odin-engine`, and handed over to it by `odin`.
use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context;

use super::{Compute, doctor, engine, import, run, score, sweep, train, verdict};

/// Does it in this process.
pub fn compute(command: Compute) -> anyhow::Result<ExitCode> {
    match command {
        Compute::Score(options) => score::run(&options)?,
        Compute::Sweep(options) => sweep::run(&options)?,
        Compute::Run(options) => return run::run(&options),
        Compute::Verdict(options) => return verdict::run(&options),
        Compute::Train(options) => train::run(&options)?,
        Compute::Import(options) => import::run(&options)?,
        Compute::Doctor(options) => doctor::run(&options)?,
        Compute::Engine => engine::run()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Becomes `odin-engine`, with the same arguments. The command has been read, and so is known to be one.
pub fn hand_over(_: Compute) -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os();
    let mut command = Command::new(engine_program()?);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    match become_it(command.args(arguments)) {
        Err(error) => {
            Err(error).with_context(|| format!("{} cannot be started", command.get_program().display()))
        }
        Ok(never) => match never {},
    }
}

fn become_it(command: &mut Command) -> std::io::Result<Infallible> {
    Err(command.exec())
}

/// `odin-engine`, beside this program.
pub fn engine_program() -> anyhow::Result<PathBuf> {
    let odin = std::env::current_exe().context("where this program lies cannot be found out")?;
    let program = odin.with_file_name("odin-engine");
    anyhow::ensure!(
        program.is_file(),
        "{} is missing, which computes: build or install both programs (`cargo build --release`, `make install`)",
        program.display()
    );
    Ok(program)
}
