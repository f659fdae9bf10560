//! Undo and redo of parameter changes.
use std::time::Duration;

use super::job::Parameters;
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

#[derive(Debug, Clone)]
struct Entry {
    changes: Vec<Change>,
    /// What was moved, where one slider of one job was.
    slider: Option<Slider>,
    at: Duration,
}

#[derive(Debug, Clone, Default)]
pub struct History {
    done: Vec<Entry>,
    undone: Vec<Entry>,
    /// The last change is a drag that goes on.
    dragging: bool,
}

impl History {
    pub fn record(&mut self, changes: Vec<Change>, slider: Option<Slider>, now: Duration, dragging: bool) {
        self.undone.clear();
        let recent = |last: &Entry| now.saturating_sub(last.at) < TOGETHER;
        let goes_on = if dragging {
            self.dragging
        } else {
            self.done.last().is_some_and(recent)
        };
        self.dragging = dragging;
        if let (Some(last), [change]) = (self.done.last_mut(), changes.as_slice())
            && let [before] = last.changes.as_mut_slice()
            && goes_on
            && slider.is_some()
            && last.slider == slider
            && before.job == change.job
        {
            before.to = change.to;
            last.at = now;
            return;
        }
        self.done.push(Entry {
            changes,
            slider,
            at: now,
        });
        if self.done.len() > MOST {
            self.done.remove(0);
        }
    }

    pub fn end_drag(&mut self) {
        self.dragging = false;
    }

    /// What to set back, job by job.
    pub fn undo(&mut self) -> Option<Vec<Change>> {
        let entry = self.done.pop()?;
        let back = entry
            .changes
            .iter()
            .map(|c| Change {
                job: c.job,
                from: c.to,
                to: c.from,
            })
            .collect();
        self.undone.push(entry);
        Some(back)
    }

    pub fn redo(&mut self) -> Option<Vec<Change>> {
        // What comes after it is a change of its own.
        let entry = Entry {
            slider: None,
            ..self.undone.pop()?
        };
        let again = entry.changes.clone();
        self.done.push(entry);
        Some(again)
    }
}
