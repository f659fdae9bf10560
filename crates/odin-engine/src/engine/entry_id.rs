//! Names of the run queue's entries.

/// Names an entry of the run queue, once and for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EntryId(u64);

impl EntryId {
    pub(super) fn new(number: u64) -> Self {
        Self(number)
    }
}
