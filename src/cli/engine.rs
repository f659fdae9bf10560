//! `odin engine`: what the dashboard starts to compute with.
use std::fs::File;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

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
    // SAFETY: duplicates a descriptor; the new one is ours.
    let output = check(unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_DUPFD_CLOEXEC, 3) })?;
    // SAFETY: `output` is open, and nobody else has it.
    let output = unsafe { OwnedFd::from_raw_fd(output) };
    // SAFETY: makes descriptor 1 another name of descriptor 2.
    check(unsafe { libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO) })?;
    Ok(File::from(output))
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
