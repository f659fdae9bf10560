//! What a program that was cut off had not saved, and whether to go on with it.
use crate::session::Session;

#[derive(Debug, Clone, PartialEq)]
pub struct Restore {
    /// As it was when the program was cut off.
    pub session: Box<Session>,
    /// When that was, as a person reads it.
    pub when: String,
    /// The session's own file has changed since.
    pub is_outdated: bool,
}
