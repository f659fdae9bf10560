//! Takes the terminal and gives it back as it was: at the end, on errors, on panics, before being suspended.
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

/// Alternate screen, bracketed paste, word of gaining and losing the focus (1004), no cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?1004h\x1b[?25l\x1b[2J";
/// Presses and drags with wide coordinates (1000, 1002, 1006), and no reports of a mouse that merely moves (1003).
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// Ends a frame that was begun, resets colours, and undoes `ENTER`.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// Whether the terminal is ours; only whoever turns it off gives the terminal back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// While it lives, the terminal is ours.
pub(super) struct Guard(());

impl Guard {
    pub(super) fn take(mouse: bool) -> io::Result<Self> {
        let guard = Self(());
        guard.enter(mouse)?;
        restore_on_panic(thread::current().id());
        Ok(guard)
    }

    /// Takes the terminal, at the start and after it was given back for a while.
    pub(super) fn enter(&self, mouse: bool) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        send(ENTER)?;
        self.set_mouse(mouse)
    }

    pub(super) fn set_mouse(&self, on: bool) -> io::Result<()> {
        send(if on { MOUSE_ON } else { MOUSE_OFF })
    }

    pub(super) fn leave(&self) {
        leave();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back, once. Errors are of no use here: there may be no terminal any more.
fn leave() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = send(MOUSE_OFF);
        let _ = send(LEAVE);
        let _ = disable_raw_mode();
    }
}

fn send(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// A panic on the thread that draws is told on a whole terminal. Those of other threads end up in the log, by way of
/// standard error, and the dashboard goes on.
fn restore_on_panic(drawing: ThreadId) {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    if INSTALLED.swap(true, Ordering::SeqCst) {
        return;
    }
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().id() == drawing {
            leave();
            super::stderr::give_back();
        }
        before(panic);
    }));
}
