//! The engine: jobs go in, scores come out. One named thread a device owns its network and does all tensor work.
//!
//! `protocol` is what goes in and out; `worker` the thread; `task` one job under way; `evidence` what is never
//! computed twice; `library` networks and data sets that are open; `device` what there is to compute on. Nothing here
//! draws, reads a session or knows the command line.
pub mod device;
mod evidence;
mod library;
pub mod protocol;
mod task;
mod worker;

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::home::Home;
use crate::units::Device;
use protocol::{Command, Event};

/// An engine that is running. Dropping it ends its worker after the batch under way.
pub struct Engine {
    commands: Sender<Command>,
    worker: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts a worker on the device. `emit` is called from the worker's thread.
    pub fn start(
        home: &Home,
        device: Device,
        emit: impl FnMut(Event) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (commands, inbox) = channel();
        let home = home.clone();
        let worker = std::thread::Builder::new()
            .name(format!("odin-{device}"))
            .spawn(move || worker::run(&home, device, &inbox, emit))?;
        Ok(Self {
            commands,
            worker: Some(worker),
        })
    }

    /// Tells the worker; it listens between two batches. A worker that has ended hears nothing.
    pub fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    /// A handle for other threads.
    pub fn commands(&self) -> Sender<Command> {
        self.commands.clone()
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
