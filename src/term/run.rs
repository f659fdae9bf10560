//! The one loop: whatever comes in becomes actions; then, if anything changed, one frame.
//!
//! Idle, it waits for input, the engine and signals, and for nothing else: no timer runs and no byte is written.
use std::io::{self, IsTerminal};
use std::task::Poll;
use std::time::Instant;

use crossterm::event::EventStream;
use futures_util::StreamExt;
use signal_hook::consts::SIGHUP;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::sleep_until;

use super::dashboard::{Dashboard, Exit, TermOptions};
use super::error::TermError;
use super::graphics::Graphics;
use super::guard::Guard;
use super::screen::Screen;
use super::signals::Signals;
use super::stderr::Capture;
use crate::app::{Action, Model};
use odin_core::comparisons::{JobCommand, JobEvent};
use odin_core::protocol::EngineEnded;

/// How the engine is reached. Both ends must not block. An error among the events says why no more will come.
pub struct EngineLink {
    pub commands: Box<dyn FnMut(JobCommand)>,
    pub events: UnboundedReceiver<Result<JobEvent, EngineEnded>>,
}

/// Shows the dashboard until a person quits or a signal comes. The engine is started once the first frame is on the
/// screen, and again when a person wants one after it has ended; if `start` fails, its reason is shown and the dashboard
/// goes on without.
///
/// # Errors
/// There is no terminal, or it cannot be set up, read or written.
pub async fn run<E: std::fmt::Display>(
    mut model: Model,
    options: TermOptions,
    mut start: impl FnMut() -> Result<EngineLink, E>,
) -> Result<Exit, TermError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(TermError::NoTerminal);
    }
    // Colours are our own choice (see `Capabilities`); crossterm's would turn reversed text off under NO_COLOR.
    crossterm::style::force_color_output(true);
    let mut signals = Signals::new().map_err(TermError::Signals)?;
    let (native_sender, mut native) = mpsc::unbounded_channel();
    let (answer_sender, mut answers) = mpsc::unbounded_channel();
    let guard = Guard::take(model.view.mouse).map_err(TermError::SetUp)?;
    let graphics = Graphics::detect();
    tracing::debug!(?graphics, capabilities = ?options.capabilities, "the terminal was taken");
    model.shows_pictures = graphics.is_some();
    // Without it the dashboard still works, only less tidily.
    let capture = Capture::start(native_sender)
        .inspect_err(|error| tracing::debug!(%error, "standard error is not captured"))
        .ok();
    let screen = Screen::new(graphics).map_err(TermError::SetUp)?;
    let mut dashboard = Dashboard::new(model, options, guard, screen, capture, answer_sender);
    dashboard.draw()?;

    let mut engine = None;
    let mut keyboard = EventStream::new();
    while dashboard.exit.is_none() {
        if std::mem::take(&mut dashboard.wants_engine) {
            match start() {
                Ok(EngineLink { commands, events }) => {
                    tracing::info!("the engine was started");
                    dashboard.commands = commands;
                    engine = Some(events);
                    dashboard.apply(Action::Start)?;
                }
                Err(error) => {
                    // With its causes.
                    let reason = format!("{error:#}");
                    tracing::info!(reason, "the engine cannot be started");
                    dashboard.apply(Action::EngineGone(reason))?;
                }
            }
        }
        let due = dashboard.next_due();
        tokio::select! {
            biased;
            signal = signals.next() => dashboard.signal(signal)?,
            event = keyboard.next() => {
                // All that is there already belongs to the same frame.
                let mut next = Some(event);
                while let Some(event) = next {
                    match event {
                        Some(Ok(event)) => dashboard.event(&event)?,
                        Some(Err(error)) => return Err(TermError::Read(error)),
                        // The terminal is gone.
                        None => dashboard.exit = Some(Exit::Signal(SIGHUP)),
                    }
                    next = if dashboard.exit.is_none() { already_there(&mut keyboard).await } else { None };
                }
            }
            Some(action) = answers.recv() => dashboard.apply(action)?,
            Some(line) = native.recv() => {
                dashboard.native(line)?;
                while let Ok(line) = native.try_recv() {
                    dashboard.native(line)?;
                }
            }
            event = next_event(&mut engine) => dashboard.engine(event, &mut engine)?,
            () = wait_until(due) => {}
        }
        dashboard.tick()?;
        dashboard.draw_if_due()?;
    }
    (dashboard.commands)(JobCommand::Shutdown);
    let exit = dashboard.exit.unwrap_or(Exit::Quit);
    tracing::info!(?exit, "the dashboard ends");
    Ok(exit)
}

/// What the keyboard's stream has at hand, without waiting. It is asked in this task's name: the stream remembers who
/// asked last, and with `now_or_never` that would be nobody.
async fn already_there(keyboard: &mut EventStream) -> Option<Option<io::Result<crossterm::event::Event>>> {
    std::future::poll_fn(|context| match keyboard.poll_next_unpin(context) {
        Poll::Ready(event) => Poll::Ready(Some(event)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// The next event of an engine; without one, never.
async fn next_event(
    events: &mut Option<UnboundedReceiver<Result<JobEvent, EngineEnded>>>,
) -> Option<Result<JobEvent, EngineEnded>> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
