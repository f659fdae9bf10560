//! The first line: screens, session, devices.
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::{EngineState, Model};
use crate::ui::areas::indent;
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use odin_core::session::Screen;
use odin_core::units::{Device, Memory, gibibytes};

/// From this width on there is room between the names of the screens.
const ROOMY: u16 = 130;

pub(crate) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let mut rest = painter.text(area, " odin ", theme.accent);
    let is_narrow = area.width < ROOMY;
    for screen in Screen::ALL {
        let tab = if is_narrow { rest } else { indent(rest, 1) };
        let style = if screen == model.view.screen {
            theme.selected
        } else {
            theme.dim
        };
        let end = if is_narrow { "" } else { " " };
        rest = painter.text(tab, &format!(" {} {screen}{end}", screen.digit()), style);
        let width = rest.x - tab.x;
        painter.target(Rect { width, ..tab }, Target::Screen(screen));
    }
    let session = format::fit(&model.session.name, 30, painter.glyphs());
    rest = painter.text(indent(rest, if is_narrow { 1 } else { 2 }), &session, theme.title);
    if model.is_unsaved() {
        rest = painter.text(rest, " (unsaved)", theme.warning);
    }
    let mut rest = indent(rest, 2);
    rest.width = rest.width.saturating_sub(1);
    let room = usize::from(rest.width);
    let (text, style) = match &model.engine {
        EngineState::Starting => ("starting the engine".to_owned(), theme.dim),
        EngineState::Gone(_) => ("no engine".to_owned(), theme.error),
        EngineState::Up if model.devices.is_empty() => ("engine is up".to_owned(), theme.dim),
        EngineState::Up => (devices(model, room, painter), theme.dim),
    };
    // A word cut off after its first letter says nothing; that there is no engine is said anyway.
    if text.width() > room && matches!(model.engine, EngineState::Up) {
        return;
    }
    let text = format::fit(&text, room, painter.glyphs());
    painter.right(rest, &text, style);
}

/// The devices and how much of their memory is in use, in as many words as there is room for.
fn devices(model: &Model, room: usize, painter: &Painter) -> String {
    let separator = painter.glyphs().separator;
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
