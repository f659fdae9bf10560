//! Ctrl-C while a command scores: what was kept is told, and how to go on.
use std::io::{self, Write};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::output::line;
use odin_core::home::Home;

/// What remains of images that were scored when the program is interrupted; `fresh` keeps no evidence.
pub(super) fn kept(home: &Home, fresh: bool) -> String {
    if fresh {
        return "nothing is kept of what was under way, as everything was to be computed afresh".to_owned();
    }
    format!(
        "what was scored is kept in {}, and the same command goes on from it",
        home.runs().join("evidence").display()
    )
}

/// From here on, SIGINT and SIGTERM print what `kept` says and end the program as a shell expects. The engine goes with it, and
/// the evidence that it has written stays.
///
/// # Errors
/// The signals cannot be caught.
pub(super) fn tell(kept: impl Fn() -> String + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                line(&format!("\ninterrupted: {}", kept()));
                let _ = io::stderr().flush();
                std::process::exit(128 + signal);
            }
        })?;
    Ok(())
}
