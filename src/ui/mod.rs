//! Draws the model, and says where on the screen what lies.
//!
//! Everything here is a function of the model and of the [`Look`]; nothing is remembered between frames.
mod colour;
mod format;
mod glyphs;
mod hit;
mod panes;
mod theme;
mod widgets;

#[cfg(test)]
mod explore_tests;
#[cfg(test)]
mod overlay_tests;
#[cfg(test)]
mod screen_tests;
#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::{Model, Overlay};
use crate::session::Screen;

pub use crate::app::ThemeName;
pub use glyphs::Glyphs;
pub use hit::{HitMap, Target};
pub use theme::{Colours, Role, Theme};

/// How things look on this terminal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    pub colours: Colours,
    pub theme: Theme,
    pub glyphs: Glyphs,
    /// Whether the terminal's background is light, as far as that is known.
    pub is_light: bool,
    /// Pixels of a cell (width, height), where the terminal shows pictures.
    pub cell: Option<(u16, u16)>,
}

impl Look {
    pub fn new(colours: Colours, unicode: bool) -> Self {
        Self::themed(ThemeName::Auto, colours, unicode)
    }

    pub fn themed(theme: ThemeName, colours: Colours, unicode: bool) -> Self {
        Self {
            colours,
            theme: Theme::new(theme, colours),
            glyphs: if unicode { Glyphs::UNICODE } else { Glyphs::ASCII },
            is_light: theme == ThemeName::Light,
            cell: None,
        }
    }
}

/// The least size at which everything fits.
pub const MIN_WIDTH: u16 = 60;
pub const MIN_HEIGHT: u16 = 18;

/// Draws a frame.
pub fn view(model: &Model, look: &Look, frame: &mut Frame) -> HitMap {
    let mut hits = HitMap::default();
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        too_small(area, buffer);
        return hits;
    }
    buffer.set_style(area, look.theme.background);
    let [header, body, footer] = rows(area, [1, area.height.saturating_sub(2), 1]);
    panes::header::draw(model, look, header, buffer, &mut hits);
    match model.view.screen {
        Screen::Explore => panes::explore::draw(model, look, body, buffer, &mut hits),
        Screen::Grid => panes::grid::draw(model, look, body, buffer, &mut hits),
        Screen::Images => panes::images::draw(model, look, body, buffer, &mut hits),
        Screen::Compare => panes::compare::draw(model, look, body, buffer, &mut hits),
        Screen::Log => panes::log::draw(model, look, body, buffer, &mut hits),
    }
    panes::footer::draw(model, look, footer, buffer);
    match &model.overlay {
        Some(Overlay::Help(page)) => panes::help::draw(model, *page, look, area, buffer, &mut hits),
        Some(Overlay::Palette(palette)) => {
            panes::palette::draw(model, palette, look, area, buffer, &mut hits)
        }
        Some(Overlay::Picker(picker)) => panes::picker::draw(model, picker, look, area, buffer, &mut hits),
        Some(Overlay::Restore(offer)) => panes::restore::draw(model, offer, look, area, buffer, &mut hits),
        None => {}
    }
    hits
}

fn too_small(area: Rect, buffer: &mut ratatui::buffer::Buffer) {
    let text = format!(
        "odin needs {MIN_WIDTH}x{MIN_HEIGHT}, this is {}x{}",
        area.width, area.height
    );
    let y = area.y + area.height / 2;
    if area.height > 0 {
        let x = area.x + area.width.saturating_sub(text.len() as u16) / 2;
        buffer.set_line(x, y, &Line::raw(text), area.width);
    }
}

/// Cuts an area into rows of these heights, from the top; what is not there is empty.
fn rows<const N: usize>(area: Rect, heights: [u16; N]) -> [Rect; N] {
    let mut y = area.y;
    heights.map(|height| {
        let height = height.min(area.bottom().saturating_sub(y));
        let row = Rect { y, height, ..area };
        y += height;
        row
    })
}
