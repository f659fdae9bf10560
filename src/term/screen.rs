//! Where frames are written: gathered first, and then sent to the terminal at one stroke.
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use crossterm::clipboard::CopyToClipboard;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect, Size};
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::graphics::{Graphics, Pictures, Protocol};
use odin_core::protocol::Pixels;

/// DEC mode 2026: the terminal shows what lies between as one change. Those that do not know it ignore it.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// Bytes of text; a third more when encoded.
const CLIPBOARD: usize = 70_000;

const COMMON_CELL: (u16, u16) = (8, 16);
const LARGEST_CELL: (u16, u16) = (10, 20);

/// Gathers what is written; [`Screen::draw`] sends it.
#[derive(Debug, Default, Clone)]
struct Gathered(Rc<RefCell<Vec<u8>>>);

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Does nothing: a frame is flushed several times while it is made.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Gathered {
    fn send(&self) -> io::Result<()> {
        let mut bytes = self.0.borrow_mut();
        let mut out = io::stdout().lock();
        let sent = out.write_all(&bytes).and_then(|()| out.flush());
        bytes.clear();
        sent
    }
}

pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Gathered>>,
    gathered: Gathered,
    pictures: Pictures,
    size: Option<Size>,
}

impl Screen {
    /// On a terminal that shows pictures in this way, or in none.
    pub(super) fn new(graphics: Option<Graphics>) -> io::Result<Self> {
        let gathered = Gathered::default();
        let viewport = Viewport::Fixed(Rect::from((Position::ORIGIN, terminal_size())));
        let backend = CrosstermBackend::new(gathered.clone());
        Ok(Self {
            terminal: Terminal::with_options(backend, TerminalOptions { viewport })?,
            gathered,
            pictures: Pictures::new(graphics),
            size: None,
        })
    }

    /// Draws a frame, if need be at a new size, and over it the pictures that `view` gives.
    pub(super) fn draw(&mut self, view: impl FnOnce(&mut Frame) -> Vec<(Rect, Pixels)>) -> io::Result<()> {
        self.gathered.write_all(BEGIN)?;
        let size = terminal_size();
        if self.size.replace(size) != Some(size) {
            // At a new size everything is painted anew. Not with `clear`, which asks the terminal where its cursor is, and
            // takes the answer from the keyboard's stream.
            self.forget_pictures()?;
            self.terminal.resize(Rect::from((Position::ORIGIN, size)))?;
        }
        let mut wanted = Vec::new();
        let (pictures, mut gathered) = (&mut self.pictures, self.gathered.clone());
        self.terminal.try_draw(|frame| {
            wanted = view(frame);
            gathered.write_all(pictures.place(&wanted, frame.buffer_mut()).as_bytes())
        })?;
        let over = self.pictures.show(&wanted, cell_size());
        self.gathered.write_all(over.as_bytes())?;
        self.gathered.write_all(END)?;
        self.gathered.send()
    }

    /// Pixels of a cell, for pictures that are made for this terminal; `None` where it shows none.
    pub(super) fn cell(&self) -> Option<(u16, u16)> {
        match self.pictures.protocol()? {
            // Shown as they are, pixel by pixel.
            Protocol::Sixel => cell_size(),
            // The terminal fits them to the cells: fewer pixels go faster over a slow line.
            Protocol::Kitty | Protocol::Iterm2 => {
                let (width, height) = cell_size().unwrap_or(COMMON_CELL);
                Some((width.min(LARGEST_CELL.0), height.min(LARGEST_CELL.1)))
            }
        }
    }

    /// Sends a text to the terminal's clipboard (OSC 52). Terminals take so much and no more: of a long one, the end.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        let from = text.len().saturating_sub(CLIPBOARD);
        let from = (from..=text.len())
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        crossterm::execute!(
            self.gathered,
            CopyToClipboard::to_clipboard_from(text.get(from..).unwrap_or_default())
        )?;
        self.gathered.send()
    }

    /// What is on the terminal is not known any more: the next frame paints everything.
    pub(super) fn forget(&mut self) {
        self.size = None;
    }

    /// The next frame sends all pictures again.
    pub(super) fn forget_pictures(&mut self) -> io::Result<()> {
        let delete = self.pictures.forget();
        self.gathered.write_all(delete.as_bytes())
    }

    /// Takes away what would stay in the terminal: outside tmux, pictures go with the alternate screen.
    pub(super) fn close(&mut self) -> io::Result<()> {
        if self.is_in_tmux() {
            self.forget_pictures()?;
            self.gathered.send()?;
        }
        Ok(())
    }

    pub(super) fn is_in_tmux(&self) -> bool {
        self.pictures.is_in_tmux()
    }
}

/// Columns and rows. A terminal that does not know them says 0 (a serial line, a container's first moment): then it is
/// what the environment says, or the usual size; a resize tells the true one.
fn terminal_size() -> Size {
    let told = crossterm::terminal::size().unwrap_or_default();
    size_or(told, |name| std::env::var(name).ok())
}

fn size_or(told: (u16, u16), variable: impl Fn(&str) -> Option<String>) -> Size {
    let or = |cells, name, usual| match cells {
        0 => variable(name)
            .and_then(|text| text.trim().parse().ok())
            .filter(|&cells| cells > 0)
            .unwrap_or(usual),
        cells => cells,
    };
    Size::new(or(told.0, "COLUMNS", 80), or(told.1, "LINES", 24))
}

/// Pixels of a cell (width, height), where the terminal tells.
fn cell_size() -> Option<(u16, u16)> {
    let window = crossterm::terminal::window_size().ok()?;
    let (width, height) = (
        window.width.checked_div(window.columns)?,
        window.height.checked_div(window.rows)?,
    );
    (width > 0 && height > 0).then_some((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_a_size_has_the_usual_one() {
        let environment = |name: &str| (name == "COLUMNS").then(|| "100".to_owned());
        assert_eq!(size_or((0, 0), environment), Size::new(100, 24));
        assert_eq!(size_or((0, 0), |_| Some("0".to_owned())), Size::new(80, 24));
        assert_eq!(size_or((0, 0), |_| Some("many".to_owned())), Size::new(80, 24));
        assert_eq!(size_or((120, 40), environment), Size::new(120, 40));
    }
}
