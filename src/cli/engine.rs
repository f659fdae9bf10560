//! `odin-engine`, the program that computes: where it is, and what it is given to do.
use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use odin_core::tasks::{Examination, Finding, Task};

/// `odin-engine`, beside this program.
pub fn program() -> anyhow::Result<PathBuf> {
    let odin = std::env::current_exe().context("this program's own path cannot be found out")?;
    let program = odin.with_file_name("odin-engine");
    anyhow::ensure!(
        program.is_file(),
        "{} is missing, which computes: build or install both programs (`cargo build --release`, `make install`)",
        program.display()
    );
    Ok(program)
}

/// Becomes `odin-engine`, which does the task and ends with its own exit code.
pub fn hand_over(task: &Task) -> anyhow::Result<()> {
    let mut command = task_command(task)?;
    match become_it(&mut command) {
        Err(error) => {
            Err(error).with_context(|| format!("{} cannot be started", command.get_program().display()))
        }
        Ok(never) => match never {},
    }
}

/// What the engine finds.
pub fn examine(examination: &Examination) -> anyhow::Result<Vec<Finding>> {
    let mut command = task_command(&Task::Examine(examination.clone()))?;
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let reason = told.trim().strip_prefix("error: ").unwrap_or(told.trim());
        match reason.is_empty() {
            true => bail!("{} ended with {}", command.get_program().display(), output.status),
            false => bail!("{reason}"),
        }
    }
    serde_json::from_slice(&output.stdout)
        .context("the engine's answer cannot be read: is it of another build?")
}

fn task_command(task: &Task) -> anyhow::Result<Command> {
    let mut command = Command::new(program()?);
    command.arg("task").arg(serde_json::to_string(task)?);
    Ok(command)
}

fn become_it(command: &mut Command) -> std::io::Result<Infallible> {
    Err(command.exec())
}
