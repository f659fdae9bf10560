//! The thread of one device: hears commands between two batches, and does the rest of the time what they ask for.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError};

use super::device::{self, DeviceError};
use super::library::Library;
use super::protocol::{Command, Event, Generation, JobId, JobSpec};
use super::task::{Store, Task, TaskError};
use crate::home::Home;
use crate::units::Device;

/// Images a pass where the job leaves it open. On a CPU small batches stay in the caches; a GPU wants to be filled.
const CPU_BATCH: usize = 16;
const GPU_BATCH: usize = 256;

/// Jobs in the order of their arrival.
struct Desk {
    slots: Vec<Slot>,
    preferred: Option<JobId>,
}

enum Slot {
    Waiting {
        job: JobId,
        generation: Generation,
        spec: JobSpec,
    },
    Open(Box<Task>),
}

impl Slot {
    fn job(&self) -> JobId {
        match self {
            Self::Waiting { job, .. } => *job,
            Self::Open(task) => task.job,
        }
    }
}

impl Desk {
    /// False once the engine is to end.
    fn hear(&mut self, command: Command) -> bool {
        match command {
            Command::Score {
                job,
                generation,
                spec,
            } => {
                let slot = Slot::Waiting {
                    job,
                    generation,
                    spec,
                };
                match self.slots.iter_mut().find(|slot| slot.job() == job) {
                    Some(old) => *old = slot,
                    None => self.slots.push(slot),
                }
            }
            Command::Cancel { job } => self.slots.retain(|slot| slot.job() != job),
            Command::Prefer { job } => self.preferred = Some(job),
            Command::Shutdown => return false,
        }
        true
    }

    /// Place of the job to work on now.
    fn current(&self) -> Option<usize> {
        let preferred = self
            .slots
            .iter()
            .position(|slot| Some(slot.job()) == self.preferred);
        preferred.or_else(|| (!self.slots.is_empty()).then_some(0))
    }
}

pub fn run(home: &Home, asked: Device, inbox: &Receiver<Command>, mut emit: impl FnMut(Event)) {
    device::keep_freed_memory();
    let device = device::resolve(asked);
    if let Ok(device) = device {
        emit(Event::Ready {
            device,
            description: device::describe(device),
        });
    }
    let mut library = Library::new(home, device.clone().unwrap_or_default());
    let mut store = Store::new();
    let mut desk = Desk {
        slots: Vec::new(),
        preferred: None,
    };
    loop {
        let Some(place) = desk.current() else {
            match inbox.recv() {
                Ok(command) => {
                    if desk.hear(command) {
                        continue;
                    }
                    return;
                }
                Err(_) => return,
            }
        };
        let slot = desk.slots.remove(place);
        let next = match slot {
            Slot::Waiting {
                job,
                generation,
                spec,
            } => open(
                job,
                generation,
                spec,
                &device,
                &mut library,
                &mut store,
                &mut emit,
            ),
            Slot::Open(task) => step(task, &mut store, &mut emit),
        };
        if let Some(task) = next {
            desk.slots.insert(place, Slot::Open(task));
        }
        loop {
            match inbox.try_recv() {
                Ok(command) => {
                    if !desk.hear(command) {
                        return;
                    }
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }
}

fn open(
    job: JobId,
    generation: Generation,
    spec: JobSpec,
    device: &Result<Device, DeviceError>,
    library: &mut Library,
    store: &mut Store,
    emit: &mut impl FnMut(Event),
) -> Option<Box<Task>> {
    let mut fail = |reason| {
        emit(Event::Failed {
            job,
            generation,
            reason,
        });
        None
    };
    let device = match device {
        Ok(device) => *device,
        Err(error) => return fail(error.to_string()),
    };
    let usual = if device == Device::Cpu {
        CPU_BATCH
    } else {
        GPU_BATCH
    };
    let batch = spec.batch.unwrap_or(usual).max(1);
    match guarded(|| Task::open(job, generation, spec, batch, library, store)) {
        Ok(task) => {
            let (total_in, total_out) = task.totals();
            emit(Event::Started {
                job,
                generation,
                device,
                total_in,
                total_out,
            });
            Some(Box::new(task))
        }
        Err(reason) => fail(reason),
    }
}

fn step(mut task: Box<Task>, store: &mut Store, emit: &mut impl FnMut(Event)) -> Option<Box<Task>> {
    let (job, generation) = (task.job, task.generation);
    match guarded(|| task.step(store)) {
        Ok(Some(batch)) => {
            emit(Event::Scored(batch));
            Some(task)
        }
        Ok(None) => {
            for (name, count, why) in task.skipped() {
                emit(Event::Warning {
                    text: format!("{name}: {count} images skipped; the first: {why}"),
                });
            }
            emit(Event::Finished {
                job,
                generation,
                seconds: task.started.elapsed().as_secs_f64(),
            });
            None
        }
        Err(reason) => {
            emit(Event::Failed {
                job,
                generation,
                reason,
            });
            None
        }
    }
}

/// Turns an error, or a panic of libtorch's wrappers, into the reason why one job failed.
fn guarded<T>(work: impl FnOnce() -> Result<T, TaskError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref().copied());
            let first = text.and_then(|text| text.lines().next()).unwrap_or("no message");
            Err(format!("a fault in the program: {first}"))
        }
    }
}
