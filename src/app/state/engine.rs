//! Whether there is an engine, and when it was last asked for scores.
use std::collections::BTreeSet;
use std::time::Duration;

/// Scoring is requested at most this often while a slider moves.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(80);
/// How long a person is taken to wait for the result after T or ε has moved.
const AWAITED: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineState {
    Starting,
    Up,
    /// Why it ended, or did not start.
    Gone(String),
}

/// Requests for scores: sent, and held back because the last one was sent only a moment ago.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Requests {
    /// Jobs, by their places in the list, whose newest parameters the engine does not know yet.
    pub(in crate::app) pending: BTreeSet<usize>,
    pub(in crate::app) sent_at: Option<Duration>,
}

impl Requests {
    /// When the next request may be sent.
    pub(in crate::app) fn due(&self) -> Duration {
        self.sent_at.map_or(Duration::ZERO, |at| at + BETWEEN_REQUESTS)
    }

    /// Whether the last request was sent so recently that a person still waits for what comes of it.
    pub(in crate::app) fn is_awaited(&self, now: Duration) -> bool {
        self.sent_at.is_some_and(|at| now < at + AWAITED)
    }
}
