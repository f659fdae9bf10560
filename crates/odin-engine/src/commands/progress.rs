//! How far a task is, for a person.
use std::io::{self, IsTerminal};

/// A progress bar on standard error, and only on a terminal.
pub(super) fn progress_bar(unit: &str) -> indicatif::ProgressBar {
    if !io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let template = format!("{{msg}} {{wide_bar}} {{pos}}/{{len}} {unit} · {{per_sec}} · {{eta}} left");
    let style = indicatif::ProgressStyle::with_template(&template).expect("the template is well-formed");
    indicatif::ProgressBar::new(0).with_style(style)
}
