//! A network in memory, ready to score.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use odin_core::networks::NetworkCard;
use odin_detectors::LastLayer;

use crate::scoring::Scorer;

/// A network ready to score, and what its scores depend on.
pub struct OpenNetwork {
    pub card: NetworkCard,
    pub weights_digest: String,
    /// What a person should know of it.
    pub notes: Vec<String>,
    /// Why only ε = 0 can be scored, where that is so.
    pub no_gradient: Option<String>,
    /// What takes its features to its logits, where there are features and it is known.
    pub last_layer: Option<Arc<LastLayer>>,
    /// Why there are no features, where there are none.
    pub no_features: Option<String>,
    /// Of features that are there: why it is not known what takes them to the logits, where that is so.
    pub no_last_layer: Option<String>,
    /// By what its scores are computed.
    pub computed_by: &'static str,
    /// One a compute thread, all round the same weights: a tensor can go to another thread, but not be shared.
    pub(super) scorers: Vec<Mutex<Scorer>>,
}

impl OpenNetwork {
    /// The scorer of a compute thread. Threads beyond those that it was opened for share the last.
    pub fn scorer(&self, thread: usize) -> Option<MutexGuard<'_, Scorer>> {
        let scorer = self.scorers.get(thread).or(self.scorers.last())?;
        Some(scorer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
