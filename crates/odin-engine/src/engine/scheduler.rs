//! The engine's thread: hears commands, hands batches to the workers and tells what comes back.
//!
//! It owns the run queue and the evidence; nobody else touches them. What sets wait for before their detectors can score is
//! in `fits`, and how scores are told in `columns`.
mod columns;
mod fits;

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender};

use super::columns::{Before, Detecting, Scored};
use super::device;
use super::entry_id::EntryId;
use super::evidence::{Scoring, Store};
use super::fitting::{Detectors, Fits, Missing};
use super::guard::guarded;
use super::inspect::Inspector;
use super::loader::{LoadRequest, Loaded, Loader, Ready};
use super::memory::Gauge;
use super::pool::Done;
use super::preflight::AccuracyWatch;
use super::run_queue::{Put, RunQueue, State, Subscriber};
use super::task::{Next, Task};
use super::untold::Telling;
use super::worker_id::WorkerId;
use super::workers::Workers;
use odin_core::home::Home;
use odin_core::protocol::{
    Command, Event, Failure, FittedOn, Generation, Placement, ScoreBatch, ScoreTable, SetId, SetRequest,
};
use odin_core::runs::evidence::Budget;
use odin_core::units::{Device, Devices};

/// What reaches the scheduler.
pub(super) enum Message {
    Command(Box<Command>),
    Loaded(Box<Loaded>),
    Done(Box<Done>),
    /// The detectors that a set waits for were fitted, or could not be.
    Fitted(EntryId),
    /// Fitted detectors have scored a set's images.
    Detected(Box<Scored>),
    /// What the inspector has to say.
    Tell(Box<Event>),
}

struct Scheduler<E, D> {
    store: Store,
    queue: RunQueue,
    fits: Fits,
    workers: Workers<D>,
    detecting: Detecting,
    loader: Loader,
    /// Heard of since the last batch was handed out.
    asked: Vec<LoadRequest>,
    /// Started when something is first to be looked at.
    inspector: Option<Inspector>,
    home: Home,
    sender: Sender<Message>,
    accuracy: AccuracyWatch,
    /// Notes on networks and sets that a person has been told: those of a grid's cells are all the same.
    told: HashSet<String>,
    gauge: Gauge,
    emit: E,
}

/// Serves until it is told to end. `sender` is the inbox's other end, for the compute threads.
pub(super) fn run(
    home: &Home,
    budget: Budget,
    inbox: &Receiver<Message>,
    sender: &Sender<Message>,
    mut emit: impl FnMut(Event),
    before: Before,
) {
    device::keep_freed_memory();
    let (done, loaded) = (sender.clone(), sender.clone());
    // A scheduler that has ended wants no more results.
    let identified = sender.clone();
    let loader = Loader::start(
        home,
        move |result| {
            let _ = loaded.send(Message::Loaded(Box::new(result)));
        },
        move |event| {
            let _ = identified.send(Message::Tell(Box::new(event)));
        },
    );
    let loader = match loader {
        Ok(loader) => loader,
        Err(error) => {
            return emit(Event::Warning {
                text: format!("no thread to open networks on: {error}"),
            });
        }
    };
    let detected = sender.clone();
    let detecting = Detecting::start(before, move |scored| {
        let _ = detected.send(Message::Detected(Box::new(scored)));
    });
    let detecting = match detecting {
        Ok(detecting) => detecting,
        Err(error) => {
            return emit(Event::Warning {
                text: format!("no thread for detectors to score on: {error}"),
            });
        }
    };
    let mut scheduler = Scheduler {
        store: Store::new(&home.runs(), budget),
        queue: RunQueue::default(),
        fits: Fits::default(),
        workers: Workers::new(move |result| {
            let _ = done.send(Message::Done(Box::new(result)));
        }),
        detecting,
        loader,
        asked: Vec::new(),
        inspector: None,
        home: home.clone(),
        sender: sender.clone(),
        accuracy: AccuracyWatch::default(),
        told: HashSet::new(),
        gauge: Gauge::default(),
        emit,
    };
    loop {
        scheduler.hand_out();
        scheduler.hand_to_detectors();
        let Ok(first) = inbox.recv() else { return };
        // Everything that is there is heard before anything new is handed out: the newest parameters win.
        for message in std::iter::once(first).chain(inbox.try_iter()) {
            match message {
                Message::Command(command) if *command == Command::Shutdown => return,
                Message::Command(command) => scheduler.hear(*command),
                Message::Loaded(loaded) => scheduler.open(*loaded),
                Message::Done(done) => scheduler.take_back(*done),
                Message::Fitted(entry) => scheduler.fitted(entry),
                Message::Detected(scored) => scheduler.detected(*scored),
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
                set,
                generation,
                placement,
                request,
            } => self.take_in(set, generation, &placement, *request),
            Command::Cancel { set } => self.queue.cancel(set),
            Command::Prefer { job } => self.queue.prefer(job),
            Command::Thumbnails { job, spec, images } => {
                self.inspector(|inspector| inspector.thumbnails(job, spec, images));
            }
            Command::Inspect { job, spec, image } => {
                self.inspector(|inspector| inspector.inspect(job, spec, image));
            }
            Command::Identify { network, weights } => self.loader.identify(network, weights),
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

    fn take_in(&mut self, set: SetId, generation: Generation, placement: &Placement, request: SetRequest) {
        let emit = &mut self.emit;
        let started = |device| {
            emit(Event::Ready {
                device,
                description: device::describe(device),
            });
        };
        let workers = match self.workers.on(&placement.devices, started) {
            Ok(workers) => workers,
            Err(error) => {
                self.queue.cancel(set);
                return (self.emit)(Event::Failed {
                    set,
                    generation,
                    reason: error.into(),
                });
            }
        };
        let subscriber = Subscriber {
            set,
            generation,
            lane: placement.lane,
            background: placement.background,
        };
        match self.queue.put(subscriber, request.clone(), workers.clone()) {
            Put::New(entry) => self.asked.push(LoadRequest {
                entry,
                request,
                workers,
            }),
            Put::Joined(entry) => self.catch_up(entry, subscriber),
        }
    }

    /// Tells one who joins a set that is under way what the others have been told.
    fn catch_up(&mut self, entry: EntryId, subscriber: Subscriber) {
        let Some(place) = self.queue.entry(entry) else {
            return;
        };
        let devices = devices_of(&place.workers);
        let task = match &mut place.state {
            State::Open(task) => task,
            State::Waiting(waiting) => {
                let asked: Vec<EntryId> = waiting.asked().collect();
                return asked
                    .into_iter()
                    .for_each(|sample| self.queue.subscribe(sample, subscriber));
            }
            State::Opening => return,
        };
        task.join(subscriber.set, subscriber.generation, &self.store);
        let (total, missing, on) = (task.total(), task.missing().clone(), task.fitted_on().cloned());
        let groups = task.groups().map(<[u32]>::to_vec);
        (self.emit)(started(subscriber, devices, total));
        tell_groups(&mut self.emit, subscriber, groups.as_deref());
        tell_fit(&mut self.emit, &[subscriber], on.as_ref(), &missing);
        self.tell(entry);
    }

    /// Has opened what the sets heard of need, unless they are past already; and the images that their detectors are to be
    /// fitted on.
    fn open_asked(&mut self) {
        while !self.asked.is_empty() {
            for request in std::mem::take(&mut self.asked) {
                if self.queue.entry(request.entry).is_some()
                    && let Some(loaded) = self.loader.request(request)
                {
                    self.open(loaded);
                }
            }
        }
    }

    /// Takes the entry out, and tells those who asked for it why.
    fn fail(&mut self, entry: EntryId, reason: &Failure) {
        if self.queue.entry(entry).is_some_and(|place| place.is_sample) {
            self.queue.remove(entry);
            return self.sample_failed(entry, &reason.text);
        }
        for subscriber in self.queue.remove(entry) {
            (self.emit)(Event::Failed {
                set: subscriber.set,
                generation: subscriber.generation,
                reason: reason.clone(),
            });
        }
    }

    /// Begins the set: tells what it comes to, and what is known of it already.
    fn open(&mut self, Loaded { entry, ready }: Loaded) {
        let Some(place) = self.queue.entry(entry) else {
            return;
        };
        let (is_sample, request) = (place.is_sample, place.request.clone());
        let ready = match ready {
            Ok(ready) => ready,
            Err(reason) => return self.fail(entry, &reason),
        };
        self.warn_once(ready.notes());
        if is_sample {
            return self.begin_sample(entry, ready);
        }
        let detectors = Detectors::of(&request, ready.network());
        if !detectors.fitted.is_empty() {
            return self.await_fit(entry, ready, detectors);
        }
        let scoring = Scoring::unfitted(detectors.unfitted.into_iter());
        self.begin(entry, ready, scoring, detectors.missing, None);
    }

    /// Begins a set whose detectors are ready.
    fn begin(
        &mut self,
        entry: EntryId,
        ready: Ready,
        scoring: Scoring,
        missing: Missing,
        on: Option<FittedOn>,
    ) {
        let Some(place) = self.queue.entry(entry) else {
            return;
        };
        let (request, devices) = (place.request.clone(), devices_of(&place.workers));
        let store = &mut self.store;
        let begin = || Task::begin(entry, request, ready, scoring, store);
        let mut task = match guarded(begin) {
            Ok(begun) => begun,
            Err(reason) => return self.fail(entry, &reason),
        };
        task.tell(missing, on);
        let (total, missing, on) = (task.total(), task.newly_missing(), task.fitted_on().cloned());
        let groups = task.groups().map(<[u32]>::to_vec);
        let notes: Vec<String> = task.notes().collect();
        if let Some(place) = self.queue.entry(entry) {
            place.state = State::Open(Box::new(task));
        }
        let subscribers = self.queue.subscribers(entry);
        for &subscriber in &subscribers {
            (self.emit)(started(subscriber, devices.clone(), total));
            tell_groups(&mut self.emit, subscriber, groups.as_deref());
        }
        tell_fit(&mut self.emit, &subscribers, on.as_ref(), &missing);
        self.tell(entry);
        self.warn_once(notes);
        self.tidy();
    }

    fn warn_once(&mut self, notes: Vec<String>) {
        for text in notes {
            if self.told.insert(text.clone()) {
                (self.emit)(Event::Warning { text });
            }
        }
    }

    /// Gives every worker work, set by set, until all are busy.
    fn hand_out(&mut self) {
        let mut waiting = Vec::new();
        for worker in self.workers.with_room() {
            while self.workers.with_room().contains(&worker) {
                let Some((entry, task)) = self.queue.next(worker, &waiting) else {
                    break;
                };
                match guarded(|| task.next(worker, &mut self.store)) {
                    Ok(Next::Compute(work)) => {
                        self.queue.handed_out(entry, work.batch.count);
                        self.workers.submit(*work);
                    }
                    Ok(Next::Known) => self.tell(entry),
                    Ok(Next::Wait) => waiting.push(entry),
                    Ok(Next::Finished) => self.finish(entry),
                    Err(reason) => self.fail(entry, &reason),
                }
            }
        }
    }

    fn finish(&mut self, entry: EntryId) {
        let Some(place) = self.queue.entry(entry) else {
            return;
        };
        if place.is_sample {
            return self.finish_sample(entry);
        }
        let devices: Vec<Device> = place.workers.iter().map(|worker| worker.device).collect();
        let Some(task) = self.queue.task(entry) else {
            return;
        };
        let (skipped, unreadable) = (task.skipped(), task.unreadable_files());
        let seconds = task.started.elapsed().as_secs_f64();
        if let Some((name, count, why)) = skipped {
            (self.emit)(Event::Warning {
                text: match count {
                    1 => format!("{name}: 1 image skipped: {why}"),
                    _ => format!("{name}: {count} images skipped; the first: {why}"),
                },
            });
        }
        for device in devices {
            self.tell_memory(device, true);
        }
        for subscriber in self.queue.remove(entry) {
            if !unreadable.is_empty() {
                (self.emit)(Event::Unreadable {
                    set: subscriber.set,
                    generation: subscriber.generation,
                    files: unreadable.clone(),
                });
            }
            (self.emit)(Event::Finished {
                set: subscriber.set,
                generation: subscriber.generation,
                seconds,
            });
        }
    }

    /// Tells how much of the device's memory is in use, where that is news.
    fn tell_memory(&mut self, device: Device, is_end: bool) {
        if let Some(memory) = self.gauge.news(device, is_end) {
            (self.emit)(Event::Memory { device, memory });
        }
    }

    /// Keeps what a batch has shown, also where nobody asks for its set any more, and tells its scores where somebody does.
    fn take_back(&mut self, Done { work, found }: Done) {
        self.workers.came_back(work.worker);
        self.tell_memory(work.worker.device, false);
        let entry = work.entry;
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.fail(entry, &error.into()),
        };
        if let Some(size) = found.halved_to {
            let text = format!(
                "{} ran out of memory; {} went on with batches of {size}",
                work.worker.device, work.set
            );
            (self.emit)(Event::Warning { text });
        }
        self.store.keep(&work.evidence, &work.wanted, found.shown);
        if self.queue.entry(entry).is_some_and(|place| place.is_sample) {
            self.sample_came_back(&work);
        } else if let Some(task) = self.queue.task(entry) {
            task.leave_out(found.failed);
            task.came_back();
            task.untold.push(Telling::new(work.images().collect()));
            self.tell(entry);
        }
        self.tidy();
    }

    /// Keeps the evidence within its room, and passes on what it has to say.
    fn tidy(&mut self) {
        let queue = &self.queue;
        self.store.make_room(|key| queue.uses(key));
        for text in self.store.take_warnings() {
            (self.emit)(Event::Warning { text });
        }
    }
}

fn devices_of(workers: &[WorkerId]) -> Devices {
    let devices: Vec<Device> = workers.iter().map(|worker| worker.device).collect();
    Devices::try_from(devices).expect("a set has as many workers as devices were named for it")
}

fn started(subscriber: Subscriber, devices: Devices, total: usize) -> Event {
    Event::Started {
        set: subscriber.set,
        generation: subscriber.generation,
        devices,
        total,
    }
}

/// Tells everybody who asked for a set what its detectors are fitted on, and which have no scores.
fn tell_fit(
    emit: &mut impl FnMut(Event),
    subscribers: &[Subscriber],
    on: Option<&FittedOn>,
    missing: &Missing,
) {
    for &Subscriber { set, generation, .. } in subscribers {
        if let Some(on) = on.cloned() {
            emit(Event::Fitted { set, generation, on });
        }
        if !missing.is_empty() {
            emit(Event::Missing {
                set,
                generation,
                detectors: missing.clone(),
            });
        }
    }
}

/// Tells which images belong together. The cells of a grid are of a job's images, which have been told.
fn tell_groups(emit: &mut impl FnMut(Event), subscriber: Subscriber, groups: Option<&[u32]>) {
    if let Some(groups) = groups
        && subscriber.set.job.cell_number().is_none()
    {
        emit(Event::Groups {
            set: subscriber.set,
            groups: groups.to_vec(),
        });
    }
}

/// Tells everybody who asked for a set some of its scores.
fn tell_scores(
    emit: &mut impl FnMut(Event),
    subscribers: &[Subscriber],
    scores: &ScoreTable,
    from_cache: bool,
) {
    if scores.is_empty() {
        return;
    }
    for subscriber in subscribers {
        emit(Event::Scored(ScoreBatch {
            set: subscriber.set,
            generation: subscriber.generation,
            scores: scores.clone(),
            from_cache,
        }));
    }
}
