//! Sets whose scores are known are told: at once where these follow from the logits or a pass, and from the detectors' thread where
//! fitted detectors have to score first.
use super::super::columns::{Columns, Scored};
use super::super::entry_id::EntryId;
use super::super::guard::guarded;
use super::super::pool::Done;
use super::super::untold::Telling;
use super::{Scheduler, tell_fit, tell_scores};
use odin_core::protocol::{Event, Failure, Side};

impl<E: FnMut(Event), D: Fn(Done) + Clone + Send + 'static> Scheduler<E, D> {
    /// Tells what is known of the set and was not told, where no fitted detector has to score it first.
    pub(super) fn tell(&mut self, entry: EntryId) {
        if let Some(task) = self.queue.task(entry).filter(|task| !task.is_fitted()) {
            task.untold.begin();
            self.tell_begun(entry);
        }
    }

    /// Gives the detectors' thread what is most urgent, and stops what is under way there where it no longer is.
    pub(super) fn hand_to_detectors(&mut self) {
        let next = self.queue.most_urgent_untold();
        if let Some(current) = self.detecting.under_way() {
            // A person's choice of a job is worth a stop; of two others the one that came first goes on.
            let urgency = self.queue.urgency(current);
            let is_overtaken = next.is_some_and(|(other, _)| urgency.is_some_and(|urgency| other < urgency));
            if urgency.is_none() || is_overtaken {
                self.detecting.stop();
            }
            return;
        }
        let Some((_, entry)) = next else {
            return;
        };
        let Some(task) = self.queue.task(entry) else {
            return;
        };
        let store = &mut self.store;
        match guarded(|| Ok::<_, Failure>(task.lend(store))) {
            Ok((evidence, lent)) => self.detecting.begin(Columns {
                entry,
                evidence,
                lent,
            }),
            Err(reason) => {
                self.fail(entry, &reason);
                // Another set may have waited for this one.
                self.hand_to_detectors();
            }
        }
    }

    /// Fitted detectors have scored, or were stopped.
    pub(super) fn detected(&mut self, scored: Scored) {
        self.detecting.came_back();
        let Scored {
            entry,
            evidence,
            scored,
        } = scored;
        let (mut lent, is_done) = match scored {
            Ok(scored) => scored,
            Err(reason) => return self.fail(entry, &reason),
        };
        let failed = std::mem::take(&mut lent.failed);
        self.store.take_back(&evidence, lent);
        if let Some(task) = self.queue.task(entry) {
            task.give_up(failed);
            match is_done {
                true => self.tell_begun(entry),
                false => task.untold.stopped(),
            }
        }
        self.tidy();
    }

    /// Tells what of the set was taken up.
    fn tell_begun(&mut self, entry: EntryId) {
        let Some(task) = self.queue.task(entry) else {
            return;
        };
        let missing = task.newly_missing();
        let tellings = task.untold.finish();
        let subscribers = self.queue.subscribers(entry);
        tell_fit(&mut self.emit, &subscribers, None, &missing);
        for telling in tellings {
            if let Err(reason) = self.tell_scores_of(entry, &telling) {
                return self.fail(entry, &reason);
            }
        }
    }

    fn tell_scores_of(&mut self, entry: EntryId, telling: &Telling) -> Result<(), Failure> {
        let Some(task) = self.queue.task(entry) else {
            return Ok(());
        };
        let store = &mut self.store;
        let scores = guarded(|| Ok::<_, Failure>(task.table(&telling.images, store)))?;
        let shortfall = match (task.side(), task.network()) {
            (Side::In, Some(network)) if telling.is_new => self.accuracy.watch(network, scores.images()),
            _ => None,
        };
        let mut subscribers = self.queue.subscribers(entry);
        if let Some(only) = telling.only {
            subscribers.retain(|subscriber| (subscriber.set, subscriber.generation) == only);
        }
        // A pass was made for the one whose turn it is; the others have its scores for nothing.
        let (first, others) = subscribers.split_at(usize::from(telling.is_new).min(subscribers.len()));
        tell_scores(&mut self.emit, first, &scores, false);
        tell_scores(&mut self.emit, others, &scores, true);
        if let Some(text) = shortfall {
            (self.emit)(Event::Warning { text });
        }
        Ok(())
    }
}
