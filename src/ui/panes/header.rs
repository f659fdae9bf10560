//! The first line: screens, session, devices.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::app::{EngineState, Model};
use crate::session::Screen;
use crate::ui::{HitMap, Look, Target, format};

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    let theme = &look.theme;
    let mut x = area.x;
    let mut put = |text: &str, style, buffer: &mut Buffer| {
        let room = usize::from(area.right().saturating_sub(x));
        let from = x;
        x = buffer.set_stringn(x, area.y, text, room, style).0;
        Rect {
            x: from,
            width: x - from,
            ..area
        }
    };
    put(" odin ", theme.accent, buffer);
    for screen in Screen::ALL {
        put(" ", theme.text, buffer);
        let style = if screen == model.view.screen {
            theme.selected
        } else {
            theme.dim
        };
        let tab = put(&format!(" {} {screen} ", screen.digit()), style, buffer);
        hits.add(tab, Target::Screen(screen));
    }
    put("  ", theme.text, buffer);
    put(
        &format::fit(&model.session.name, 30, &look.glyphs),
        theme.title,
        buffer,
    );
    if model.is_unsaved() {
        put(" (unsaved)", theme.warning, buffer);
    }
    let (text, style) = match &model.engine {
        EngineState::Starting => ("starting the engine".to_owned(), theme.dim),
        EngineState::Gone(_) => ("no engine".to_owned(), theme.error),
        EngineState::Up if model.devices.is_empty() => ("engine is up".to_owned(), theme.dim),
        EngineState::Up => {
            let devices = model
                .devices
                .iter()
                .map(|(device, name)| format!("{device}: {name}"));
            (devices.collect::<Vec<_>>().join(", "), theme.dim)
        }
    };
    let room = usize::from(area.right().saturating_sub(x + 3));
    let text = format::fit(&text, room, &look.glyphs);
    let line = Line::from(Span::styled(text.as_str(), style));
    buffer.set_line(
        area.right().saturating_sub(text.width() as u16 + 1),
        area.y,
        &line,
        area.width,
    );
}
