//! As much of a shell's grammar as the panes of a tmuxp file use: words, quotes, variables, braces, assignments, `&&`,
//! `;`, pipes, groups, and `for` loops over words.
//!
//! What only a running shell can tell (`$(date)`, `*.png`) makes a [`Text`] that is not known, never a guess.
mod braces;
mod command;
mod expansion;
mod lexer;
mod run;
mod series;
#[cfg(test)]
mod tests;
mod variables;

pub(super) use command::{Command, ShellError, Text};
pub(super) use expansion::expanded;
pub(super) use variables::{Environment, Variables};

/// The commands of a line (or of several), in order. `variables` are those set so far; assignments and `export` add to
/// them.
///
/// # Errors
/// The line is incomplete, too large, or a program of the shell.
pub(super) fn commands(line: &str, variables: &mut Variables) -> Result<Vec<Command>, ShellError> {
    let tokens = lexer::tokens(line)?;
    let mut found = Vec::new();
    run::run(&tokens, variables, &mut found)?;
    Ok(found)
}
