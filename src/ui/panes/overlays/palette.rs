//! The palette: every action by name, with its keys.
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::{Column, Context, Model, Palette};
use crate::ui::areas::{self, indent};
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::widgets::panel;

const WIDTH: u16 = 72;
const ROWS: u16 = 16;

pub(crate) fn draw(model: &Model, palette: &Palette, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    painter.target(area, Target::Overlay);
    let hint = "enter does it, esc closes";
    let inner = panel::draw(area, WIDTH, ROWS + 1, "Actions", hint, painter);
    painter.target(inner, Target::Panel);
    let [query, list] = areas::head(inner);
    panel::field(query, "> ", palette.query.text(), painter);
    if palette.found.is_empty() {
        painter.text(indent(list, 1), "no action is called like that", theme.dim);
    }
    let bindings = model.keymap.bindings();
    let first = areas::first_in_sight(palette.selected, list.height);
    let found = palette.found.iter().enumerate().skip(first);
    for ((place, &number), row) in found.zip(list.rows()) {
        let Some(binding) = bindings.get(number) else {
            continue;
        };
        let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
        let keys = keys.join(" ");
        let about = match binding.context {
            Context::On(screen) if screen != model.view.screen => {
                format!("{}, on {screen}", binding.group.title())
            }
            _ => binding.group.title().to_owned(),
        };
        let name = Rect {
            width: row.width.saturating_sub(keys.width() as u16 + 2),
            ..row
        };
        let entry = panel::Row {
            name: binding.help,
            about: &about,
            is_chosen: place == palette.selected,
            is_dim: false,
        };
        entry.draw(name, painter);
        let right = Rect {
            width: row.width.saturating_sub(1),
            ..row
        };
        painter.right(right, &keys, theme.title);
        painter.target(row, Target::Choice(Column::Sets, place));
    }
}
