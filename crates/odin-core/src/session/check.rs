//! Checks of a session beyond its single values, which the schema cannot make.
use std::collections::HashMap;
use std::path::Path;

use super::error::SessionError;
use super::place::Step::{Item, Key};
use super::place::{Step, locate};
use super::schema::Session;
use odin_datasets::Sampling;

/// Jobs through all queues; no dashboard shows more.
const MAX_JOBS: usize = 20_000;

/// Why the two keys cannot stand together.
const NO_SKIP: &str =
    "`sample` leaves no images to `skip`, which counts along the file: say `order: file`, or take `skip` out";

/// What is wrong with a session that can be read, with the place in its text.
pub(super) fn check(session: &Session, text: &str, path: &Path) -> Result<(), SessionError> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut jobs = 0;
    if session.defaults.order == Some(Sampling::Sample) && session.defaults.skip > 0 {
        return Err(at(
            text,
            path,
            &[Key("defaults"), Key("order")],
            format!("defaults.order: {NO_SKIP}"),
        ));
    }
    for (n, queue) in session.queues.iter().enumerate() {
        if let Some(first) = seen.insert(&queue.name, n) {
            let place = [Key("queues"), Item(n), Key("name")];
            let message = format!(
                "queues[{n}].name: `{}` is the name of queues[{first}] already; each queue needs one of its own",
                queue.name
            );
            return Err(at(text, path, &place, message));
        }
        for (j, job) in queue.jobs.iter().enumerate() {
            if job.order == Some(Sampling::Sample) && job.skip.unwrap_or(session.defaults.skip) > 0 {
                let place = [Key("queues"), Item(n), Key("jobs"), Item(j), Key("order")];
                let message = format!("queues[{n}].jobs[{j}].order: {NO_SKIP}");
                return Err(at(text, path, &place, message));
            }
            if let Err(misfit) = job.knobs.settings(job.detector) {
                let keys = misfit.keys.iter().map(|key| Key(key));
                let place = [Key("queues"), Item(n), Key("jobs"), Item(j), Key("knobs")];
                let place: Vec<Step> = place.into_iter().chain(keys).collect();
                let message = format!(
                    "queues[{n}].jobs[{j}].knobs.{}: {}",
                    misfit.keys.join("."),
                    misfit.why
                );
                return Err(at(text, path, &place, message));
            }
            let misfit = job.tuned.as_ref().and_then(|tuned| tuned.misfit(&job.dataset));
            if let Some((key, why)) = misfit {
                let place = [
                    Key("queues"),
                    Item(n),
                    Key("jobs"),
                    Item(j),
                    Key("tuned"),
                    Key(key),
                ];
                return Err(at(
                    text,
                    path,
                    &place,
                    format!("queues[{n}].jobs[{j}].tuned: {why}"),
                ));
            }
        }
        jobs += queue.jobs.len();
        if jobs > MAX_JOBS {
            let message = format!("more than {MAX_JOBS} jobs up to here: too many for one session");
            return Err(at(text, path, &[Key("queues"), Item(n)], message));
        }
    }
    Ok(())
}

/// The error at this place of the text, or at its start where the place cannot be found (within an alias).
pub(super) fn at(text: &str, path: &Path, place: &[Step], message: String) -> SessionError {
    let (line, column) = locate(text, place).unwrap_or((1, 1));
    SessionError::Invalid {
        path: path.to_owned(),
        line,
        column,
        message,
    }
}
