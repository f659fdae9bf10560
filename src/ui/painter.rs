//! What every pane draws with.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use super::areas::{indent, middle_row};
use super::format;
use super::glyphs::Glyphs;
use super::hit::{HitMap, Target};
use super::look::Look;
use super::theme::Theme;

/// How things look, the cells of the screen, and what the mouse finds on them.
///
/// Text goes into the first row of an area and never leaves the area, except numbers that are wider than their column:
/// a number that is cut would be another number.
pub(super) struct Painter<'a> {
    pub look: &'a Look,
    pub buffer: &'a mut Buffer,
    pub hits: HitMap,
}

impl<'a> Painter<'a> {
    pub(super) fn new(look: &'a Look, buffer: &'a mut Buffer) -> Self {
        Self {
            look,
            buffer,
            hits: HitMap::default(),
        }
    }

    pub(super) fn theme(&self) -> &'a Theme {
        &self.look.theme
    }

    pub(super) fn glyphs(&self) -> &'a Glyphs {
        &self.look.glyphs
    }

    /// Writes from the left of an area, and returns what is left of it; what does not fit is dropped.
    pub(super) fn text(&mut self, area: Rect, text: &str, style: Style) -> Rect {
        let row = area.intersection(self.buffer.area);
        if row.is_empty() {
            return row;
        }
        let (end, _) = self
            .buffer
            .set_stringn(row.x, row.y, text, usize::from(row.width), style);
        indent(row, end - row.x)
    }

    /// As [`Painter::text`], with a mark where the text is cut.
    pub(super) fn fitted(&mut self, area: Rect, text: &str, style: Style) -> Rect {
        let text = format::fit(text, usize::from(area.width), self.glyphs());
        self.text(area, &text, style)
    }

    /// Writes text that ends where the area does. A longer one begins further left.
    pub(super) fn right(&mut self, area: Rect, text: &str, style: Style) {
        let x = area.right().saturating_sub(text.width() as u16);
        let area = Rect {
            x,
            width: area.right() - x,
            ..area
        };
        self.text(area, text, style);
    }

    /// Writes in the middle of an area, across and down, with a mark where the text is cut.
    pub(super) fn centred(&mut self, area: Rect, text: &str, style: Style) {
        let text = format::fit(text, usize::from(area.width), self.glyphs());
        let left = (area.width - text.width() as u16) / 2;
        self.text(indent(middle_row(area), left), &text, style);
    }

    /// Writes a text of several rows where it is too long for one, from the left and in the middle from top to bottom.
    pub(super) fn wrapped(&mut self, area: Rect, text: &str, style: Style) {
        let lines = format::wrap(text, usize::from(area.width));
        let height = lines.len().min(usize::from(area.height)) as u16;
        let rows = Rect {
            y: area.y + (area.height + 1 - height) / 2,
            height,
            ..area
        };
        for (line, row) in lines.iter().zip(rows.rows()) {
            self.text(row, line, style);
        }
    }

    /// Writes lines below one another, as many as there is room for.
    pub(super) fn lines(&mut self, area: Rect, lines: &[Line]) {
        for (line, row) in lines.iter().zip(area.intersection(self.buffer.area).rows()) {
            line.render(row, self.buffer);
        }
    }

    /// A rule over the first row.
    pub(super) fn rule(&mut self, area: Rect) {
        let rule = self.glyphs().rule.repeat(usize::from(area.width));
        self.text(area, &rule, self.theme().dim);
    }

    /// A rule with a title at its start and `right` at its end, which gives way where both do not fit.
    pub(super) fn title(&mut self, area: Rect, title: &str, right: Vec<Span>) {
        self.rule(area);
        let width = usize::from(area.width);
        let title = format::fit(title, width.saturating_sub(3), self.glyphs());
        self.label(indent(area, 2), &title, self.theme().title);
        let right = Line::from(right);
        if right.width() > 0 && title.width() + right.width() + 7 <= width {
            let place = indent(area, area.width - right.width() as u16 - 2);
            self.label(place, &" ".repeat(right.width()), Style::new());
            self.lines(Rect { height: 1, ..place }, &[right]);
        }
    }

    /// A word on a rule that begins where the area does, with a blank on each side.
    pub(super) fn label(&mut self, area: Rect, text: &str, style: Style) {
        if text.is_empty() || area.is_empty() {
            return;
        }
        let around = Rect {
            x: area.x.saturating_sub(1),
            width: area.width + 2,
            ..area
        };
        self.text(around, &format!(" {text} "), style);
    }

    /// A word on a rule that ends where the area does, with a blank on each side: the head of a column of numbers.
    pub(super) fn label_right(&mut self, area: Rect, text: &str, style: Style) {
        if !text.is_empty() {
            let x = area.right().saturating_sub(text.width() as u16);
            let width = area.right() - x;
            self.label(Rect { x, width, ..area }, text, style);
        }
    }

    /// Whatever is in the area can be clicked; what is added later lies on top.
    pub(super) fn target(&mut self, area: Rect, target: Target) {
        self.hits.add(area, target);
    }
}
