//! Standard error while the dashboard is on the screen: what libraries write there goes to the log instead.
use std::io::{self, BufRead, BufReader};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::stdio::dup2_stderr;
use tokio::sync::mpsc::UnboundedSender;

use odin_core::plain::plain;

/// What standard error was before it was captured; `None` while it is not.
static ORIGINAL: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// While it lives, lines written to standard error are sent here.
pub(super) struct Capture(());

impl Capture {
    pub(super) fn start(lines: UnboundedSender<String>) -> io::Result<Self> {
        // Both ends are closed in programs that are started from here.
        let (reader, writer) = io::pipe()?;
        let original = io::stderr().as_fd().try_clone_to_owned()?;
        dup2_stderr(writer)?;
        *ORIGINAL.lock().unwrap_or_else(PoisonError::into_inner) = Some(original);
        // From here on an error gives it back.
        let capture = Self(());
        // Ends with the last writer: when standard error is given back.
        thread::Builder::new().name("stderr".to_owned()).spawn(move || {
            let mut reader = BufReader::new(reader);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                let text = plain(String::from_utf8_lossy(&line).trim_end()).into_owned();
                line.clear();
                // It is read even when nobody listens, so that writers are not blocked by a full pipe.
                let _ = lines.send(text);
            }
        })?;
        Ok(capture)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        give_back();
    }
}

/// Makes standard error what it was; does nothing the second time.
pub(super) fn give_back() {
    if let Some(original) = ORIGINAL.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = dup2_stderr(original);
    }
}
