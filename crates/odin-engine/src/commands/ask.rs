//! Asks a person at the terminal.
use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};

/// What answers a question with its default: `None` where there is nobody to ask.
pub(super) type Ask<'a> = &'a mut dyn FnMut(&str, Option<&str>) -> anyhow::Result<Option<String>>;

/// Asks on standard error and reads a line, where both ends are a terminal.
pub(super) fn at_terminal(question: &str, default: Option<&str>) -> anyhow::Result<Option<String>> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
    loop {
        eprint!("{question}{shown}: ");
        io::stderr().flush().context("standard error")?;
        let mut line = String::new();
        if io::stdin()
            .lock()
            .read_line(&mut line)
            .context("standard input")?
            == 0
        {
            bail!("no answer: nothing was written");
        }
        match (line.trim(), default) {
            ("", None) => {}
            ("", Some(default)) => return Ok(Some(default.to_owned())),
            (answer, _) => return Ok(Some(answer.to_owned())),
        }
    }
}
