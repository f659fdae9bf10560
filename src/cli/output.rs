//! What a command says: its result on standard output, how far it is on standard error.
use std::io::{self, IsTerminal, Write};

use odin_core::plain::plain;

/// Prints to standard output, without whatever would steer a terminal. A reader that has gone (`odin list | head`) is no
/// error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout()
        .write_all(plain(text).as_bytes())
        .and_then(|()| io::stdout().flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A line on standard error, without whatever would steer a terminal; where that is closed, nobody is told.
pub(super) fn line(text: &str) {
    let _ = writeln!(io::stderr(), "{}", plain(text));
}

/// Prints a value as JSON, for other programs.
pub(super) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// A progress bar on standard error, and only on a terminal.
pub(super) fn progress_bar(length: u64, unit: &str) -> indicatif::ProgressBar {
    if !io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let template = format!("{{msg}} {{wide_bar}} {{pos}}/{{len}} {unit} · {{per_sec}} · {{eta}} left");
    let style = indicatif::ProgressStyle::with_template(&template);
    indicatif::ProgressBar::new(length)
        .with_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()))
}
