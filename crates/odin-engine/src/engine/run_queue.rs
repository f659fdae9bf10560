//! The score sets that are to be served, and whose turn it is.
//!
//! First the job on screen; then the lanes by turns, by images handed out so far; within a lane the jobs as they came, and of
//! one job the side that is behind. Background sets only where nothing else has work. A set that several ask for is one
//! entry, with a subscriber for each.
use std::collections::HashMap;

use odin_core::protocol::{Generation, JobId, Order, SetId, SetRequest, Side};

use super::entry_id::EntryId;
use super::fitting::Waiting;
use super::task::Task;
use super::worker_id::WorkerId;
use odin_core::runs::evidence::EvidenceKey;

/// Who asked for a set, and when its turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subscriber {
    pub set: SetId,
    pub generation: Generation,
    pub lane: u32,
    pub background: bool,
}

pub(super) struct Entry {
    pub id: EntryId,
    pub request: SetRequest,
    pub workers: Vec<WorkerId>,
    /// Never empty.
    pub subscribers: Vec<Subscriber>,
    /// Whether its images are for detectors to be fitted on: those who wait for the fit ask for them, and nobody for scores.
    pub is_sample: bool,
    pub state: State,
}

pub(super) enum State {
    /// Its network and images are being opened.
    Opening,
    /// It is open; its detectors are being fitted.
    Waiting(Box<Waiting>),
    Open(Box<Task>),
}

/// What became of a request.
pub(super) enum Put {
    /// A new entry.
    New(EntryId),
    /// Somebody asked for the same before.
    Joined(EntryId),
}

#[derive(Default)]
pub(super) struct RunQueue {
    entries: Vec<Entry>,
    next: u64,
    preferred: Option<JobId>,
    /// Images handed out, by lane.
    served: HashMap<u32, u64>,
    /// When jobs that have entries first came.
    arrivals: HashMap<JobId, u64>,
}

impl RunQueue {
    /// Takes a request in; it takes the place of an older one under the same name.
    pub(super) fn put(&mut self, subscriber: Subscriber, request: SetRequest, workers: Vec<WorkerId>) -> Put {
        self.give_claim(subscriber.lane);
        self.remove_subscriber(subscriber.set);
        self.next += 1;
        self.arrivals.entry(subscriber.set.job).or_insert(self.next);
        self.join(&[subscriber], request, workers, false)
    }

    /// Takes in images that those who wait for a fit need.
    pub(super) fn put_sample(
        &mut self,
        subscribers: &[Subscriber],
        request: SetRequest,
        workers: Vec<WorkerId>,
    ) -> Put {
        self.next += 1;
        self.join(subscribers, request, workers, true)
    }

    fn join(
        &mut self,
        subscribers: &[Subscriber],
        request: SetRequest,
        workers: Vec<WorkerId>,
        is_sample: bool,
    ) -> Put {
        let same = |entry: &&mut Entry| {
            entry.is_sample == is_sample && entry.request == request && entry.workers == workers
        };
        if let Some(entry) = self.entries.iter_mut().find(same) {
            entry.subscribers.extend(subscribers);
            return Put::Joined(entry.id);
        }
        let id = EntryId::new(self.next);
        self.entries.push(Entry {
            id,
            request,
            workers,
            subscribers: subscribers.to_vec(),
            is_sample,
            state: State::Opening,
        });
        Put::New(id)
    }

    /// Somebody more who waits for a sample.
    pub(super) fn subscribe(&mut self, id: EntryId, subscriber: Subscriber) {
        if let Some(entry) = self.entry(id) {
            entry.subscribers.push(subscriber);
        }
    }

    /// The sets that wait for a fit.
    pub(super) fn waiting(&mut self) -> impl Iterator<Item = (EntryId, &mut Waiting)> {
        self.entries
            .iter_mut()
            .filter_map(|entry| match &mut entry.state {
                State::Waiting(waiting) => Some((entry.id, waiting.as_mut())),
                State::Opening | State::Open(_) => None,
            })
    }

    /// A lane that was idle has no claim to what it did not use.
    fn give_claim(&mut self, lane: u32) {
        let lanes = || {
            let subscribers = self.entries.iter().flat_map(|entry| &entry.subscribers);
            subscribers.map(|subscriber| subscriber.lane)
        };
        if !lanes().any(|other| other == lane) {
            let least = lanes().filter_map(|other| self.served.get(&other)).min();
            let least = least.copied().unwrap_or(0);
            let served = self.served.entry(lane).or_default();
            *served = least.max(*served);
        }
    }

    pub(super) fn cancel(&mut self, set: SetId) {
        self.remove_subscriber(set);
        self.forget_arrivals();
    }

    /// An entry that nobody asks for any more goes.
    fn remove_subscriber(&mut self, set: SetId) {
        for entry in &mut self.entries {
            entry.subscribers.retain(|subscriber| subscriber.set != set);
        }
        self.entries.retain(|entry| !entry.subscribers.is_empty());
    }

    fn forget_arrivals(&mut self) {
        let entries = &self.entries;
        let has_entry = |job: &JobId| {
            let mut subscribers = entries.iter().flat_map(|entry| &entry.subscribers);
            subscribers.any(|subscriber| subscriber.set.job == *job)
        };
        self.arrivals.retain(|job, _| has_entry(job));
    }

    pub(super) fn prefer(&mut self, job: JobId) {
        self.preferred = Some(job);
    }

    /// The set that a worker is to serve now, of those that are open and not `waiting` for a batch.
    pub(super) fn next(&mut self, worker: WorkerId, waiting: &[EntryId]) -> Option<(EntryId, &mut Task)> {
        let turn = |(place, entry): (usize, &Entry)| {
            let State::Open(task) = &entry.state else {
                return None;
            };
            if !entry.workers.contains(&worker) || waiting.contains(&entry.id) {
                return None;
            }
            let of = |subscriber: &Subscriber| {
                let served = self.served.get(&subscriber.lane).copied().unwrap_or(0);
                let arrival = self.arrivals.get(&subscriber.set.job).copied();
                let behind = match entry.request.order {
                    Order::Random => task.permille_handed_out(),
                    Order::File => u32::from(subscriber.set.side == Side::Out),
                };
                (
                    subscriber.background,
                    self.preferred != Some(subscriber.set.job),
                    served,
                    arrival,
                    behind,
                )
            };
            Some((entry.subscribers.iter().map(of).min()?, place))
        };
        let (_, place) = self.entries.iter().enumerate().filter_map(turn).min()?;
        let entry = self.entries.get_mut(place)?;
        match &mut entry.state {
            State::Open(task) => Some((entry.id, task)),
            State::Opening | State::Waiting(_) => None,
        }
    }

    /// So many images of an entry have been handed out.
    pub(super) fn handed_out(&mut self, id: EntryId, images: usize) {
        if let Some(entry) = self.entries.iter().find(|entry| entry.id == id) {
            let mut lanes: Vec<u32> = entry.subscribers.iter().map(|each| each.lane).collect();
            lanes.sort_unstable();
            lanes.dedup();
            for lane in lanes {
                *self.served.entry(lane).or_default() += images as u64;
            }
        }
    }

    /// How urgent an entry is, the least first: whether all who ask for it are in no hurry, and whether none of them is the
    /// preferred job. `None` where it is gone.
    pub(super) fn urgency(&self, id: EntryId) -> Option<(bool, bool)> {
        let entry = self.entries.iter().find(|entry| entry.id == id)?;
        self.first_claim(entry)
            .map(|(background, other, _)| (background, other))
    }

    /// The open set, and its urgency, whose scores fitted detectors are to compute first.
    pub(super) fn most_urgent_untold(&self) -> Option<((bool, bool), EntryId)> {
        let waits = self.entries.iter().filter(|entry| match &entry.state {
            State::Open(task) => task.is_fitted() && task.untold.waits(),
            State::Opening | State::Waiting(_) => false,
        });
        let claims = waits.filter_map(|entry| Some((self.first_claim(entry)?, entry.id)));
        let ((background, other, _), id) = claims.min_by_key(|(claim, _)| *claim)?;
        Some(((background, other), id))
    }

    /// How urgent one who asks is, the least first: no hurry, not preferred, and when the job came.
    fn claim(&self, subscriber: &Subscriber) -> (bool, bool, Option<u64>) {
        let job = subscriber.set.job;
        let arrival = self.arrivals.get(&job).copied();
        (subscriber.background, self.preferred != Some(job), arrival)
    }

    /// The claim of the most urgent of those who ask for an entry.
    fn first_claim(&self, entry: &Entry) -> Option<(bool, bool, Option<u64>)> {
        entry
            .subscribers
            .iter()
            .map(|subscriber| self.claim(subscriber))
            .min()
    }

    pub(super) fn entry(&mut self, id: EntryId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id == id)
    }

    pub(super) fn task(&mut self, id: EntryId) -> Option<&mut Task> {
        match &mut self.entry(id)?.state {
            State::Open(task) => Some(task),
            State::Opening | State::Waiting(_) => None,
        }
    }

    /// Who asks for the entry, the one whose turn it is first; nobody where it is gone.
    pub(super) fn subscribers(&self, id: EntryId) -> Vec<Subscriber> {
        let entry = self.entries.iter().find(|entry| entry.id == id);
        let mut subscribers = entry.map(|entry| entry.subscribers.clone()).unwrap_or_default();
        subscribers.sort_by_key(|subscriber| self.claim(subscriber));
        subscribers
    }

    /// Takes the entry out, and gives those who asked for it.
    pub(super) fn remove(&mut self, id: EntryId) -> Vec<Subscriber> {
        let subscribers = self.subscribers(id);
        self.entries.retain(|entry| entry.id != id);
        self.forget_arrivals();
        subscribers
    }

    /// Whether a set needs the evidence of this key: one that is open, or that waits for a fit on it.
    pub(super) fn uses(&self, key: &EvidenceKey) -> bool {
        self.entries.iter().any(|entry| match &entry.state {
            State::Open(task) => task.uses(key),
            State::Waiting(waiting) => waiting.uses(key),
            State::Opening => false,
        })
    }
}
