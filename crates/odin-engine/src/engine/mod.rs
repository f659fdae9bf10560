//! The engine: score sets are asked for, scores come out. One worker a device does all tensor work.
//!
//! `serve` is an engine for another process. `scheduler` is the thread that hears and tells; `run_queue` knows whose turn it
//! is and who asked for what; `loader` opens networks and sets on a thread of its own (and `batch_size` measures how many
//! images a pass takes), `model_cache` keeps them while their files stay as they are (`stamp`); `workers` are the devices and `pool` the threads of one; `task` is one
//! score set under way (`untold` what of it is still to be told, `columns` the thread on which fitted detectors score it), `pass` one batch through the network, `evidence` what is never computed twice. `preflight` tells
//! whether a network does what its card says, `normalising` by which normalisation it was trained, `fitting` what its detectors are fitted on, `inspect` shows images to people, `device` what there is to compute on (`cuda` says why there
//! is no GPU),
//! `memory` how much of it is in use, and `guard` turns panics into failures. Nothing here draws, reads a session or knows the command line.
//!
//! Each module imports only from those listed after it.
mod serve;
mod scheduler;
mod inspect;
mod run_queue;
mod task;
mod untold;
mod columns;
mod fitting;
mod loader;
mod model_cache;
pub mod normalising;
pub mod preflight;
mod first_norm;
mod well_known;
mod batch_size;
mod workers;
mod pool;
mod pass;
mod evidence;
mod guard;
mod open_network;
mod stamp;
pub mod memory;
pub mod device;
mod cuda;
mod out_of_memory;
mod entry_id;
mod worker_id;
#[cfg(test)]
mod fit_tests;
#[cfg(test)]
mod inspect_tests;
#[cfg(test)]
mod program_tests;
#[cfg(test)]
mod tests;

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use columns::Before;
use odin_core::home::Home;
use odin_core::protocol::{Command, Event};
use odin_core::runs::evidence::Budget;
use scheduler::Message;
pub use serve::serve;

/// An engine that is running. Dropping it ends its workers after the batches under way.
pub struct Engine {
    inbox: Sender<Message>,
    scheduler: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts it; workers follow as jobs need them. `emit` is called from the engine's own thread.
    pub fn start(
        home: &Home,
        budget: Budget,
        emit: impl FnMut(Event) + Send + 'static,
    ) -> std::io::Result<Self> {
        Self::start_held(home, budget, emit, Box::new(|| {}))
    }

    /// The same; `before` is called on the thread of fitted detectors whenever it begins with a set.
    fn start_held(
        home: &Home,
        budget: Budget,
        emit: impl FnMut(Event) + Send + 'static,
        before: Before,
    ) -> std::io::Result<Self> {
        let (sender, inbox) = channel();
        let (home, results) = (home.clone(), sender.clone());
        let scheduler = std::thread::Builder::new()
            .name("odin-engine".to_owned())
            .spawn(move || scheduler::run(&home, budget, &inbox, &results, emit, before))?;
        Ok(Self {
            inbox: sender,
            scheduler: Some(scheduler),
        })
    }

    /// Tells the engine; it listens between two batches. One that has ended hears nothing.
    pub fn send(&self, command: Command) {
        let _ = self.inbox.send(Message::Command(Box::new(command)));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.send(Command::Shutdown);
        if let Some(scheduler) = self.scheduler.take() {
            // A panic there has been reported as an event; it must not become a second one here.
            let _ = scheduler.join();
        }
    }
}
