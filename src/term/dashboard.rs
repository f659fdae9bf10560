//! The model with its screen, keyboard and engine: applies actions, does what follows from them, and draws.
use std::sync::Arc;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGCONT;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::background::Background;
use super::capabilities::Capabilities;
use super::error::TermError;
use super::guard::Guard;
use super::input::Input;
use super::screen::Screen;
use super::stderr::Capture;
use crate::app::{Action, Catalogue, Effect, ImagesAction, Level, Model, Overlay, Redraw, update};
use crate::config::Config;
use crate::ui::{self, HitMap, Look, ThemeName};
use odin_core::comparisons::{JobCommand, JobEvent};
use odin_core::protocol::EngineEnded;
use odin_core::session::{self, SessionError};

/// At most 30 frames a second for a person, 10 for progress.
const BETWEEN_ANSWERS: Duration = Duration::from_millis(33);
const BETWEEN_PROGRESS: Duration = Duration::from_millis(100);
/// Once a second while another window has the focus.
const BETWEEN_PROGRESS_ASIDE: Duration = Duration::from_secs(1);
/// So long the engine's events are taken in at one go; then the keyboard has its turn.
const TURN: Duration = Duration::from_millis(8);

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

pub(super) struct Dashboard {
    pub model: Model,
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
    pub commands: Box<dyn FnMut(JobCommand)>,
    began: Instant,
    drawn: Option<Instant>,
    /// A frame is wanted, and how soon.
    wanted: Option<Redraw>,
    pub wants_engine: bool,
    pub exit: Option<Exit>,
    /// Dropped last: the terminal is given back before standard error.
    _capture: Option<Capture>,
}

/// However the dashboard ends, no picture stays in the terminal, and how it was left is kept beside the session; so is what
/// is not saved, unless a person has quit.
impl Drop for Dashboard {
    fn drop(&mut self) {
        // With nobody to tell: the terminal may be gone.
        let _ = self.screen.close();
        self.background.finish_saving();
        // With nobody to tell: a failure is that of a disk that is full, or gone as the terminal is.
        let _ = keep_aside(&self.model, self.exit != Some(Exit::Quit));
    }
}

fn keep_aside(model: &Model, was_cut_off: bool) -> Result<(), SessionError> {
    // What was offered and not answered is offered again.
    if let Some(Overlay::Restore(_)) = model.overlay {
        return Ok(());
    }
    if was_cut_off && model.is_unsaved() {
        model.to_session().autosave(&model.path)?;
    }
    session::leave(&model.path, model.saved_view(), &model.left_view())
}

impl Dashboard {
    /// On a terminal that was taken. Work that is done aside is answered to `answers`.
    pub(super) fn new(
        model: Model,
        options: TermOptions,
        guard: Guard,
        screen: Screen,
        capture: Option<Capture>,
        answers: UnboundedSender<Action>,
    ) -> Self {
        Self {
            pixels: model.view.pixels,
            model,
            theme: options.config.theme,
            look: options.look(options.config.theme),
            guard,
            screen,
            hits: HitMap::default(),
            input: Input::default(),
            background: Background::new(answers, options.catalogue.clone()),
            options,
            commands: Box::new(|_| {}),
            began: Instant::now(),
            drawn: None,
            wanted: Some(Redraw::Answer),
            wants_engine: true,
            exit: None,
            _capture: capture,
        }
    }

    pub(super) fn apply(&mut self, action: Action) -> Result<(), TermError> {
        for effect in update(&mut self.model, action) {
            match effect {
                Effect::Redraw(redraw) => self.wanted = self.wanted.max(Some(redraw)),
                Effect::Engine(command) => (self.commands)(command),
                Effect::StartEngine => self.wants_engine = true,
                Effect::SaveSession { path, session } => self.background.save(path, *session),
                Effect::SaveSessionAs { from, path, session } => {
                    self.background.save_as(from, path, *session);
                }
                Effect::ComputeExact(request) => self.background.compute_exact(request),
                Effect::ComputeIntervals(request) => self.background.compute_intervals(request),
                Effect::ComputeGrid(request) => self.background.compute_grid(request),
                Effect::ComputeDetectors(request) => self.background.compute_detectors(request),
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

    pub(super) fn event(&mut self, event: &crossterm::event::Event) -> Result<(), TermError> {
        match event {
            crossterm::event::Event::Resize(..) => self.wanted = Some(Redraw::Answer),
            // tmux drops pictures that are sent while the pane is hidden, and those that it draws over.
            crossterm::event::Event::FocusGained if self.screen.is_in_tmux() => {
                self.screen.forget_pictures().map_err(TermError::Draw)?;
                self.wanted = Some(Redraw::Answer);
            }
            _ => {}
        }
        self.clock()?;
        for action in self.input.actions(event, &self.hits) {
            self.apply(action)?;
        }
        Ok(())
    }

    pub(super) fn engine(
        &mut self,
        first: Option<Result<JobEvent, EngineEnded>>,
        events: &mut Option<UnboundedReceiver<Result<JobEvent, EngineEnded>>>,
    ) -> Result<(), TermError> {
        self.clock()?;
        let turn = Instant::now();
        let mut next = first.unwrap_or(Err(EngineEnded::Quietly));
        loop {
            match next {
                Ok(event) => self.apply(Action::Engine(event))?,
                Err(reason) => {
                    tracing::info!(%reason, "the engine is gone");
                    *events = None;
                    return self.apply(Action::EngineGone(reason.to_string()));
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

    /// A line that was written to standard error. Programs, this one too, begin what matters with its level.
    pub(super) fn native(&mut self, line: String) -> Result<(), TermError> {
        let said = [("warning: ", Level::Warning), ("error: ", Level::Error)]
            .into_iter()
            .find_map(|(begins, level)| Some(Action::Said(level, line.strip_prefix(begins)?.to_owned())));
        self.apply(said.unwrap_or(Action::Native(line)))
    }

    /// Lets the model know what time it is, before it hears what happened.
    fn clock(&mut self) -> Result<(), TermError> {
        self.apply(Action::Tick(self.began.elapsed()))
    }

    pub(super) fn tick(&mut self) -> Result<(), TermError> {
        match self.model.next_tick() {
            Some(due) if due <= self.began.elapsed() => self.clock(),
            _ => Ok(()),
        }
    }

    /// When to wake up if nothing comes in: for the model, or for a frame that had to wait.
    pub(super) fn next_due(&self) -> Option<Instant> {
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

    pub(super) fn draw_if_due(&mut self) -> Result<(), TermError> {
        match self.frame_due() {
            Some(due) if due <= Instant::now() && self.exit.is_none() => self.draw(),
            _ => Ok(()),
        }
    }

    pub(super) fn draw(&mut self) -> Result<(), TermError> {
        if self.theme != self.model.theme {
            self.theme = self.model.theme;
            self.look = self.options.look(self.theme);
        }
        if self.pixels != self.model.view.pixels {
            self.pixels = self.model.view.pixels;
            // The half blocks have been there all the time: only painting them anew takes the pixels away.
            self.screen.forget();
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

    pub(super) fn signal(&mut self, signal: i32) -> Result<(), TermError> {
        if signal == SIGCONT {
            self.resume()
        } else {
            tracing::info!(signal, "the dashboard is ended by a signal");
            self.exit = Some(Exit::Signal(signal));
            Ok(())
        }
    }

    /// Ctrl-Z: the terminal goes back to the shell until `fg`.
    fn suspend(&mut self) -> Result<(), TermError> {
        tracing::debug!("the dashboard is suspended");
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
        self.screen.forget();
        self.wanted = Some(Redraw::Answer);
        tracing::debug!("the terminal was taken again");
        Ok(())
    }
}
