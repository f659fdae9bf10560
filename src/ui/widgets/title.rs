//! The rule above a pane, with words on it.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::ui::{Look, format};

/// A rule over the row, `left` at its start and `right` at its end; `right` gives way where both do not fit.
pub fn draw(row: Rect, left: &str, right: Vec<Span<'_>>, look: &Look, buffer: &mut Buffer) {
    rule(row, look, buffer);
    let width = usize::from(row.width);
    let left = format::fit(left, width.saturating_sub(3), &look.glyphs);
    label(row, 1, &left, look.theme.title, buffer);
    let right = Line::from(right);
    let used = left.width() + 4;
    if right.width() > 0 && used + right.width() + 3 <= width {
        let x = row.right() - right.width() as u16 - 3;
        buffer.set_string(x, row.y, " ", Style::new());
        buffer.set_line(x + 1, row.y, &right, right.width() as u16);
        buffer.set_string(x + 1 + right.width() as u16, row.y, " ", Style::new());
    }
}

pub fn rule(row: Rect, look: &Look, buffer: &mut Buffer) {
    for x in row.left()..row.right() {
        buffer.set_string(x, row.y, look.glyphs.rule, look.theme.dim);
    }
}

/// A word on a rule, with a blank on each side; `x` counts from the start of the rule.
pub fn label(row: Rect, x: u16, text: &str, style: Style, buffer: &mut Buffer) {
    if !text.is_empty() && x < row.width {
        let left = row.x + x;
        buffer.set_stringn(
            left,
            row.y,
            format!(" {text} "),
            usize::from(row.width - x),
            style,
        );
    }
}

/// A word on a rule that ends before column `end`, for the heads of columns of numbers.
pub fn label_before(row: Rect, end: u16, text: &str, style: Style, buffer: &mut Buffer) {
    let x = end.saturating_sub(text.width() as u16 + 1);
    label(row, x, text, style, buffer);
}
