//! The compute threads of a device. On a CPU one a core, each with one libtorch thread: a batch a thread keeps its data
//! in that core's cache, and nobody waits for a core that another program has taken.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::device;
use super::guard::panic_text;
use super::pass::{Found, PassError, Work, compute};
use odin_core::units::Device;

/// A batch that came back.
pub(super) struct Done {
    pub work: Work,
    pub found: Result<Found, PassError>,
}

pub(super) struct Pool {
    work: Option<Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Starts the threads of the device's worker of this number; each calls `done` with every batch it has computed.
    pub(super) fn start(
        device: Device,
        number: usize,
        done: impl Fn(Done) + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        let (work, queue) = channel::<Work>();
        let queue = Arc::new(Mutex::new(queue));
        let start = |n: usize| {
            let (queue, done) = (queue.clone(), done.clone());
            let name = match number {
                0 => format!("odin-{device}-{n}"),
                _ => format!("odin-{device}-{number}-{n}"),
            };
            std::thread::Builder::new().name(name).spawn(move || {
                if device == Device::Cpu {
                    tch::set_num_threads(1);
                }
                serve(n, &queue, done);
            })
        };
        let threads = (0..device::compute_threads(device))
            .map(start)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            work: Some(work),
            threads,
        })
    }

    /// How many batches are worth having under way.
    pub(super) fn width(&self) -> usize {
        self.threads.len()
    }

    pub(super) fn submit(&self, work: Work) {
        if let Some(sender) = &self.work {
            // The threads hear as long as the pool stands.
            let _ = sender.send(work);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.work = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve(thread: usize, queue: &Mutex<Receiver<Work>>, done: impl Fn(Done)) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        let found = catch_unwind(AssertUnwindSafe(|| compute(&work, thread)))
            .unwrap_or_else(|panic| Err(PassError::Panic(panic_text(panic.as_ref()))));
        done(Done { work, found });
    }
}
