//! Fitted detectors score on a thread of their own: the first time over many images may take seconds, in which the scheduler
//! must hear a person, hand out batches and tell what comes back.
//!
//! One set at a time, which the scheduler chooses. It may stop it between two blocks of images for one that is more urgent, or
//! because nobody asks for its scores any more.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use super::entry_id::EntryId;
use super::evidence::Lent;
use super::guard::guarded;
use odin_core::protocol::Failure;
use odin_core::runs::evidence::EvidenceKey;

/// Images that a set's fitted detectors are to score.
pub(super) struct Columns {
    pub entry: EntryId,
    pub evidence: EvidenceKey,
    pub lent: Lent,
}

/// What came of them.
pub(super) struct Scored {
    pub entry: EntryId,
    pub evidence: EvidenceKey,
    /// With whether it was done, not stopped.
    pub scored: Result<(Lent, bool), Failure>,
}

/// Called on the thread before it begins with a set's columns: tests hold it up there.
pub(super) type Before = Box<dyn Fn() + Send>;

pub(super) struct Detecting {
    asks: Option<Sender<Columns>>,
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    under_way: Option<EntryId>,
}

impl Detecting {
    /// `done` is called from the thread, once for each set handed over.
    pub(super) fn start(before: Before, done: impl Fn(Scored) + Send + 'static) -> std::io::Result<Self> {
        let (asks, queue) = channel::<Columns>();
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let work = move || {
            for columns in queue {
                before();
                done(score(columns, &told));
            }
        };
        let thread = std::thread::Builder::new()
            .name("odin-detect".to_owned())
            .spawn(work)?;
        Ok(Self {
            asks: Some(asks),
            thread: Some(thread),
            stop,
            under_way: None,
        })
    }

    /// The set whose columns it is at.
    pub(super) fn under_way(&self) -> Option<EntryId> {
        self.under_way
    }

    /// Begins with these; it is at none.
    pub(super) fn begin(&mut self, columns: Columns) {
        assert!(self.under_way.is_none(), "one set at a time");
        self.under_way = Some(columns.entry);
        self.stop.store(false, Ordering::Relaxed);
        if let Some(asks) = &self.asks {
            // The thread hears as long as this stands.
            let _ = asks.send(columns);
        }
    }

    /// Stops what is under way between two blocks of images.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// What was under way has come back.
    pub(super) fn came_back(&mut self) {
        self.under_way = None;
    }
}

impl Drop for Detecting {
    fn drop(&mut self) {
        self.stop();
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn score(columns: Columns, stop: &AtomicBool) -> Scored {
    let Columns {
        entry,
        evidence,
        mut lent,
    } = columns;
    let scored = guarded(|| {
        let is_done = lent.score(&|| stop.load(Ordering::Relaxed));
        Ok::<_, Failure>((lent, is_done))
    });
    Scored {
        entry,
        evidence,
        scored,
    }
}
