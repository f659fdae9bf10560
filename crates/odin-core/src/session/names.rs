//! The networks, sets and files that a session names, looked for among the cards.
use std::collections::HashMap;
use std::path::Path;

use super::check::at;
use super::error::SessionError;
use super::place::Step::{Item, Key};
use super::schema::{Job, Session};
use super::text;
use crate::home::Home;
use crate::networks::NetworkCard;
use odin_datasets as datasets;

/// Reads the session file and names every network and data set that has no card and is no file, where it is named.
///
/// # Errors
/// The session itself cannot be read.
pub fn unknown_names(path: &Path, home: &Home) -> Result<Vec<SessionError>, SessionError> {
    let text = text::read(path)?;
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
        "network" => NetworkCard::find(name, &home.model_folders())
            .err()
            .map(|error| error.to_string()),
        "weights" => (!Path::new(name).exists()).then(|| format!("{name} is missing; is its name right?")),
        _ => datasets::find(name, &home.data_folders())
            .err()
            .map(|error| error.to_string()),
    }
}
