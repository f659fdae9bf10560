//! Checks of a session beyond its single values: those that the schema cannot make, and those that need the cards.
use std::collections::HashMap;
use std::path::Path;

use super::error::SessionError;
use super::place::Step::{Item, Key};
use super::place::{Step, locate};
use super::schema::{Job, Session};
use super::store;
use crate::home::Home;
use crate::networks::NetworkCard;
use odin_datasets as datasets;

/// Jobs through all queues; no dashboard shows more.
const MAX_JOBS: usize = 20_000;

/// What is wrong with a session that can be read, with the place in its text.
pub fn check(session: &Session, text: &str, path: &Path) -> Result<(), SessionError> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut jobs = 0;
    for (n, queue) in session.queues.iter().enumerate() {
        if let Some(first) = seen.insert(&queue.name, n) {
            let place = [Key("queues"), Item(n), Key("name")];
            let message = format!(
                "queues[{n}].name: `{}` is the name of queues[{first}] already; each queue needs one of its own",
                queue.name
            );
            return Err(at(text, path, &place, message));
        }
        jobs += queue.jobs.len();
        if jobs > MAX_JOBS {
            let message = format!("more than {MAX_JOBS} jobs up to here: too many for one session");
            return Err(at(text, path, &[Key("queues"), Item(n)], message));
        }
    }
    Ok(())
}

/// Reads the session file and names every network and data set that has no card and is no file, where it is named.
///
/// # Errors
/// The session itself cannot be read.
pub fn unknown_names(path: &Path, home: &Home) -> Result<Vec<SessionError>, SessionError> {
    let text = store::read(path)?;
    let session = Session::parse(&text, path)?;
    let mut known: HashMap<(&str, &str), Option<String>> = HashMap::new();
    let mut wrong = Vec::new();
    for (q, queue) in session.queues.iter().enumerate() {
        for (j, job) in queue.jobs.iter().enumerate() {
            for (key, name) in names(job) {
                let why = known
                    .entry((key, name))
                    .or_insert_with(|| unknown(key, name, home));
                if let Some(why) = why {
                    let place = [Key("queues"), Item(q), Key("jobs"), Item(j), Key(key)];
                    wrong.push(at(&text, path, &place, why.clone()));
                }
            }
        }
    }
    Ok(wrong)
}

/// The keys of a job that name a network, a set or a file.
fn names(job: &Job) -> impl Iterator<Item = (&'static str, &str)> {
    let weights = job.weights.as_deref().and_then(Path::to_str);
    [
        Some(("network", job.network.as_str())),
        Some(("dataset", job.dataset.as_str())),
        job.in_dataset.as_deref().map(|name| ("in_dataset", name)),
        weights.map(|path| ("weights", path)),
    ]
    .into_iter()
    .flatten()
}

/// Why a job cannot use what it names.
fn unknown(key: &str, name: &str, home: &Home) -> Option<String> {
    match key {
        "network" => NetworkCard::find(name, &home.models())
            .err()
            .map(|error| error.to_string()),
        "weights" => (!Path::new(name).exists()).then(|| format!("{name} is missing; is its name right?")),
        _ => datasets::find(name, &[home.data()])
            .err()
            .map(|error| error.to_string()),
    }
}

/// The error at this place of the text, or at its start where the place cannot be found (within an alias).
fn at(text: &str, path: &Path, place: &[Step], message: String) -> SessionError {
    let (line, column) = locate(text, place).unwrap_or((1, 1));
    SessionError::Invalid {
        path: path.to_owned(),
        line,
        column,
        message,
    }
}
