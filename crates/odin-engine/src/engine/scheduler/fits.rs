//! Sets whose detectors are fitted before they score: the images that the fit needs are passed through the network first.
use std::sync::Arc;

use super::super::entry_id::EntryId;
use super::super::evidence::Scoring;
use super::super::fitting::{self, Detectors, Part, Waiting};
use super::super::guard::guarded;
use super::super::loader::{LoadRequest, Ready};
use super::super::pass::Work;
use super::super::pool::Done;
use super::super::run_queue::{Put, State};
use super::super::task::Task;
use super::{Message, Scheduler};
use odin_core::protocol::{Event, Failure, FailureKind, SetRequest};
use odin_detectors::Need;

impl<E: FnMut(Event), D: Fn(Done) + Clone + Send + 'static> Scheduler<E, D> {
    /// Asks for the images that the set's detectors are fitted on; the set waits.
    pub(super) fn await_fit(&mut self, entry: EntryId, ready: Ready, detectors: Detectors) {
        let Some(place) = self.queue.entry(entry) else {
            return;
        };
        let request = place.request.clone();
        let moves = fitting::moves(&detectors.fitted.iter().copied().collect());
        let mut part = |is_needed: bool, sample: Option<SetRequest>| match sample.filter(|_| is_needed) {
            Some(sample) => Part::Asked(self.ask_for_sample(entry, sample)),
            None => Part::Unneeded,
        };
        let of_images = [Need::FitImages, Need::FitLabels];
        let training = fitting::sample(&request, &request.fit.training, request.fit.choice, &moves);
        let training = part(detectors.need(&of_images), Some(training));
        let validation = request.fit.validation.as_ref();
        let validation = validation.map(|(images, choice)| fitting::sample(&request, images, *choice, &[]));
        let validation = part(detectors.need(&[Need::ValidationLabels]), validation);
        if let Some(place) = self.queue.entry(entry) {
            place.state = State::Waiting(Box::new(Waiting {
                ready,
                detectors,
                training,
                validation,
                fits: Vec::new(),
            }));
        }
        self.fit(entry);
    }

    fn ask_for_sample(&mut self, entry: EntryId, request: SetRequest) -> EntryId {
        let subscribers = self.queue.subscribers(entry);
        let workers = self
            .queue
            .entry(entry)
            .map(|place| place.workers.clone())
            .unwrap_or_default();
        match self
            .queue
            .put_sample(&subscribers, request.clone(), workers.clone())
        {
            Put::Joined(sample) => sample,
            Put::New(sample) => {
                self.asked.push(LoadRequest {
                    entry: sample,
                    request,
                    workers,
                });
                sample
            }
        }
    }

    /// Begins to pass a fit's images through the network.
    pub(super) fn begin_sample(&mut self, entry: EntryId, ready: Ready) {
        let Some(place) = self.queue.entry(entry) else {
            return;
        };
        let request = place.request.clone();
        let scoring = fitting::of_sample(&request, ready.network());
        let store = &mut self.store;
        let begin = || Task::begin(entry, request, ready, scoring, store);
        let mut task = match guarded(begin) {
            Ok(task) => task,
            Err(reason) => return self.fail(entry, &reason),
        };
        task.untold.mute();
        let is_known = task.known_images(&self.store) == task.total();
        let notes: Vec<String> = task.notes().collect();
        if let Some(place) = self.queue.entry(entry) {
            place.state = State::Open(Box::new(task));
        }
        self.warn_once(notes);
        match is_known {
            true => self.finish_sample(entry),
            false => self.tell_sample(entry),
        }
    }

    /// A batch of a fit's images has come back.
    pub(super) fn sample_came_back(&mut self, work: &Work) {
        if let Some(task) = self.queue.task(work.entry) {
            task.came_back();
        }
        self.tell_sample(work.entry);
    }

    /// Tells how far a fit's images are.
    fn tell_sample(&mut self, entry: EntryId) {
        let store = &self.store;
        let Some(task) = self.queue.task(entry) else {
            return;
        };
        let (done, total) = (task.known_images(store), task.total());
        for subscriber in self.queue.subscribers(entry) {
            (self.emit)(Event::Fitting {
                set: subscriber.set,
                generation: subscriber.generation,
                done,
                total,
            });
        }
    }

    /// All of a fit's images are known: those who wait for them go on.
    pub(super) fn finish_sample(&mut self, entry: EntryId) {
        let Some(task) = self.queue.task(entry) else {
            return;
        };
        let sample = Arc::new(task.sample(&self.store));
        self.queue.remove(entry);
        match sample.images.is_empty() {
            true => self.sample_failed(entry, "none of them can be read"),
            false => self.sample_is(entry, &|| Part::Known(sample.clone())),
        }
    }

    pub(super) fn sample_failed(&mut self, entry: EntryId, why: &str) {
        self.sample_is(entry, &|| Part::Failed(why.to_owned()));
    }

    fn sample_is(&mut self, sample: EntryId, found: &dyn Fn() -> Part) {
        let mut concerned = Vec::new();
        for (entry, waiting) in self.queue.waiting() {
            for part in waiting.parts() {
                if matches!(part, Part::Asked(asked) if *asked == sample) {
                    *part = found();
                    concerned.push(entry);
                }
            }
        }
        concerned.into_iter().for_each(|entry| self.fit(entry));
    }

    /// Fits the set's detectors where all the images are there: on a thread of its own what is not fitted yet.
    fn fit(&mut self, entry: EntryId) {
        let Some(place) = self.queue.entry(entry) else {
            return;
        };
        let choice = place.request.choice;
        let State::Waiting(waiting) = &mut place.state else {
            return;
        };
        if waiting.asked().next().is_some() {
            return;
        }
        waiting.refuse_reported(&choice);
        let missing = waiting.give_up();
        waiting.detectors.missing.extend(missing);
        waiting.fits = self.fits.of(waiting, &self.store);
        let new: Vec<_> = waiting
            .fits
            .iter()
            .filter_map(|(setting, fitting)| Some((setting.detector(), fitting.clone().ok()?)))
            .filter(|(detector, fitting)| fitting.get(*detector).is_none())
            .collect();
        if new.is_empty() {
            return self.fitted(entry);
        }
        let sender = self.sender.clone();
        let work = move || {
            for (detector, fitting) in new {
                fitting.fit(detector);
            }
            // A scheduler that has ended wants no fit.
            let _ = sender.send(Message::Fitted(entry));
        };
        let thread = std::thread::Builder::new().name("odin-fit".to_owned());
        if let Err(error) = thread.spawn(work) {
            let text = format!("no thread to fit detectors on: {error}");
            self.fail(entry, &Failure::new(FailureKind::Engine, text));
        }
    }

    /// Begins a set whose detectors are fitted.
    pub(super) fn fitted(&mut self, entry: EntryId) {
        let Some(place) = self.queue.entry(entry) else {
            return;
        };
        let State::Waiting(waiting) = std::mem::replace(&mut place.state, State::Opening) else {
            return;
        };
        let (by, missing) = fitting::how(&waiting.fits);
        let on = waiting.fitted_on();
        let Waiting { ready, detectors, .. } = *waiting;
        let all: Vec<_> = detectors.missing.into_iter().chain(missing).collect();
        let scoring = Scoring::unfitted(detectors.unfitted.into_iter()).and(by);
        self.begin(entry, ready, scoring, all, on);
    }
}
