//! Unsaved changes of a program that was cut off, offered at the next start.
use odin_core::session::{Change, Session, Subject};

#[derive(Debug, Clone, PartialEq)]
pub struct Restore {
    /// The session as it was last autosaved.
    pub session: Box<Session>,
    /// When that was, for a person to read.
    pub when: String,
    /// The session's own file has changed since.
    pub is_outdated: bool,
    /// What differs from the session's own file, in words.
    pub changes: Vec<String>,
    /// The first of the changes that is in sight.
    pub scrolled: usize,
    /// A person wants to discard them, and is asked whether they do.
    pub asks_to_discard: bool,
}

impl Restore {
    /// `file` is the session as its own file has it.
    pub fn new(file: &Session, unsaved: Session, when: String, is_outdated: bool) -> Self {
        // What is shown, and how, is no change to ask about.
        let is_of_view = |change: &Change| {
            matches!(
                change,
                Change::Set {
                    of: Subject::View,
                    ..
                }
            )
        };
        let changes = file.changes(&unsaved).into_iter();
        Self {
            changes: changes
                .filter(|change| !is_of_view(change))
                .map(|change| change.to_string())
                .collect(),
            session: Box::new(unsaved),
            when,
            is_outdated,
            scrolled: 0,
            asks_to_discard: false,
        }
    }
}
