//! A tmuxp layout as a session: a pane becomes a queue, a command of a scoring script a job.
//!
//! Nothing is dropped silently: every command that is no job is told, with the reason.
mod launcher;
mod layout;
mod panes;
mod queues;
mod remark;
mod script;
mod shell;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::error::SessionError;
use super::schema::Session;
use super::{parse, text};
pub use layout::LayoutError;
use layout::scalar;
use queues::Queues;
pub use remark::Remark;
use remark::one_line;
use shell::{Environment, Variables};

/// A session out of a tmuxp file, and what became of every line of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    pub session: Session,
    pub remarks: Vec<Remark>,
}

/// Why a file becomes no session.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error("{file}: no tmuxp file: {cause}")]
    NotTmuxp { file: String, cause: LayoutError },
    #[error("{file}: nothing here for odin: of its {commands} commands none runs a scoring script (python main.py --nn … --dataset …){}", listed(.lost))]
    Nothing {
        file: String,
        commands: usize,
        /// The commands that are not understood, with the reasons.
        lost: Vec<Remark>,
    },
}

fn listed(lost: &[Remark]) -> String {
    const SHOWN: usize = 10;
    let mut text = String::new();
    for remark in lost.iter().take(SHOWN) {
        text.push_str(&format!(
            "\n  {}: `{}`: {}",
            remark.place, remark.line, remark.what
        ));
    }
    if let Some(more) = lost.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

/// Reads a tmuxp file (YAML or JSON). `in_dataset_of` knows the in-distribution set of a network, where there is a card.
/// Variables that the file does not set are looked up in the environment of this process.
///
/// # Errors
/// The file cannot be read, is no tmuxp file, or runs nothing that this program does.
pub fn import_tmuxp(
    path: &Path,
    in_dataset_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Imported, ImportError> {
    let as_text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let environment = std::env::vars_os().filter_map(as_text).collect();
    import(path, &text::read(path)?, environment, in_dataset_of)
}

fn import(
    path: &Path,
    text: &str,
    environment: Environment,
    in_dataset_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Imported, ImportError> {
    let file = path.display().to_string();
    let not_tmuxp = |cause| ImportError::NotTmuxp {
        file: file.clone(),
        cause,
    };
    let value = match layout::json(text) {
        Some(value) => value.map_err(not_tmuxp)?,
        None => parse::parse(text, path)?,
    };
    let (root, windows) = layout::layout(value).map_err(not_tmuxp)?;
    let variables = Variables::of(environment);
    let name = name(path, root.get("session_name").and_then(scalar), &variables);
    let mut remarks = Vec::new();
    let panes = panes::panes(&root, &windows, variables, &mut remarks);
    let mut queues = Queues::new(in_dataset_of, &mut remarks);
    for pane in panes {
        queues.add(pane, windows.len() > 1);
    }
    let Queues { queues, commands, .. } = queues;
    if queues.is_empty() {
        remarks.retain(|remark| remark.lost);
        return Err(ImportError::Nothing {
            file,
            commands,
            lost: remarks,
        });
    }
    let mut session = Session::new(name);
    session.queues = queues;
    queues::factor(&mut session);
    // Too many jobs, or a name that no session takes.
    Session::parse(&session.to_yaml(path)?, path)?;
    Ok(Imported { session, remarks })
}

/// What the session is called: as in tmux, or as its file.
fn name(path: &Path, given: Option<String>, variables: &Variables) -> String {
    let given = given.map(|name| one_line(&shell::expanded(&name, variables).text));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    [given.unwrap_or_default(), one_line(&stem)]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "tmuxp".to_owned())
}

fn remark(remarks: &mut Vec<Remark>, place: &str, line: &str, what: impl Into<String>, lost: bool) {
    let remark = Remark {
        place: place.to_owned(),
        line: one_line(line),
        what: one_line(&what.into()),
        lost,
    };
    // What stands before every pane is told once.
    if !remarks.contains(&remark) {
        remarks.push(remark);
    }
}
