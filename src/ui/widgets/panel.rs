//! A box in the middle of the screen, over what is there.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::{Clear, Widget};
use unicode_width::UnicodeWidthStr;

use super::title;
use crate::ui::{Look, format};

/// Clears a place for `rows` rows of `width` columns, as far as there is room, with a rule above and below; a line on each
/// side; gives what lies within. Wide glyphs under its edges go too.
pub fn draw(
    area: Rect,
    width: u16,
    rows: u16,
    name: &str,
    hint: &str,
    look: &Look,
    buffer: &mut Buffer,
) -> Rect {
    let width = width.min(area.width);
    let height = (rows + 2).min(area.height);
    let panel = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    Clear.render(panel, buffer);
    buffer.set_style(panel, look.theme.background);
    let head = Rect { height: 1, ..panel };
    title::draw(head, name, vec![Span::styled(hint, look.theme.dim)], look, buffer);
    let foot = Rect {
        y: panel.bottom().saturating_sub(1),
        height: 1,
        ..panel
    };
    title::rule(foot, look, buffer);
    for y in panel.y + 1..foot.y {
        buffer.set_string(panel.x, y, look.glyphs.axis, look.theme.dim);
        buffer.set_string(
            panel.right().saturating_sub(1),
            y,
            look.glyphs.axis,
            look.theme.dim,
        );
    }
    Rect {
        x: panel.x + 1,
        y: panel.y + 1,
        width: width.saturating_sub(2),
        height: height.saturating_sub(2),
    }
}

/// A line of text being typed, with a mark where the next letter goes; of a long one, its end.
pub fn field(row: Rect, label: &str, text: &str, look: &Look, buffer: &mut Buffer) {
    let x = buffer
        .set_stringn(row.x + 1, row.y, label, usize::from(row.width), look.theme.dim)
        .0;
    let room = usize::from(row.right().saturating_sub(x + 2));
    let mut shown = text;
    while shown.width() > room {
        shown = shown
            .char_indices()
            .nth(1)
            .and_then(|(at, _)| shown.get(at..))
            .unwrap_or_default();
    }
    let x = buffer.set_stringn(x, row.y, shown, room, look.theme.accent).0;
    buffer.set_stringn(x, row.y, "_", 1, look.theme.accent);
}

/// Which part of a list is in sight: the first row, so that the chosen one is among `rows`.
pub fn first_in_sight(selected: usize, rows: u16) -> usize {
    (selected + 1).saturating_sub(usize::from(rows))
}

/// A row of a list: the mark of the chosen one, a name, and more about it if there is room.
pub fn row(
    row: Rect,
    is_chosen: bool,
    name: &str,
    about: &str,
    is_dim: bool,
    look: &Look,
    buffer: &mut Buffer,
) {
    let theme = &look.theme;
    let style = match (is_chosen, is_dim) {
        (true, _) => theme.title,
        (false, true) => theme.dim,
        (false, false) => theme.text,
    };
    if is_chosen {
        buffer.set_stringn(row.x, row.y, look.glyphs.select, 1, theme.accent);
    }
    let room = usize::from(row.width.saturating_sub(2));
    let x = buffer
        .set_stringn(
            row.x + 1,
            row.y,
            format::fit(name, room, &look.glyphs),
            room,
            style,
        )
        .0;
    let left = usize::from(row.right().saturating_sub(x + 2));
    if left > 4 {
        buffer.set_stringn(
            x + 2,
            row.y,
            format::fit(about, left, &look.glyphs),
            left,
            theme.dim,
        );
    }
}
