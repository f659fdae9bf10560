//! The one loop: whatever comes in becomes actions; then, if anything changed, one frame.
//!
//! Idle, it waits for input, the engine and signals, and for nothing else: no timer runs and no byte is written.
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crossterm::event::EventStream;
use futures_util::StreamExt;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::sleep_until;

use super::background::Background;
use super::capabilities::Capabilities;
use super::error::TermError;
use super::graphics::Graphics;
use super::guard::Guard;
use super::input::Input;
use super::screen::Screen;
use super::stderr::Capture;
use crate::app::{Action, Catalogue, Effect, ImagesAction, Model, Overlay, Redraw, update};
use crate::config::Config;
use crate::engine::protocol::{Command, Event};
use crate::session::SessionError;
use crate::ui::{self, HitMap, Look, ThemeName};

/// At most 30 frames a second for a person, 10 for progress.
const BETWEEN_ANSWERS: Duration = Duration::from_millis(33);
const BETWEEN_PROGRESS: Duration = Duration::from_millis(100);
/// Once a second while another window has the focus.
const BETWEEN_PROGRESS_ASIDE: Duration = Duration::from_secs(1);
/// So long the engine's events are taken in at one go; then the keyboard has its turn.
const TURN: Duration = Duration::from_millis(8);

/// How the engine is reached. Both ends must not block. An error among the events says why no more will come.
pub struct EngineLink {
    pub commands: Box<dyn FnMut(Command)>,
    pub events: UnboundedReceiver<Result<Event, String>>,
}

pub struct TermOptions {
    pub capabilities: Capabilities,
    pub config: Config,
    /// Reads what jobs can be made of; called aside, as it looks at many files.
    pub catalogue: Arc<dyn Fn() -> Catalogue + Send + Sync>,
}

impl TermOptions {
    /// How things look in this theme, or in the one that suits the terminal's background.
    fn look(&self, theme: ThemeName) -> Look {
        let Capabilities {
            colours,
            unicode,
            background,
        } = self.capabilities;
        let theme = match theme {
            ThemeName::Auto => background.unwrap_or(ThemeName::Auto),
            theme => theme,
        };
        self.config.look(theme, colours, unicode)
    }
}

/// Why the dashboard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Quit,
    /// By this signal.
    Signal(i32),
}

/// Shows the dashboard until a person quits or a signal comes. The engine is started once the first frame is on the
/// screen, and again when a person wants one after it has ended; if `start` fails, its reason is shown and the dashboard
/// goes on without.
///
/// # Errors
/// There is no terminal, or it cannot be set up, read or written.
pub async fn run(
    mut model: Model,
    options: TermOptions,
    mut start: impl FnMut() -> Result<EngineLink, String>,
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
    model.shows_pictures = graphics.is_some();
    // Without it the dashboard still works, only less tidily.
    let capture = Capture::start(native_sender).ok();
    // Its parts are put back from the last to the first: the terminal before standard error.
    let mut dashboard = Dashboard {
        pixels: model.view.pixels,
        model,
        theme: options.config.theme,
        look: options.look(options.config.theme),
        guard,
        screen: Screen::new(graphics).map_err(TermError::SetUp)?,
        hits: HitMap::default(),
        input: Input::default(),
        background: Background::new(answer_sender, options.catalogue.clone()),
        options,
        commands: Box::new(|_| {}),
        began: Instant::now(),
        drawn: None,
        wanted: Some(Redraw::Answer),
        wants_engine: true,
        exit: None,
        _capture: capture,
    };
    dashboard.draw()?;

    let mut engine = None;
    let mut keyboard = EventStream::new();
    while dashboard.exit.is_none() {
        if std::mem::take(&mut dashboard.wants_engine) {
            match start() {
                Ok(EngineLink { commands, events }) => {
                    dashboard.commands = commands;
                    engine = Some(events);
                    dashboard.apply(Action::Start)?;
                }
                Err(reason) => dashboard.apply(Action::EngineGone(reason))?,
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
                dashboard.apply(Action::Native(line))?;
                while let Ok(line) = native.try_recv() {
                    dashboard.apply(Action::Native(line))?;
                }
            }
            event = next_event(&mut engine) => dashboard.engine(event, &mut engine)?,
            () = wait_until(due) => {}
        }
        dashboard.tick()?;
        dashboard.draw_if_due()?;
    }
    (dashboard.commands)(Command::Shutdown);
    Ok(dashboard.exit.unwrap_or(Exit::Quit))
}

struct Dashboard {
    model: Model,
    options: TermOptions,
    theme: ThemeName,
    look: Look,
    guard: Guard,
    screen: Screen,
    /// Whether pictures are shown in pixels.
    pixels: bool,
    hits: HitMap,
    input: Input,
    background: Background,
    commands: Box<dyn FnMut(Command)>,
    began: Instant,
    drawn: Option<Instant>,
    /// A frame is wanted, and how soon.
    wanted: Option<Redraw>,
    wants_engine: bool,
    exit: Option<Exit>,
    _capture: Option<Capture>,
}

/// However the dashboard ends, what is not saved is kept beside the session, unless a person has quit.
impl Drop for Dashboard {
    fn drop(&mut self) {
        self.background.finish_saving();
        if self.exit != Some(Exit::Quit) {
            // With nobody to tell: a failure is that of a disk that is full, or gone as the terminal is.
            let _ = keep_aside(&self.model);
        }
    }
}

fn keep_aside(model: &Model) -> Result<(), SessionError> {
    // What was offered and not answered is offered again.
    if let Some(Overlay::Restore(_)) = model.overlay {
        return Ok(());
    }
    let session = model.to_session();
    if model.is_unsaved() || session.view != model.session.view {
        session.autosave(&model.path)?;
    }
    Ok(())
}

impl Dashboard {
    fn apply(&mut self, action: Action) -> Result<(), TermError> {
        for effect in update(&mut self.model, action) {
            match effect {
                Effect::Redraw(redraw) => self.wanted = self.wanted.max(Some(redraw)),
                Effect::Engine(command) => (self.commands)(command),
                Effect::StartEngine => self.wants_engine = true,
                Effect::SaveSession { path, session } => self.background.save(path, *session),
                Effect::ComputeExact(request) => self.background.compute_exact(request),
                Effect::ComputeIntervals(request) => self.background.compute_intervals(request),
                Effect::ComputeGrid(request) => self.background.compute_grid(request),
                Effect::LoadCatalogue => self.background.load_catalogue(),
                Effect::Copy(text) => self.screen.copy(&text).map_err(TermError::Draw)?,
                Effect::WriteLog(text) => self.background.write_log(text),
                Effect::Autosave { path, session } => self.background.autosave(path, *session),
                Effect::WriteTable { stem, kind, text } => self.background.write_table(stem, kind, text),
                Effect::DiscardAutosave => self.background.discard_autosave(self.model.path.clone()),
                Effect::SetMouse(on) => self.guard.set_mouse(on).map_err(TermError::SetUp)?,
                Effect::Suspend => self.suspend()?,
                Effect::Quit => self.exit = Some(Exit::Quit),
            }
        }
        Ok(())
    }

    fn event(&mut self, event: &crossterm::event::Event) -> Result<(), TermError> {
        if let crossterm::event::Event::Resize(..) = event {
            self.wanted = Some(Redraw::Answer);
        }
        self.clock()?;
        for action in self.input.actions(event, &self.hits) {
            self.apply(action)?;
        }
        Ok(())
    }

    fn engine(
        &mut self,
        first: Option<Result<Event, String>>,
        events: &mut Option<UnboundedReceiver<Result<Event, String>>>,
    ) -> Result<(), TermError> {
        self.clock()?;
        let turn = Instant::now();
        let mut next = first.unwrap_or_else(|| Err("the engine has ended".to_owned()));
        loop {
            match next {
                Ok(event) => self.apply(Action::Engine(event))?,
                Err(reason) => {
                    *events = None;
                    return self.apply(Action::EngineGone(reason));
                }
            }
            if turn.elapsed() >= TURN {
                return Ok(());
            }
            match events.as_mut().map(UnboundedReceiver::try_recv) {
                Some(Ok(event)) => next = event,
                _ => return Ok(()),
            }
        }
    }

    /// Lets the model know what time it is, before it hears what happened.
    fn clock(&mut self) -> Result<(), TermError> {
        self.apply(Action::Tick(self.began.elapsed()))
    }

    fn tick(&mut self) -> Result<(), TermError> {
        match self.model.next_tick() {
            Some(due) if due <= self.began.elapsed() => self.clock(),
            _ => Ok(()),
        }
    }

    /// When to wake up if nothing comes in: for the model, or for a frame that had to wait.
    fn next_due(&self) -> Option<Instant> {
        let model = self.model.next_tick().map(|due| self.began + due);
        [model, self.frame_due()].into_iter().flatten().min()
    }

    fn frame_due(&self) -> Option<Instant> {
        let wait = match self.wanted? {
            Redraw::Answer => BETWEEN_ANSWERS,
            Redraw::Progress if self.model.has_focus => BETWEEN_PROGRESS,
            Redraw::Progress => BETWEEN_PROGRESS_ASIDE,
        };
        Some(self.drawn.map_or_else(Instant::now, |drawn| drawn + wait))
    }

    fn draw_if_due(&mut self) -> Result<(), TermError> {
        match self.frame_due() {
            Some(due) if due <= Instant::now() && self.exit.is_none() => self.draw(),
            _ => Ok(()),
        }
    }

    fn draw(&mut self) -> Result<(), TermError> {
        if self.theme != self.model.theme {
            self.theme = self.model.theme;
            self.look = self.options.look(self.theme);
        }
        if self.pixels != self.model.view.pixels {
            self.pixels = self.model.view.pixels;
            // The half blocks have been there all the time: only painting them anew takes the pixels away.
            self.screen.forget().map_err(TermError::Draw)?;
        }
        self.look.cell = self.screen.cell();
        let (model, look, hits) = (&self.model, &self.look, &mut self.hits);
        self.screen
            .draw(|frame| {
                *hits = ui::view(model, look, frame);
                let (pictures, plots) = (
                    std::mem::take(&mut hits.pictures),
                    std::mem::take(&mut hits.plots),
                );
                // What lies on top must not be covered.
                let wanted = model.view.pixels && model.overlay.is_none();
                plots
                    .into_iter()
                    .chain(pictures.into_iter().filter(|_| wanted))
                    .collect()
            })
            .map_err(TermError::Draw)?;
        self.drawn = Some(Instant::now());
        self.wanted = None;
        match self.hits.page {
            // What a page holds is known once it is drawn.
            Some((across, down)) if self.model.gallery.page != (across, down) => {
                self.apply(Action::Images(ImagesAction::Fits(across, down)))
            }
            _ => Ok(()),
        }
    }

    fn signal(&mut self, signal: i32) -> Result<(), TermError> {
        if signal == SIGCONT {
            self.resume()
        } else {
            self.exit = Some(Exit::Signal(signal));
            Ok(())
        }
    }

    /// Ctrl-Z: the terminal goes back to the shell until `fg`.
    fn suspend(&mut self) -> Result<(), TermError> {
        self.guard.leave();
        // Stops the whole group, the engine too, as the terminal would; after `fg` it goes on here.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)
            .map_err(|error| TermError::Suspend(error.into()))?;
        self.resume()
    }

    fn resume(&mut self) -> Result<(), TermError> {
        self.guard
            .enter(self.model.view.mouse)
            .map_err(TermError::SetUp)?;
        self.screen.forget().map_err(TermError::Draw)?;
        self.wanted = Some(Redraw::Answer);
        Ok(())
    }
}

/// The signals that matter to a program that has the terminal.
struct Signals(Vec<(i32, Signal)>);

impl Signals {
    fn new() -> io::Result<Self> {
        let wanted = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGCONT];
        let arm = |number| Ok((number, signal(SignalKind::from_raw(number))?));
        Ok(Self(wanted.into_iter().map(arm).collect::<io::Result<_>>()?))
    }

    async fn next(&mut self) -> i32 {
        std::future::poll_fn(|context| {
            for (number, signal) in &mut self.0 {
                if signal.poll_recv(context).is_ready() {
                    return Poll::Ready(*number);
                }
            }
            Poll::Pending
        })
        .await
    }
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
    events: &mut Option<UnboundedReceiver<Result<Event, String>>>,
) -> Option<Result<Event, String>> {
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
