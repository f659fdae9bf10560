//! The workers: one for each device that a job has named, started when it is first needed.
use super::device::{self, DeviceError};
use super::pass::Work;
use super::pool::{Done, Pool};
use odin_core::units::{Device, Devices};

/// A worker's place: a device, and the how-manieth worker on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seat {
    pub device: Device,
    pub number: usize,
}

/// Why a worker cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("no thread to compute on {0}: {1}")]
    Thread(Device, std::io::Error),
}

struct Worker {
    seat: Seat,
    pool: Pool,
    under_way: usize,
}

pub struct Fleet<D> {
    workers: Vec<Worker>,
    done: D,
}

impl<D: Fn(Done) + Clone + Send + 'static> Fleet<D> {
    /// `done` is called, from the compute threads, with every batch that was computed.
    pub fn new(done: D) -> Self {
        Self {
            workers: Vec::new(),
            done,
        }
    }

    /// The workers' places that these devices mean. Those that are not up are started, and told of to `started`.
    pub fn seats(
        &mut self,
        devices: &Devices,
        mut started: impl FnMut(Device),
    ) -> Result<Vec<Seat>, FleetError> {
        let mut seats: Vec<Seat> = Vec::new();
        for &asked in devices.all() {
            let device = device::resolve(asked)?;
            let number = seats.iter().filter(|seat| seat.device == device).count();
            let seat = Seat { device, number };
            if !self.workers.iter().any(|worker| worker.seat == seat) {
                let pool = Pool::start(device, number, self.done.clone())
                    .map_err(|error| FleetError::Thread(device, error))?;
                self.workers.push(Worker {
                    seat,
                    pool,
                    under_way: 0,
                });
                started(device);
            }
            seats.push(seat);
        }
        Ok(seats)
    }

    /// Workers that could begin a batch at once.
    pub fn with_room(&self) -> Vec<Seat> {
        let free = self.workers.iter().filter(|w| w.under_way < w.pool.width());
        free.map(|worker| worker.seat).collect()
    }

    pub fn submit(&mut self, work: Work) {
        if let Some(worker) = self.workers.iter_mut().find(|w| w.seat == work.seat) {
            worker.under_way += 1;
            worker.pool.submit(work);
        }
    }

    /// A batch of the worker has come back.
    pub fn came_back(&mut self, seat: Seat) {
        if let Some(worker) = self.workers.iter_mut().find(|w| w.seat == seat) {
            worker.under_way = worker.under_way.saturating_sub(1);
        }
    }
}
