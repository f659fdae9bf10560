//! Unsaved changes of a program that was cut off, offered at the next start.
use crate::session::Session;

#[derive(Debug, Clone, PartialEq)]
pub struct Restore {
    /// The session as it was last autosaved.
    pub session: Box<Session>,
    /// When that was, for a person to read.
    pub when: String,
    /// The session's own file has changed since.
    pub is_outdated: bool,
}
