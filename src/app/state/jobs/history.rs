//! Undo and redo of changes to knobs and to the list of jobs.
use std::time::Duration;

use super::job::Job;
use crate::app::state::parameters::Slider;
use odin_core::setting::Setting;

/// Only this many changes can be undone.
const MOST: usize = 200;
/// Steps closer together than this are undone as one.
const TOGETHER: Duration = Duration::from_millis(700);

/// A detector's knobs in one job, before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::app) struct Change {
    pub(in crate::app) job: usize,
    pub(in crate::app) from: Setting,
    pub(in crate::app) to: Setting,
}

/// A change that can be undone. Jobs are addressed by their places in the list, which hold because changes are undone in
/// the reverse of the order in which they were made.
#[derive(Debug, Clone)]
pub(in crate::app) enum Edit {
    Knobs(Vec<Change>),
    Insert {
        at: usize,
        job: Box<Job>,
    },
    Remove {
        at: usize,
    },
    /// The job moves to place `to`, in this queue.
    Move {
        from: usize,
        to: usize,
        queue: usize,
    },
}

#[derive(Debug, Clone)]
struct Entry {
    /// The change that undoes it.
    undo: Edit,
    /// The slider that was moved, where it was one slider of one job.
    slider: Option<Slider>,
    at: Duration,
}

#[derive(Debug, Clone, Default)]
pub(in crate::app) struct History {
    done: Vec<Entry>,
    undone: Vec<Edit>,
    /// The last change is a drag that has not ended.
    dragging: bool,
}

impl History {
    /// Remembers how to undo a change; steps and drags of one slider are joined.
    pub(in crate::app) fn record(
        &mut self,
        undo: Edit,
        slider: Option<Slider>,
        now: Duration,
        dragging: bool,
    ) {
        self.undone.clear();
        let recent = |last: &Entry| now.saturating_sub(last.at) < TOGETHER;
        let goes_on = if dragging {
            self.dragging
        } else {
            self.done.last().is_some_and(recent)
        };
        self.dragging = dragging;
        if let (Some(last), Edit::Knobs(changes)) = (self.done.last_mut(), &undo)
            && let (Edit::Knobs(known), [change]) = (&mut last.undo, changes.as_slice())
            && let [before] = known.as_mut_slice()
            && goes_on
            && slider.is_some()
            && last.slider == slider
            && before.job == change.job
        {
            before.from = change.from;
            last.at = now;
            return;
        }
        self.push(Entry {
            undo,
            slider,
            at: now,
        });
    }

    fn push(&mut self, entry: Entry) {
        self.done.push(entry);
        if self.done.len() > MOST {
            self.done.remove(0);
        }
    }

    pub(in crate::app) fn end_drag(&mut self) {
        self.dragging = false;
    }

    pub(in crate::app) fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// The change that undoes the last one; the change that redoes it goes to [`History::undone`].
    pub(in crate::app) fn undo(&mut self) -> Option<Edit> {
        self.dragging = false;
        self.done.pop().map(|entry| entry.undo)
    }

    pub(in crate::app) fn undone(&mut self, redo: Edit) {
        self.undone.push(redo);
    }

    /// The change that redoes the last one undone; the change that undoes it again goes to [`History::redone`].
    pub(in crate::app) fn redo(&mut self) -> Option<Edit> {
        self.undone.pop()
    }

    pub(in crate::app) fn redone(&mut self, undo: Edit, now: Duration) {
        // The next change is not joined to it.
        self.push(Entry {
            undo,
            slider: None,
            at: now,
        });
    }
}
