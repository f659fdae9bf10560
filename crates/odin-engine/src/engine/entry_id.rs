//! Names of the run queue's entries.

/// Names an entry of the run queue, once and for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryId(u64);

impl EntryId {
    pub fn new(number: u64) -> Self {
        Self(number)
    }
}
