//! Where frames are written: gathered first, and then sent to the terminal at one stroke.
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use crossterm::clipboard::CopyToClipboard;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Rect, Size};
use ratatui::{Frame, Terminal};

use super::graphics::{Graphics, Pictures};
use crate::engine::protocol::Pixels;

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

pub struct Screen {
    terminal: Terminal<CrosstermBackend<Gathered>>,
    gathered: Gathered,
    pictures: Pictures,
    size: Option<Size>,
}

impl Screen {
    /// On a terminal that shows pictures in this way, or in none.
    pub fn new(graphics: Option<Graphics>) -> io::Result<Self> {
        let gathered = Gathered::default();
        Ok(Self {
            terminal: Terminal::new(CrosstermBackend::new(gathered.clone()))?,
            gathered,
            pictures: Pictures::new(graphics),
            size: None,
        })
    }

    /// Draws a frame, if need be at a new size, and over it the pictures that `view` gives.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame) -> Vec<(Rect, Pixels)>) -> io::Result<()> {
        self.gathered.write_all(BEGIN)?;
        let size = self.terminal.size()?;
        if self.size.replace(size) != Some(size) {
            // At a new size everything is painted anew.
            let forget = self.pictures.forget();
            self.gathered.write_all(forget.as_bytes())?;
        }
        let mut pictures = Vec::new();
        self.terminal.draw(|frame| pictures = view(frame))?;
        let picture_bytes = self.pictures.show(&pictures, cell_size());
        self.gathered.write_all(picture_bytes.as_bytes())?;
        self.gathered.write_all(END)?;
        self.gathered.send()
    }

    /// Pixels of a cell, for pictures that are made for this terminal; `None` where it shows none.
    pub fn cell(&self) -> Option<(u16, u16)> {
        match self.pictures.graphics()? {
            // Shown as they are, pixel by pixel.
            Graphics::Sixel => cell_size(),
            // The terminal fits them to the cells: fewer pixels go faster over a slow line.
            Graphics::Kitty | Graphics::Iterm2 => {
                let (width, height) = cell_size().unwrap_or(COMMON_CELL);
                Some((width.min(LARGEST_CELL.0), height.min(LARGEST_CELL.1)))
            }
        }
    }

    /// Sends a text to the terminal's clipboard (OSC 52). Terminals take so much and no more: of a long one, the end.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
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
    pub fn forget(&mut self) -> io::Result<()> {
        // Not `clear`, which asks the terminal where its cursor is, and takes the answer from the keyboard's stream.
        self.size = None;
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }
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
