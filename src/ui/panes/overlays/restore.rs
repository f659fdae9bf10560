//! The question whether to go on with changes that were not saved.
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;

use crate::app::Restore;
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::widgets::panel;

const WIDTH: u16 = 76;
/// The border, what is said above the changes, and the keys below them.
const AROUND: u16 = 2 + 3 + 5;

pub(crate) fn draw(offer: &Restore, area: Rect, painter: &mut Painter) {
    painter.target(area, Target::Panel);
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let width = WIDTH.min(area.width);
    let mut lines = vec![Line::styled(
        format!(
            "This session was cut off {}, before these changes were saved:",
            offer.when
        ),
        theme.text,
    )];
    let changes = offer.changes.len();
    let room = usize::from(area.height.saturating_sub(AROUND)).max(1);
    let first = offer.scrolled.min(changes.saturating_sub(room));
    for change in offer.changes.iter().skip(first).take(room) {
        let change = format::fit(change, usize::from(width).saturating_sub(6), glyphs);
        lines.push(Line::styled(format!("  {change}"), theme.title));
    }
    if changes > room {
        let last = (first + room).min(changes);
        let text = format!("  {} to {last} of {changes}, j and k scroll", first + 1);
        lines.push(Line::styled(text, theme.dim));
    }
    if offer.is_outdated {
        let text = "The session's own file has changed since.";
        lines.push(Line::styled(text, theme.warning));
    }
    lines.push(Line::default());
    if offer.asks_to_discard {
        lines.extend([
            Line::styled("Throw them away? They cannot be brought back.", theme.warning),
            Line::styled("  d   throw them away and open the file as it is", theme.text),
            Line::styled("  esc keep them", theme.text),
        ]);
    } else {
        lines.extend([
            Line::styled(
                "  r   go on with them (they stay unsaved until you save)",
                theme.text,
            ),
            Line::styled("  d   throw them away and open the file as it is", theme.text),
        ]);
    }
    lines.push(Line::styled("What was scored is kept either way.", theme.dim));
    let inner = panel::draw(area, width, lines.len() as u16, "Not saved", "", painter);
    painter.lines(inner.inner(Margin::new(1, 0)), &lines);
}
