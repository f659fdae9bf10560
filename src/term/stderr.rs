//! Standard error while the dashboard is on the screen: what libraries write there goes to the log instead.
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use tokio::sync::mpsc::UnboundedSender;

/// The descriptor that standard error was; −1 while it is its own.
static KEPT: AtomicI32 = AtomicI32::new(-1);

/// While it lives, lines written to standard error are sent here.
pub struct Capture(());

impl Capture {
    pub fn start(lines: UnboundedSender<String>) -> io::Result<Self> {
        let (reader, writer) = pipe()?;
        let kept = io::stderr().as_fd().try_clone_to_owned()?;
        redirect(writer.as_raw_fd())?;
        KEPT.store(kept.into_raw_fd(), Ordering::SeqCst);
        // Ends with the last writer: when standard error is given back.
        thread::Builder::new().name("stderr".to_owned()).spawn(move || {
            let mut reader = BufReader::new(reader);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                line.clear();
                // With nobody to read it, it is still taken, so that writers do not stop.
                let _ = lines.send(text);
            }
        })?;
        Ok(Self(()))
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        give_back();
    }
}

/// Makes standard error what it was; does nothing the second time.
pub fn give_back() {
    let kept = KEPT.swap(-1, Ordering::SeqCst);
    if kept >= 0 {
        // SAFETY: `kept` was an `OwnedFd`, and the swap made this its only owner.
        let kept = unsafe { OwnedFd::from_raw_fd(kept) };
        let _ = redirect(kept.as_raw_fd());
    }
}

/// Both ends are closed in programs that are started from here.
fn pipe() -> io::Result<(File, OwnedFd)> {
    let mut ends: [RawFd; 2] = [-1; 2];
    // SAFETY: `pipe` writes two descriptors into the array that it is given.
    check(unsafe { libc::pipe(ends.as_mut_ptr()) })?;
    // SAFETY: they are open, and nobody else has them.
    let (reader, writer) = unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
    for end in [&reader, &writer] {
        // SAFETY: sets a flag on a descriptor that is open.
        check(unsafe { libc::fcntl(end.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
    }
    Ok((File::from(reader), writer))
}

fn redirect(to: RawFd) -> io::Result<()> {
    // SAFETY: makes descriptor 2 another name of an open one.
    check(unsafe { libc::dup2(to, libc::STDERR_FILENO) }).map(drop)
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
