//! `odin-engine`, the program that computes: where it is, and what it is given to do.
use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use odin_core::tasks::{Examination, Finding, Task};

/// `odin-engine`, beside this program.
pub(super) fn program() -> anyhow::Result<PathBuf> {
    let odin = std::env::current_exe().context("this program's own path cannot be found out")?;
    let program = odin.with_file_name("odin-engine");
    if !program.is_file() {
        build_under_cargo(&program)?;
    }
    anyhow::ensure!(
        program.is_file(),
        "{} is missing, which computes: build or install both programs (`cargo build --release`, `make install`)",
        program.display()
    );
    Ok(program)
}

/// `cargo run` builds the program that it runs and no other: where it runs this one in its own checkout, the engine is built
/// too.
fn build_under_cargo(program: &Path) -> anyhow::Result<()> {
    let checkout = env!("CARGO_MANIFEST_DIR");
    // `cargo test` looks alike, and its tests say themselves what they need.
    let is_tested = std::env::var_os("ODIN_TEST_ENGINE").is_some();
    let Some(cargo) = std::env::var_os("CARGO").filter(|_| !is_tested) else {
        return Ok(());
    };
    let is_ours = std::env::var_os("CARGO_MANIFEST_DIR").is_some_and(|folder| folder == checkout);
    let folder = program.parent().and_then(Path::file_name);
    let profile = match folder.and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some("release") => "release",
        _ => return Ok(()),
    };
    if !is_ours {
        return Ok(());
    }
    let status = Command::new(cargo)
        .args(["build", "--package", "odin-engine", "--profile", profile])
        .current_dir(checkout)
        .stdout(Stdio::null())
        .status()
        .context("cargo cannot be started to build odin-engine")?;
    anyhow::ensure!(
        status.success(),
        "odin-engine could not be built: cargo says why above"
    );
    Ok(())
}

/// Becomes `odin-engine`, which does the task and ends with its own exit code.
pub(super) fn hand_over(task: &Task) -> anyhow::Result<()> {
    let mut command = task_command(task)?;
    match become_it(&mut command) {
        Err(error) => {
            Err(error).with_context(|| format!("{} cannot be started", command.get_program().display()))
        }
        Ok(never) => match never {},
    }
}

/// What the engine finds.
pub(super) fn examine(examination: &Examination) -> anyhow::Result<Vec<Finding>> {
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
