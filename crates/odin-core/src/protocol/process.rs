//! An engine in a process of its own, seen from the outside: libtorch is loaded there and only there, and whatever it does, a
//! crash included, the dashboard stays.
use std::io::{self, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command as Program, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::messages::{Command, Event};
use super::wire::{self, Hello};
use crate::home::Home;

/// So long it may take to end the batches under way; what it has computed is on disk by then.
const PATIENCE: Duration = Duration::from_secs(10);
const KILLED: i32 = rustix::process::Signal::KILL.as_raw();
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Why an engine says no more.
#[derive(Debug, thiserror::Error)]
pub enum EngineEnded {
    #[error("the engine has ended")]
    Quietly,
    /// With an exit code other than 0.
    #[error("the engine ended with exit code {0}")]
    WithCode(i32),
    #[error("the engine was killed (signal 9), by hand or because memory ran out")]
    Killed,
    #[error("the engine crashed (signal {0})")]
    Crashed(i32),
    #[error("the engine was stopped: it is of another build ({version}): build both programs")]
    OtherBuild { version: String },
    #[error("the engine was stopped: it does not speak as an engine: {0}")]
    Garbled(io::Error),
    #[error("the engine has ended, and why is not known: {0}")]
    Unknown(io::Error),
}

/// It runs while this lives. Dropping it waits until its workers have ended.
pub struct EngineProcess {
    commands: Option<Arc<Sender<Command>>>,
    child: Arc<Mutex<Child>>,
    /// Closed by the thread that listens, once the process has ended.
    ended: Mutex<Receiver<()>>,
}

impl EngineProcess {
    /// Starts `program serve`; with `fresh`, evidence of earlier runs is neither read nor left. `emit` is called from a
    /// thread of its own: with events, and at last with why there are no more. The engine is told what it returns.
    ///
    /// # Errors
    /// The program or a thread cannot be started.
    pub fn start(
        program: &Path,
        home: &Home,
        fresh: bool,
        mut emit: impl FnMut(Result<Event, EngineEnded>) -> Vec<Command> + Send + 'static,
    ) -> io::Result<Self> {
        let mut child = Program::new(program)
            .arg("serve")
            .args(fresh.then_some("--fresh"))
            .env("ODIN_HOME", home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let child = Arc::new(Mutex::new(child));
        let (commands, to_write) = channel();
        let (ended_sender, ended) = channel();
        let commands = Arc::new(commands);
        // Weak, so that the pipe closes when this is dropped.
        let replies = Arc::downgrade(&commands);
        let process = Self {
            commands: Some(commands),
            child: child.clone(),
            ended: Mutex::new(ended),
        };
        let (input, output) = pipes.ok_or_else(|| io::Error::other("no pipes to the engine"))?;
        thread::Builder::new()
            .name("to-engine".to_owned())
            .spawn(move || forward(&to_write, input))?;
        thread::Builder::new()
            .name("from-engine".to_owned())
            .spawn(move || {
                let mut told = |event| {
                    for reply in emit(Ok(event)) {
                        if let Some(commands) = replies.upgrade() {
                            // One that has ended hears nothing.
                            let _ = commands.send(reply);
                        }
                    }
                };
                let heard = listen(output, &mut told);
                if heard.is_err() {
                    // What it says cannot be understood: it is of no use.
                    let _ = lock(&child).kill();
                }
                let status = wait(&child);
                emit(Err(heard.err().unwrap_or_else(|| why_ended(status))));
                drop(ended_sender);
            })?;
        Ok(process)
    }

    /// Tells it, without waiting. One that has ended hears nothing.
    pub fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            let _ = commands.send(command);
        }
    }
}

impl Drop for EngineProcess {
    fn drop(&mut self) {
        // The pipe closes behind what was sent, and so the engine ends.
        self.commands = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(PATIENCE) {
            let _ = lock(&self.child).kill();
            // Ends with the process, or at once where no thread listens.
            let _ = ended.recv();
        }
    }
}

fn lock(child: &Mutex<Child>) -> std::sync::MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn forward(commands: &Receiver<Command>, mut input: ChildStdin) {
    for command in commands {
        if wire::write(&mut input, &command).is_err() {
            // It has ended; why, the other thread tells.
            return;
        }
    }
}

fn listen(output: ChildStdout, emit: &mut impl FnMut(Event)) -> Result<(), EngineEnded> {
    let mut output = BufReader::with_capacity(1 << 16, output);
    match wire::read::<Hello>(&mut output) {
        Ok(None) => return Ok(()),
        Ok(Some(hello)) if hello == Hello::ours() => {}
        Ok(Some(hello)) => {
            return Err(EngineEnded::OtherBuild {
                version: hello.version,
            });
        }
        Err(error) => return Err(EngineEnded::Garbled(error)),
    }
    loop {
        match wire::read(&mut output) {
            Ok(Some(event)) => emit(event),
            Ok(None) => return Ok(()),
            // Cut off in the middle of a message: how it ended says more.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(EngineEnded::Garbled(error)),
        }
    }
}

/// Looks again and again, so that another thread can kill it meanwhile.
fn wait(child: &Mutex<Child>) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = lock(child).try_wait()? {
            return Ok(status);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

fn why_ended(status: io::Result<ExitStatus>) -> EngineEnded {
    let status = match status {
        Ok(status) => status,
        Err(error) => return EngineEnded::Unknown(error),
    };
    match (status.signal(), status.code()) {
        (Some(KILLED), _) => EngineEnded::Killed,
        (Some(signal), _) => EngineEnded::Crashed(signal),
        (None, Some(0)) => EngineEnded::Quietly,
        (None, code) => EngineEnded::WithCode(code.expect("what no signal has ended has an exit code")),
    }
}
