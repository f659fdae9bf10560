//! The palette: every action by name, with its keys.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::{Column, Context, Model, Palette};
use crate::ui::widgets::panel;
use crate::ui::{HitMap, Look, Target};

const WIDTH: u16 = 72;
const ROWS: u16 = 16;

pub fn draw(
    model: &Model,
    palette: &Palette,
    look: &Look,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut HitMap,
) {
    hits.add(area, Target::Overlay);
    let hint = "enter does it, esc closes";
    let inner = panel::draw(area, WIDTH, ROWS + 1, "Actions", hint, look, buffer);
    hits.add(inner, Target::Panel);
    panel::field(inner, "> ", palette.query.text(), look, buffer);
    let rows = inner.height.saturating_sub(1);
    let first = panel::first_in_sight(palette.selected, rows);
    if palette.found.is_empty() {
        buffer.set_string(
            inner.x + 1,
            inner.y + 1,
            "no action is called like that",
            look.theme.dim,
        );
    }
    let bindings = model.keymap.bindings();
    let found = palette.found.iter().enumerate().skip(first);
    for ((place, &number), y) in found.zip(inner.y + 1..inner.bottom()) {
        let Some(binding) = bindings.get(number) else {
            continue;
        };
        let line = Rect {
            y,
            height: 1,
            ..inner
        };
        let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
        let keys = keys.join(" ");
        let room = inner.width.saturating_sub(keys.width() as u16 + 2);
        let about = match binding.context {
            Context::On(screen) if screen != model.view.screen => {
                format!("{}, on {screen}", binding.group.title())
            }
            _ => binding.group.title().to_owned(),
        };
        let text = Rect { width: room, ..line };
        panel::row(
            text,
            place == palette.selected,
            binding.help,
            &about,
            false,
            look,
            buffer,
        );
        let x = inner.right().saturating_sub(keys.width() as u16 + 1);
        buffer.set_string(x, y, keys, look.theme.title);
        hits.add(line, Target::Choice(Column::Sets, place));
    }
}
