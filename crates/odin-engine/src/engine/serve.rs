//! An engine that serves another process over two pipes.
use std::io::{self, Read, Write};

use super::Engine;
use odin_core::home::Home;
use odin_core::protocol::{Command, Event};
use odin_core::protocol::{Hello, read, write};
use odin_core::runs::evidence::Budget;

/// Serves until it is told to end, or the other side has gone; returns once every worker has ended.
///
/// # Errors
/// No engine can be started, or what comes in is no command.
pub fn serve(
    home: &Home,
    budget: Budget,
    mut input: impl Read,
    mut output: impl Write + Send + 'static,
) -> io::Result<()> {
    write(&mut output, &Hello::ours())?;
    let engine = Engine::start(home, budget, move |event: Event| {
        // Nobody listens any more; the input ends too, then.
        let _ = write(&mut output, &event);
    })?;
    loop {
        match read(&mut input)? {
            None | Some(Command::Shutdown) => return Ok(()),
            Some(command) => engine.send(command),
        }
    }
}
