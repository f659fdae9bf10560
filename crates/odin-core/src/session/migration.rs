//! Sessions of older versions of the schema, brought to the present one as they are read.
//!
//! | version | what changed |
//! |---|---|
//! | 2 | `limit: null` on a job means all images; before, it meant the default. `device` may be a list, jobs may have a `sweep` |
use super::schema::Session;
use super::values::{Limit, VERSION};

/// What the session meant in its own version, said in the present one.
pub(super) fn migrate(mut session: Session) -> Session {
    if session.version < 2 {
        let jobs = session.queues.iter_mut().flat_map(|queue| &mut queue.jobs);
        jobs.filter(|job| job.limit == Some(Limit::All))
            .for_each(|job| job.limit = None);
    }
    session.version = VERSION;
    session
}
