//! A box in the middle of the screen, over what is there, and what it holds.
use ratatui::layout::Rect;
use ratatui::symbols::border;
use ratatui::text::Span;
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use crate::ui::areas::{self, indent};
use crate::ui::painter::Painter;

/// Clears room for `rows` rows of `width` columns, as far as there is room, and draws a border with a title around it; returns
/// what is inside.
pub(crate) fn draw(
    area: Rect,
    width: u16,
    rows: u16,
    title: &str,
    hint: &str,
    painter: &mut Painter,
) -> Rect {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let panel = areas::middle(area, width, rows + 2);
    // Also what is left of wide glyphs that the edges cut.
    Clear.render(panel, painter.buffer);
    painter.buffer.set_style(panel, theme.background);
    // The rules of the top and the bottom run into the corners.
    let border = border::Set {
        top_left: glyphs.rule,
        top_right: glyphs.rule,
        bottom_left: glyphs.rule,
        bottom_right: glyphs.rule,
        vertical_left: glyphs.axis,
        vertical_right: glyphs.axis,
        horizontal_top: glyphs.rule,
        horizontal_bottom: glyphs.rule,
    };
    let block = Block::bordered().border_set(border).border_style(theme.dim);
    let inner = block.inner(panel);
    block.render(panel, painter.buffer);
    painter.title(panel, title, vec![Span::styled(hint, theme.dim)]);
    inner
}

/// A line of text that is being typed, with a mark where the next letter goes. Of a long text, its end is shown.
pub(crate) fn field(row: Rect, label: &str, text: &str, painter: &mut Painter) {
    let theme = painter.theme();
    let rest = painter.text(indent(row, 1), label, theme.dim);
    let room = usize::from(rest.width.saturating_sub(2));
    let mut shown = text;
    while shown.width() > room {
        shown = shown
            .char_indices()
            .nth(1)
            .and_then(|(at, _)| shown.get(at..))
            .unwrap_or_default();
    }
    let rest = painter.text(rest, shown, theme.accent);
    painter.text(rest, "_", theme.accent);
}

/// A row of a list.
pub(crate) struct Row<'a> {
    pub name: &'a str,
    /// Shown behind the name where there is room.
    pub about: &'a str,
    pub is_chosen: bool,
    pub is_dim: bool,
}

impl Row<'_> {
    pub(crate) fn draw(&self, area: Rect, painter: &mut Painter) {
        let (theme, glyphs) = (painter.theme(), painter.glyphs());
        let style = match (self.is_chosen, self.is_dim) {
            (true, _) => theme.title,
            (false, true) => theme.dim,
            (false, false) => theme.text,
        };
        if self.is_chosen {
            painter.text(area, glyphs.select, theme.accent);
        }
        let name = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        let rest = painter.fitted(indent(name, 1), self.name, style);
        let x = rest.x + 2;
        let rest = Rect {
            x,
            width: area.right().saturating_sub(x),
            ..rest
        };
        if rest.width > 4 {
            painter.fitted(rest, self.about, theme.dim);
        }
    }
}
