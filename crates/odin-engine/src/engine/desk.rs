//! The jobs that are to be served, and whose turn it is.
//!
//! First the job on screen; then the lanes in turn, by images handed out so far, and within a lane the jobs as they
//! came; background jobs only where nothing else has work.
use std::collections::HashMap;

use super::fleet::Seat;
use super::task::Task;
use odin_core::protocol::{Generation, JobId, JobSpec};

#[derive(Default)]
pub struct Desk {
    slots: Vec<Slot>,
    preferred: Option<JobId>,
    /// Images handed out, by lane.
    served: HashMap<u32, u64>,
}

pub struct Slot {
    pub job: JobId,
    pub generation: Generation,
    pub seats: Vec<Seat>,
    pub lane: u32,
    pub background: bool,
    pub state: State,
}

pub enum State {
    /// Its network and sets are being opened.
    Opening(JobSpec),
    Open(Box<Task>),
}

impl Desk {
    /// Takes a job in; a newer generation takes the place of the older.
    pub fn put(&mut self, slot: Slot) {
        if !self.slots.iter().any(|other| other.lane == slot.lane) {
            // A lane that was idle has no claim to what it did not use.
            let least = self
                .slots
                .iter()
                .filter_map(|other| self.served.get(&other.lane))
                .min();
            let least = least.copied().unwrap_or(0);
            let served = self.served.entry(slot.lane).or_default();
            *served = least.max(*served);
        }
        match self.slots.iter_mut().find(|other| other.job == slot.job) {
            Some(old) => *old = slot,
            None => self.slots.push(slot),
        }
    }

    pub fn cancel(&mut self, job: JobId) {
        self.slots.retain(|slot| slot.job != job);
    }

    pub fn prefer(&mut self, job: JobId) {
        self.preferred = Some(job);
    }

    /// The job that a worker is to serve now, of those that are open and not `waiting` for a batch.
    pub fn next(&mut self, seat: Seat, waiting: &[JobId]) -> Option<&mut Task> {
        let turn = |(place, slot): (usize, &Slot)| {
            let is_ready = matches!(slot.state, State::Open(_))
                && slot.seats.contains(&seat)
                && !waiting.contains(&slot.job);
            let served = self.served.get(&slot.lane).copied().unwrap_or(0);
            is_ready.then_some(((slot.background, self.preferred != Some(slot.job), served), place))
        };
        let (_, place) = self.slots.iter().enumerate().filter_map(turn).min()?;
        match &mut self.slots.get_mut(place)?.state {
            State::Open(task) => Some(task),
            State::Opening(_) => None,
        }
    }

    /// So many images of a job have been handed out.
    pub fn handed_out(&mut self, job: JobId, images: usize) {
        if let Some(slot) = self.slots.iter().find(|slot| slot.job == job) {
            *self.served.entry(slot.lane).or_default() += images as u64;
        }
    }

    pub fn slot(&mut self, job: JobId, generation: Generation) -> Option<&mut Slot> {
        self.slots
            .iter_mut()
            .find(|slot| slot.job == job && slot.generation == generation)
    }

    pub fn task(&mut self, job: JobId, generation: Generation) -> Option<&mut Task> {
        match &mut self.slot(job, generation)?.state {
            State::Open(task) => Some(task),
            State::Opening(_) => None,
        }
    }

    /// Whether the job was there.
    pub fn remove(&mut self, job: JobId, generation: Generation) -> bool {
        let before = self.slots.len();
        self.slots
            .retain(|slot| !(slot.job == job && slot.generation == generation));
        self.slots.len() < before
    }

    /// Every job that is open.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.slots.iter().filter_map(|slot| match &slot.state {
            State::Open(task) => Some(task.as_ref()),
            State::Opening(_) => None,
        })
    }
}
