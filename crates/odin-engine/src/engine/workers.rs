//! The workers: one for each device that a job has named, started when it is first needed.
use super::device::{self, DeviceError};
use super::pass::Work;
use super::pool::{Done, Pool};
use super::worker_id::WorkerId;
use odin_core::protocol::{Failure, FailureKind};
use odin_core::units::{Device, Devices};

/// Why a worker cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("no thread to compute on {0}: {1}")]
    Thread(Device, std::io::Error),
}

impl From<WorkerError> for Failure {
    fn from(error: WorkerError) -> Self {
        let kind = match &error {
            WorkerError::Device(_) => FailureKind::Device,
            WorkerError::Thread(..) => FailureKind::Engine,
        };
        Self::new(kind, error)
    }
}

struct Worker {
    id: WorkerId,
    pool: Pool,
    under_way: usize,
}

pub(super) struct Workers<D> {
    workers: Vec<Worker>,
    done: D,
}

impl<D: Fn(Done) + Clone + Send + 'static> Workers<D> {
    /// `done` is called, from the compute threads, with every batch that was computed.
    pub(super) fn new(done: D) -> Self {
        Self {
            workers: Vec::new(),
            done,
        }
    }

    /// The workers that these devices mean. Those that are not up are started, and told of to `started`.
    pub(super) fn on(
        &mut self,
        devices: &Devices,
        mut started: impl FnMut(Device),
    ) -> Result<Vec<WorkerId>, WorkerError> {
        let mut ids: Vec<WorkerId> = Vec::new();
        for &asked in devices.all() {
            let device = device::resolve(asked)?;
            let number = ids.iter().filter(|id| id.device == device).count();
            let id = WorkerId { device, number };
            if !self.workers.iter().any(|worker| worker.id == id) {
                let pool = Pool::start(device, number, self.done.clone())
                    .map_err(|error| WorkerError::Thread(device, error))?;
                self.workers.push(Worker {
                    id,
                    pool,
                    under_way: 0,
                });
                started(device);
            }
            ids.push(id);
        }
        Ok(ids)
    }

    /// Workers that could begin a batch at once.
    pub(super) fn with_room(&self) -> Vec<WorkerId> {
        let free = self.workers.iter().filter(|w| w.under_way < w.pool.width());
        free.map(|worker| worker.id).collect()
    }

    pub(super) fn submit(&mut self, work: Work) {
        if let Some(worker) = self.workers.iter_mut().find(|w| w.id == work.worker) {
            worker.under_way += 1;
            worker.pool.submit(work);
        }
    }

    /// A batch of the worker has come back.
    pub(super) fn came_back(&mut self, id: WorkerId) {
        if let Some(worker) = self.workers.iter_mut().find(|w| w.id == id) {
            worker.under_way = worker.under_way.saturating_sub(1);
        }
    }
}
