//! The thread of one device: hears commands, hands batches to the compute threads and tells what comes back.
//!
//! It owns the jobs, the open networks and sets and the evidence; nobody else touches them.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender};

use super::device::{self, DeviceError};
use super::library::Library;
use super::pass::Work;
use super::pool::{Done, Pool, panic_text};
use super::preflight::AccuracyWatch;
use super::protocol::{Command, Event, Generation, JobId, JobSpec};
use super::task::{Next, Store, Task, TaskError};
use crate::home::Home;
use crate::units::Device;

/// Images a pass where the job leaves it open. On a CPU small batches stay in the caches; a GPU wants to be filled.
const CPU_BATCH: usize = 8;
const GPU_BATCH: usize = 256;

/// What reaches the worker.
pub enum Message {
    Command(Command),
    Done(Box<Done>),
}

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

    /// Place of the job to serve now: the preferred one, else the first, of those that do not wait for a batch.
    fn next(&self, waiting: &[JobId]) -> Option<usize> {
        let ready = |slot: &Slot| !waiting.contains(&slot.job());
        let preferred = self
            .slots
            .iter()
            .position(|slot| Some(slot.job()) == self.preferred && ready(slot));
        preferred.or_else(|| self.slots.iter().position(ready))
    }

    fn task(&mut self, job: JobId, generation: Generation) -> Option<&mut Task> {
        self.slots.iter_mut().find_map(|slot| match slot {
            Slot::Open(task) if task.job == job && task.generation == generation => Some(task.as_mut()),
            _ => None,
        })
    }

    /// Whether the job was there.
    fn remove(&mut self, job: JobId, generation: Generation) -> bool {
        let before = self.slots.len();
        self.slots
            .retain(|slot| !matches!(slot, Slot::Open(t) if t.job == job && t.generation == generation));
        self.slots.len() < before
    }
}

struct Worker<E> {
    device: Result<Device, DeviceError>,
    library: Library,
    store: Store,
    desk: Desk,
    under_way: usize,
    accuracy: AccuracyWatch,
    emit: E,
}

/// Serves until it is told to end. `sender` is the inbox's other end, for the compute threads.
pub fn run(
    home: &Home,
    asked: Device,
    inbox: &Receiver<Message>,
    sender: Sender<Message>,
    mut emit: impl FnMut(Event),
) {
    device::keep_freed_memory();
    let device = device::resolve(asked);
    let on = device.clone().unwrap_or(Device::Cpu);
    let pool = match Pool::start(on, move |done| {
        // A worker that has ended wants no more results.
        let _ = sender.send(Message::Done(Box::new(done)));
    }) {
        Ok(pool) => pool,
        Err(error) => {
            return emit(Event::Warning {
                text: format!("no thread to compute on: {error}"),
            });
        }
    };
    if let Ok(device) = device {
        emit(Event::Ready {
            device,
            description: device::describe(device),
        });
    }
    let library = Library::new(home, on, pool.width());
    let desk = Desk {
        slots: Vec::new(),
        preferred: None,
    };
    let mut worker = Worker {
        device,
        library,
        store: Store::new(),
        desk,
        under_way: 0,
        accuracy: AccuracyWatch::default(),
        emit,
    };
    loop {
        worker.hand_out(&pool);
        let Ok(first) = inbox.recv() else { return };
        // Everything that is there is heard before anything new is handed out: the newest parameters win.
        for message in std::iter::once(first).chain(inbox.try_iter()) {
            match message {
                Message::Command(command) => {
                    if !worker.desk.hear(command) {
                        return;
                    }
                }
                Message::Done(done) => worker.take_back(*done),
            }
        }
    }
}

/// What came of turning to a job.
enum Turn {
    Work(Box<Work>),
    /// The job was opened, is finished or has failed: look again.
    Again,
    Wait(JobId),
}

impl<E: FnMut(Event)> Worker<E> {
    /// Gives the compute threads work, job by job in order, until all are busy.
    fn hand_out(&mut self, pool: &Pool) {
        let mut waiting = Vec::new();
        while self.under_way < pool.width() {
            let Some(place) = self.desk.next(&waiting) else {
                return;
            };
            match self.turn_to(place) {
                Turn::Work(work) => {
                    self.under_way += 1;
                    pool.submit(*work);
                }
                Turn::Again => {}
                Turn::Wait(job) => waiting.push(job),
            }
        }
    }

    fn turn_to(&mut self, place: usize) -> Turn {
        let mut task = match self.desk.slots.remove(place) {
            Slot::Open(task) => task,
            Slot::Waiting {
                job,
                generation,
                spec,
            } => {
                match self.open(job, generation, spec) {
                    Ok(task) => self.desk.slots.insert(place, Slot::Open(Box::new(task))),
                    Err(reason) => (self.emit)(Event::Failed {
                        job,
                        generation,
                        reason,
                    }),
                }
                return Turn::Again;
            }
        };
        let (job, generation) = (task.job, task.generation);
        let next = guarded(|| task.next(&self.store));
        let turn = match next {
            Ok(Next::Compute(work)) => Turn::Work(work),
            Ok(Next::Wait) => Turn::Wait(job),
            Ok(Next::Finished) => {
                for (name, count, why) in task.skipped() {
                    (self.emit)(Event::Warning {
                        text: format!("{name}: {count} images skipped; the first: {why}"),
                    });
                }
                (self.emit)(Event::Finished {
                    job,
                    generation,
                    seconds: task.started.elapsed().as_secs_f64(),
                });
                return Turn::Again;
            }
            Err(reason) => {
                (self.emit)(Event::Failed {
                    job,
                    generation,
                    reason,
                });
                return Turn::Again;
            }
        };
        self.desk.slots.insert(place, Slot::Open(task));
        turn
    }

    /// Opens the job, and tells that it has begun and what is known of it already.
    fn open(&mut self, job: JobId, generation: Generation, spec: JobSpec) -> Result<Task, String> {
        let device = self.device.clone().map_err(|error| error.to_string())?;
        let usual = if device == Device::Cpu {
            CPU_BATCH
        } else {
            GPU_BATCH
        };
        let batch = spec.batch.unwrap_or(usual).max(1);
        let (library, store) = (&mut self.library, &mut self.store);
        let (task, known) = guarded(|| Task::open(job, generation, spec, batch, library, store))?;
        let (total_in, total_out) = task.totals();
        (self.emit)(Event::Started {
            job,
            generation,
            device,
            total_in,
            total_out,
        });
        for batch in known {
            (self.emit)(Event::Scored(batch));
        }
        Ok(task)
    }

    /// Keeps what a batch has shown, also where its job has moved on, and tells its scores where it has not.
    fn take_back(&mut self, Done { work, found }: Done) {
        self.under_way = self.under_way.saturating_sub(1);
        let (job, generation) = (work.job, work.generation);
        match found {
            Ok(found) => {
                if let Some(size) = found.halved_to {
                    let text = format!(
                        "the device ran out of memory; {} went on with batches of {size}",
                        work.set
                    );
                    (self.emit)(Event::Warning { text });
                }
                let evidence = self.store.entry(work.evidence.clone()).or_default();
                found.keep(evidence, work.temperature, work.magnitude);
                if let Some(task) = self.desk.task(job, generation) {
                    let batch = task.scores(&work, &self.store);
                    let shortfall = self.accuracy.watch(&work.network, &batch);
                    (self.emit)(Event::Scored(batch));
                    if let Some(text) = shortfall {
                        (self.emit)(Event::Warning { text });
                    }
                }
            }
            Err(error) => {
                if self.desk.remove(job, generation) {
                    (self.emit)(Event::Failed {
                        job,
                        generation,
                        reason: error.to_string(),
                    });
                }
            }
        }
    }
}

/// Turns an error, or a panic of libtorch's wrappers, into the reason why one job failed.
fn guarded<T>(work: impl FnOnce() -> Result<T, TaskError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("a fault in the program: {}", panic_text(panic.as_ref()))),
    }
}
