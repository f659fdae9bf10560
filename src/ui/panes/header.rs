//! The first line: screens, session, devices.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::app::{EngineState, Model};
use crate::session::Screen;
use crate::ui::{HitMap, Look, Target, format};
use crate::units::{Device, Memory, gibibytes};

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
    let room = usize::from(area.right().saturating_sub(x + 3));
    let (text, style) = match &model.engine {
        EngineState::Starting => ("starting the engine".to_owned(), theme.dim),
        EngineState::Gone(_) => ("no engine".to_owned(), theme.error),
        EngineState::Up if model.devices.is_empty() => ("engine is up".to_owned(), theme.dim),
        EngineState::Up => (devices(model, look, room), theme.dim),
    };
    let text = format::fit(&text, room, &look.glyphs);
    let line = Line::from(Span::styled(text.as_str(), style));
    buffer.set_line(
        area.right().saturating_sub(text.width() as u16 + 1),
        area.y,
        &line,
        area.width,
    );
}

/// The devices and how much of their memory is in use, in the fullest words that there is room for.
fn devices(model: &Model, look: &Look, room: usize) -> String {
    let separator = look.glyphs.separator;
    let all = |say: &dyn Fn(&Device, &str, Option<Memory>) -> String| {
        let say = |(device, name): &(Device, String)| say(device, name, model.memory.get(device).copied());
        model.devices.iter().map(say).collect::<Vec<_>>().join(", ")
    };
    let full = all(&|device, name, memory| match memory {
        Some(memory) => format!("{device}: {name} {separator} {memory}"),
        None => format!("{device}: {name}"),
    });
    let short = all(&|device, _, memory| match memory {
        Some(memory) => format!("{device} {memory}"),
        None => device.to_string(),
    });
    let shortest = all(&|device, _, memory| match memory {
        Some(memory) => format!("{device} {}G", gibibytes(memory.used)),
        None => device.to_string(),
    });
    let mut texts = [full, short].into_iter();
    texts.find(|text| text.width() <= room).unwrap_or(shortest)
}
