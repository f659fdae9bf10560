//! The engine: jobs go in, scores come out. One worker a device does all tensor work.
//!
//! `protocol` is what goes in and out. `process` is an engine in a process of its own and `serve` what runs in there, with messages as
//! `wire` has them. `scheduler` is the thread that hears and tells; `desk` knows whose turn it is,
//! `opener` opens networks and sets aside (and `batch_size` finds how many images a pass takes), `library` keeps them, `fleet` has the workers and `pool` the threads of one;
//! `task` is one job under way, `pass` one batch through the network, `evidence` what is never computed twice. `preflight`
//! tells whether a network does what its card says, `inspect` shows images to people, `device` what there is to compute on, `memory` how much of it is in use. Nothing here draws, reads a
//! session or knows the command line.
mod batch_size;
mod desk;
pub mod device;
mod evidence;
mod fleet;
mod inspect;
mod library;
pub mod memory;
mod opener;
mod pass;
mod pool;
pub mod preflight;
mod scheduler;
mod serve;
mod task;
#[cfg(test)]
mod inspect_tests;
#[cfg(test)]
mod tests;

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

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
        let (sender, inbox) = channel();
        let (home, results) = (home.clone(), sender.clone());
        let scheduler = std::thread::Builder::new()
            .name("odin-engine".to_owned())
            .spawn(move || scheduler::run(&home, budget, &inbox, &results, emit))?;
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
