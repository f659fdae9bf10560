//! Undo and redo of changes to parameters and to the list of jobs.
use std::time::Duration;

use super::job::{Job, Parameters};
use super::slider::Slider;

/// Changes beyond this push out the oldest.
const MOST: usize = 200;
/// Steps with less time between them are undone together.
const TOGETHER: Duration = Duration::from_millis(700);

/// One job's parameters before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub job: usize,
    pub from: Parameters,
    pub to: Parameters,
}

/// A change that can be undone. Places are those in the list of jobs.
#[derive(Debug, Clone)]
pub enum Edit {
    Parameters(Vec<Change>),
    Insert {
        at: usize,
        job: Box<Job>,
    },
    Remove {
        at: usize,
    },
    /// The job comes to stand at `to`, in this queue.
    Move {
        from: usize,
        to: usize,
        queue: usize,
    },
}

#[derive(Debug, Clone)]
struct Entry {
    /// What takes the change back.
    back: Edit,
    /// What was moved, where one slider of one job was.
    slider: Option<Slider>,
    at: Duration,
}

#[derive(Debug, Clone, Default)]
pub struct History {
    done: Vec<Entry>,
    undone: Vec<Edit>,
    /// The last change is a drag that goes on.
    dragging: bool,
}

impl History {
    /// Remembers what takes a change back; steps and drags of one slider come together.
    pub fn record(&mut self, back: Edit, slider: Option<Slider>, now: Duration, dragging: bool) {
        self.undone.clear();
        let recent = |last: &Entry| now.saturating_sub(last.at) < TOGETHER;
        let goes_on = if dragging {
            self.dragging
        } else {
            self.done.last().is_some_and(recent)
        };
        self.dragging = dragging;
        if let (Some(last), Edit::Parameters(changes)) = (self.done.last_mut(), &back)
            && let (Edit::Parameters(known), [change]) = (&mut last.back, changes.as_slice())
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
            back,
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

    pub fn end_drag(&mut self) {
        self.dragging = false;
    }

    /// What to do to take the last change back; what takes that back in turn goes to [`History::undone`].
    pub fn undo(&mut self) -> Option<Edit> {
        self.dragging = false;
        self.done.pop().map(|entry| entry.back)
    }

    pub fn undone(&mut self, again: Edit) {
        self.undone.push(again);
    }

    /// What to do to make the last change that was taken back again; what undoes it goes to [`History::redone`].
    pub fn redo(&mut self) -> Option<Edit> {
        self.undone.pop()
    }

    pub fn redone(&mut self, back: Edit, now: Duration) {
        // What comes after it is a change of its own.
        self.push(Entry {
            back,
            slider: None,
            at: now,
        });
    }
}
