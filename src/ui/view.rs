//! A frame: the header, a screen, the footer, and what lies over them.
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;

use super::hit::HitMap;
use super::look::Look;
use super::painter::Painter;
use super::panes::overlays::{help, palette, picker, restore, save_as};
use super::panes::{compare, detectors, explore, footer, grid, header, images, log};
use crate::app::{Model, Overlay};
use odin_core::session::{Marks, Screen};

/// The smallest terminal on which everything fits.
pub const MIN_WIDTH: u16 = 60;
pub const MIN_HEIGHT: u16 = 18;

/// Draws a frame.
pub fn view(model: &Model, look: &Look, frame: &mut Frame) -> HitMap {
    let area = frame.area();
    // Pictures would cover an overlay.
    let has_pictures = model.view.marks == Marks::Pixels && model.overlay.is_none();
    let look = &Look {
        cell: look.cell.filter(|_| has_pictures),
        ..*look
    };
    let mut painter = Painter::new(look, frame.buffer_mut());
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        too_small(area, &mut painter);
        return painter.hits;
    }
    painter.buffer.set_style(area, look.theme.background);
    let [header, body, footer] = area.layout(&Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ]));
    header::draw(model, header, &mut painter);
    match model.view.screen {
        Screen::Explore => explore::draw(model, body, &mut painter),
        Screen::Grid => grid::draw(model, body, &mut painter),
        Screen::Images => images::draw(model, body, &mut painter),
        Screen::Compare => compare::draw(model, body, &mut painter),
        Screen::Detectors => detectors::draw(model, body, &mut painter),
        Screen::Log => log::draw(model, body, &mut painter),
    }
    footer::draw(model, footer, &mut painter);
    match &model.overlay {
        Some(Overlay::Help(page)) => help::draw(model, *page, area, &mut painter),
        Some(Overlay::Palette(palette)) => palette::draw(model, palette, area, &mut painter),
        Some(Overlay::Picker(picker)) => picker::draw(model, picker, area, &mut painter),
        Some(Overlay::Restore(offer)) => restore::draw(offer, area, &mut painter),
        Some(Overlay::SaveAs(save_as)) => save_as::draw(model, save_as, area, &mut painter),
        None => {}
    }
    painter.hits
}

fn too_small(area: Rect, painter: &mut Painter) {
    let text = format!(
        "odin needs {MIN_WIDTH}x{MIN_HEIGHT}, this is {}x{}",
        area.width, area.height
    );
    painter.centred(area, &text, Style::new());
}
