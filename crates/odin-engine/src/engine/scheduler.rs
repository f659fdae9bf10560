//! The engine's thread: hears commands, hands batches to the workers and tells what comes back.
//!
//! It owns the jobs and the evidence; nobody else touches them.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender};

use super::desk::{Desk, Slot, State};
use super::device;
use super::evidence::Store;
use super::fleet::Fleet;
use super::inspect::Inspector;
use super::memory::Gauge;
use super::opener::{Opened, Opener, Ready, Request};
use super::pool::{Done, panic_text};
use super::preflight::AccuracyWatch;
use super::task::{Next, Task, TaskError};
use odin_core::home::Home;
use odin_core::protocol::{Command, Event, Generation, JobId, JobSpec, Placement};
use odin_core::runs::evidence::Budget;
use odin_core::units::{Device, Devices};

/// What reaches the scheduler.
pub enum Message {
    Command(Box<Command>),
    Opened(Box<Opened>),
    Done(Box<Done>),
    /// What the inspector has to say.
    Tell(Box<Event>),
}

struct Scheduler<E, D> {
    store: Store,
    desk: Desk,
    fleet: Fleet<D>,
    opener: Opener,
    /// Heard of since the last batch was handed out.
    asked: Vec<Request>,
    /// Started when something is first to be looked at.
    inspector: Option<Inspector>,
    home: Home,
    sender: Sender<Message>,
    accuracy: AccuracyWatch,
    gauge: Gauge,
    emit: E,
}

/// Serves until it is told to end. `sender` is the inbox's other end, for the compute threads.
pub fn run(
    home: &Home,
    budget: Budget,
    inbox: &Receiver<Message>,
    sender: &Sender<Message>,
    mut emit: impl FnMut(Event),
) {
    device::keep_freed_memory();
    let (done, opened) = (sender.clone(), sender.clone());
    // A scheduler that has ended wants no more results.
    let identified = sender.clone();
    let opener = Opener::start(
        home,
        move |result| {
            let _ = opened.send(Message::Opened(Box::new(result)));
        },
        move |event| {
            let _ = identified.send(Message::Tell(Box::new(event)));
        },
    );
    let opener = match opener {
        Ok(opener) => opener,
        Err(error) => {
            return emit(Event::Warning {
                text: format!("no thread to open networks on: {error}"),
            });
        }
    };
    let mut scheduler = Scheduler {
        store: Store::new(&home.runs(), budget),
        desk: Desk::default(),
        fleet: Fleet::new(move |result| {
            let _ = done.send(Message::Done(Box::new(result)));
        }),
        opener,
        asked: Vec::new(),
        inspector: None,
        home: home.clone(),
        sender: sender.clone(),
        accuracy: AccuracyWatch::default(),
        gauge: Gauge::default(),
        emit,
    };
    loop {
        scheduler.hand_out();
        let Ok(first) = inbox.recv() else { return };
        // Everything that is there is heard before anything new is handed out: the newest parameters win.
        for message in std::iter::once(first).chain(inbox.try_iter()) {
            match message {
                Message::Command(command) if *command == Command::Shutdown => return,
                Message::Command(command) => scheduler.hear(*command),
                Message::Opened(opened) => scheduler.open(*opened),
                Message::Done(done) => scheduler.take_back(*done),
                Message::Tell(event) => (scheduler.emit)(*event),
            }
        }
        scheduler.open_asked();
    }
}

impl<E: FnMut(Event), D: Fn(Done) + Clone + Send + 'static> Scheduler<E, D> {
    fn hear(&mut self, command: Command) {
        match command {
            Command::Score {
                job,
                generation,
                placement,
                spec,
            } => self.take_in(job, generation, &placement, spec),
            Command::Cancel { job } => self.desk.cancel(job),
            Command::Prefer { job } => self.desk.prefer(job),
            Command::Thumbnails { job, spec, images } => {
                self.inspector(|inspector| inspector.thumbnails(job, spec, images));
            }
            Command::Inspect { job, spec, image } => {
                self.inspector(|inspector| inspector.inspect(job, spec, image));
            }
            Command::Identify { network, weights } => self.opener.identify(network, weights),
            Command::Shutdown => {}
        }
    }

    fn inspector(&mut self, ask: impl FnOnce(&Inspector)) {
        if self.inspector.is_none() {
            let sender = self.sender.clone();
            // A scheduler that has ended wants no more answers.
            let started = Inspector::start(&self.home, move |event| {
                let _ = sender.send(Message::Tell(Box::new(event)));
            });
            match started {
                Ok(inspector) => self.inspector = Some(inspector),
                Err(error) => (self.emit)(Event::Warning {
                    text: format!("no thread to look at images with: {error}"),
                }),
            }
        }
        if let Some(inspector) = &self.inspector {
            ask(inspector);
        }
    }

    fn take_in(&mut self, job: JobId, generation: Generation, placement: &Placement, spec: JobSpec) {
        let emit = &mut self.emit;
        let started = |device| {
            emit(Event::Ready {
                device,
                description: device::describe(device),
            });
        };
        let seats = match self.fleet.workers(&placement.devices, started) {
            Ok(seats) => seats,
            Err(error) => {
                self.desk.cancel(job);
                return self.fail(job, generation, error.to_string());
            }
        };
        self.asked.push(Request {
            job,
            generation,
            spec: spec.clone(),
            seats: seats.clone(),
        });
        self.desk.put(Slot {
            job,
            generation,
            seats,
            lane: placement.lane,
            background: placement.background,
            state: State::Opening(spec),
        });
    }

    /// Has opened what the jobs heard of need, unless they are past already.
    fn open_asked(&mut self) {
        for request in std::mem::take(&mut self.asked) {
            if self.desk.slot(request.job, request.generation).is_some()
                && let Some(opened) = self.opener.request(request)
            {
                self.open(opened);
            }
        }
    }

    fn fail(&mut self, job: JobId, generation: Generation, reason: String) {
        (self.emit)(Event::Failed {
            job,
            generation,
            reason,
        });
    }

    /// Begins the job: tells what it comes to, and what is known of it already.
    fn open(&mut self, opened: Opened) {
        let Opened {
            job,
            generation,
            ready,
        } = opened;
        let Some(slot) = self.desk.slot(job, generation) else {
            return;
        };
        let State::Opening(spec) = &slot.state else { return };
        let (spec, seats) = (spec.clone(), slot.workers.clone());
        let store = &mut self.store;
        let begin = |ready: Ready| guarded(|| Task::begin(job, generation, spec, ready, store));
        let (task, known) = match ready.and_then(begin) {
            Ok(begun) => begun,
            Err(reason) => {
                self.desk.remove(job, generation);
                return self.fail(job, generation, reason);
            }
        };
        let (total_in, total_out) = task.totals();
        let resolved: Vec<Device> = seats.iter().map(|seat| seat.device).collect();
        (self.emit)(Event::Started {
            job,
            generation,
            devices: Devices::try_from(resolved).unwrap_or_default(),
            total_in,
            total_out,
        });
        for batch in known {
            (self.emit)(Event::Scored(batch));
        }
        if let Some(slot) = self.desk.slot(job, generation) {
            slot.state = State::Open(Box::new(task));
        }
        self.tidy();
    }

    /// Gives every worker work, job by job, until all are busy.
    fn hand_out(&mut self) {
        let mut waiting = Vec::new();
        for seat in self.fleet.with_room() {
            while self.fleet.with_room().contains(&seat) {
                let Some(task) = self.desk.next(seat, &waiting) else {
                    break;
                };
                let (job, generation) = (task.job, task.generation);
                match guarded(|| task.next(seat, &self.store)) {
                    Ok(Next::Compute(work)) => {
                        self.desk.handed_out(job, work.batch.count);
                        self.fleet.submit(*work);
                    }
                    Ok(Next::Wait) => waiting.push(job),
                    Ok(Next::Finished) => self.finish(job, generation),
                    Err(reason) => {
                        self.desk.remove(job, generation);
                        self.fail(job, generation, reason);
                    }
                }
            }
        }
    }

    fn finish(&mut self, job: JobId, generation: Generation) {
        let Some(slot) = self.desk.slot(job, generation) else {
            return;
        };
        let devices: Vec<Device> = slot.workers.iter().map(|seat| seat.device).collect();
        let Some(task) = self.desk.task(job, generation) else {
            return;
        };
        let (skipped, seconds) = (task.skipped(), task.started.elapsed().as_secs_f64());
        for (name, count, why) in skipped {
            (self.emit)(Event::Warning {
                text: format!("{name}: {count} images skipped; the first: {why}"),
            });
        }
        for device in devices {
            self.tell_memory(device, true);
        }
        (self.emit)(Event::Finished {
            job,
            generation,
            seconds,
        });
        self.desk.remove(job, generation);
    }

    /// Tells how much of the device's memory is in use, where that is news.
    fn tell_memory(&mut self, device: Device, is_end: bool) {
        if let Some(memory) = self.gauge.news(device, is_end) {
            (self.emit)(Event::Memory { device, memory });
        }
    }

    /// Keeps what a batch has shown, also where its job has moved on, and tells its scores where it has not.
    fn take_back(&mut self, Done { work, found }: Done) {
        self.fleet.came_back(work.worker);
        self.tell_memory(work.worker.device, false);
        let (job, generation) = (work.job, work.generation);
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                if self.desk.remove(job, generation) {
                    self.fail(job, generation, error.to_string());
                }
                return;
            }
        };
        if let Some(size) = found.halved_to {
            let text = format!(
                "{} ran out of memory; {} went on with batches of {size}",
                work.worker.device, work.set
            );
            (self.emit)(Event::Warning { text });
        }
        self.store
            .keep(&work.evidence, work.temperature, work.magnitude, found.shown);
        if let Some(task) = self.desk.task(job, generation) {
            let batch = task.scores(&work, &self.store);
            let shortfall = self.accuracy.watch(&work.network, &batch);
            (self.emit)(Event::Scored(batch));
            if let Some(text) = shortfall {
                (self.emit)(Event::Warning { text });
            }
        }
        self.tidy();
    }

    /// Keeps the evidence within its room, and passes on what it has to say.
    fn tidy(&mut self) {
        let desk = &self.desk;
        self.store
            .make_room(|key| desk.tasks().any(|task| task.uses(key)));
        for text in self.store.take_warnings() {
            (self.emit)(Event::Warning { text });
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
