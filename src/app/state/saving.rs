//! What is in the session's file, on its way there, or kept beside it in case the program is cut off.
use std::time::Duration;

use odin_core::session::{Queue, View};

/// Unsaved changes are kept beside the file once nothing has changed for this long.
const BEFORE_AUTOSAVE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Saving {
    /// Queues and jobs as the file has them.
    pub(in crate::app) saved: Vec<Queue>,
    /// The view as the file has it.
    pub(in crate::app) saved_view: View,
    /// What is being written.
    pub(in crate::app) in_flight: Option<(Vec<Queue>, View)>,
    /// When jobs or parameters last changed, until that is kept beside the file.
    pub(in crate::app) changed_at: Option<Duration>,
    /// Whether something is kept beside the file.
    pub(in crate::app) has_autosave: bool,
    /// A person wanted to quit and was told that there are unsaved changes.
    pub(in crate::app) quit_asked: bool,
}

impl Saving {
    pub(in crate::app) fn autosave_due(&self) -> Option<Duration> {
        self.changed_at.map(|at| at + BEFORE_AUTOSAVE)
    }
}
