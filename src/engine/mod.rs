//! The engine: jobs go in, scores come out. One named thread a device owns its network and does all tensor work.
//!
//! `protocol` is what goes in and out; `worker` the device's thread, which hands batches to the compute threads of
//! `pool`; `task` one job under way; `pass` one batch through the network; `evidence` what is never computed twice;
//! `library` networks and data sets that are open; `preflight` whether a network does what its card says; `device` what there is to compute on. Nothing here draws, reads a
//! session or knows the command line.
pub mod device;
mod evidence;
mod library;
mod pass;
mod pool;
pub mod preflight;
pub mod protocol;
mod task;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::home::Home;
use crate::units::Device;
use protocol::{Command, Event};
use worker::Message;

/// An engine that is running. Dropping it ends its worker after the batch under way.
pub struct Engine {
    inbox: Sender<Message>,
    worker: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts a worker on the device. `emit` is called from the worker's thread.
    pub fn start(
        home: &Home,
        device: Device,
        emit: impl FnMut(Event) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, inbox) = channel();
        let (home, results) = (home.clone(), sender.clone());
        let worker = std::thread::Builder::new()
            .name(format!("odin-{device}"))
            .spawn(move || worker::run(&home, device, &inbox, results, emit))?;
        Ok(Self {
            inbox: sender,
            worker: Some(worker),
        })
    }

    /// Tells the worker; it listens between two batches. A worker that has ended hears nothing.
    pub fn send(&self, command: Command) {
        let _ = self.inbox.send(Message::Command(command));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.send(Command::Shutdown);
        if let Some(worker) = self.worker.take() {
            // A panic of the worker has been reported as an event; it must not become a second one here.
            let _ = worker.join();
        }
    }
}
