//! The axis of the last knob, below the curve or the map.
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::Grid;
use crate::ui::areas::indent;
use crate::ui::painter::Painter;

/// The knob's name takes the first `room` columns. Of its values (where each begins, and its text) that under the cursor is always
/// there, of the others as many as leave room for it.
pub(super) fn draw(
    grid: &Grid,
    room: u16,
    labels: &[(u16, String)],
    cursor: usize,
    axis: Rect,
    painter: &mut Painter,
) {
    let theme = painter.theme();
    let name = Rect {
        width: room - 1,
        ..axis
    };
    painter.fitted(
        indent(name, 1),
        painter.glyphs().knob(grid.columns().knob),
        theme.dim,
    );
    let width = |text: &str| text.width() as u16;
    let chosen = labels.get(cursor);
    let chosen = chosen.map(|(x, text)| ((*x).min(axis.right().saturating_sub(width(text))), text));
    let mut write = |x: u16, text: &str, style| painter.text(indent(axis, x - axis.x), text, style);
    let mut free = axis.x + room;
    for (n, (x, text)) in labels.iter().enumerate() {
        let end = x + width(text);
        let collides = chosen.is_some_and(|(left, of)| *x < left + width(of) + 1 && end + 1 > left);
        if n != cursor && *x >= free && end <= axis.right() && !collides {
            write(*x, text, theme.dim);
            free = end + 2;
        }
    }
    if let Some((x, text)) = chosen {
        write(x, text, theme.title);
    }
}
