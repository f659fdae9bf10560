//! `odin engine`: what the dashboard starts to compute with.
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use anyhow::Context;

use crate::engine::{Budget, serve};
use crate::home::Home;

pub fn run() -> anyhow::Result<()> {
    // The terminal tells the whole group; when to end, the dashboard says by closing the pipe.
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: sets how a signal is met; no handler runs.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    let output = take_standard_output().context("standard output cannot be set up")?;
    serve(&Home::find()?, Budget::from_env()?, io::stdin().lock(), output)?;
    Ok(())
}

/// Standard output for messages alone: what libraries print goes to standard error from here on.
fn take_standard_output() -> io::Result<File> {
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    // SAFETY: makes descriptor 1 another name of descriptor 2.
    if unsafe { libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(File::from(output))
}
