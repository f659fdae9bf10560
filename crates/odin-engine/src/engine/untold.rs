//! Images of a set that are known, and whose scores are still to be told.
use std::collections::HashSet;

use odin_core::protocol::{Generation, SetId};

/// Images whose scores are to be told together.
#[derive(Debug, PartialEq)]
pub(super) struct Telling {
    pub images: Vec<u32>,
    /// Whom, where not all who ask for the set.
    pub only: Option<(SetId, Generation)>,
    /// Whether they were passed through the network for it.
    pub is_new: bool,
}

impl Telling {
    /// Of images that were known before.
    pub(super) fn known(images: Vec<u32>) -> Self {
        Self {
            images,
            only: None,
            is_new: false,
        }
    }

    /// Of images that were passed through the network for it.
    pub(super) fn new(images: Vec<u32>) -> Self {
        Self {
            is_new: true,
            ..Self::known(images)
        }
    }
}

/// What is to be told, in order: first what fitted detectors are at, then what came since.
#[derive(Default)]
pub(super) struct Untold {
    under_way: Vec<Telling>,
    next: Vec<Telling>,
    /// Whether nobody wants to be told anything.
    is_muted: bool,
}

impl Untold {
    /// Nothing is told, now or later: of images that something is fitted on.
    pub(super) fn mute(&mut self) {
        *self = Self {
            is_muted: true,
            ..Self::default()
        };
    }

    /// Images that are told in the same way go together, so that detectors take many at once.
    pub(super) fn push(&mut self, telling: Telling) {
        if self.is_muted || telling.images.is_empty() {
            return;
        }
        match self.next.last_mut() {
            Some(last) if (last.only, last.is_new) == (telling.only, telling.is_new) => {
                last.images.extend(telling.images);
            }
            _ => self.next.push(telling),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty() && self.next.is_empty()
    }

    /// Whether there is something that was not begun.
    pub(super) fn waits(&self) -> bool {
        !self.next.is_empty()
    }

    /// The images that everybody who asks for the set will be told.
    pub(super) fn for_all(&self) -> HashSet<u32> {
        let all = self.under_way.iter().chain(&self.next);
        let for_all = all.filter(|telling| telling.only.is_none());
        for_all
            .flat_map(|telling| telling.images.iter().copied())
            .collect()
    }

    /// Takes up all there is, and gives the images.
    pub(super) fn begin(&mut self) -> Vec<u32> {
        self.under_way.append(&mut self.next);
        let all = self.under_way.iter();
        all.flat_map(|telling| telling.images.iter().copied()).collect()
    }

    /// What was taken up is not done: it waits again.
    pub(super) fn stopped(&mut self) {
        self.under_way.append(&mut self.next);
        std::mem::swap(&mut self.under_way, &mut self.next);
    }

    /// What was taken up, to be told now.
    pub(super) fn finish(&mut self) -> Vec<Telling> {
        std::mem::take(&mut self.under_way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stopped_waits_again_before_what_came_since() {
        let mut untold = Untold::default();
        untold.push(Telling::known(Vec::new()));
        assert!(untold.is_empty() && !untold.waits());
        untold.push(Telling::known(vec![1]));
        untold.push(Telling::known(vec![2]));
        assert_eq!(untold.begin(), [1, 2]);
        untold.push(Telling::new(vec![3]));
        assert!(!untold.is_empty() && untold.waits());
        assert_eq!(untold.for_all(), [1, 2, 3].into());
        untold.stopped();
        assert_eq!(untold.begin(), [1, 2, 3]);
        assert!(!untold.waits());
        assert_eq!(
            untold.finish(),
            [Telling::known(vec![1, 2]), Telling::new(vec![3])]
        );
        assert!(untold.is_empty());
    }
}
