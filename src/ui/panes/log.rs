//! The Log screen.
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::app::{Level, LogEntry, Model, clock};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::widgets::panel;

pub fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    painter.target(area, Target::Log);
    let theme = painter.theme();
    let log = &model.log;
    let (all, total) = (log.entries().len(), log.shown().count());
    let of_all = if log.is_filtered() {
        format!(" of {all}")
    } else {
        String::new()
    };
    let name = if log.back > 0 {
        format!("log, {} of {total}", total - log.back.min(total))
    } else {
        format!(
            "log, {total}{of_all} {}",
            if total == 1 { "line" } else { "lines" }
        )
    };
    let filter = match (log.is_filtered(), log.search.text()) {
        (false, _) => Vec::new(),
        (true, "") => vec![Span::styled(log.filter.name(), theme.warning)],
        (true, text) => vec![Span::styled(
            format!("{} with \"{text}\"", log.filter.name()),
            theme.warning,
        )],
    };
    let [head, mut body] = areas::head(area);
    painter.title(head, &name, filter);
    if log.is_searching {
        let [search, rest] = areas::head(body);
        panel::field(search, "lines with: ", log.search.text(), painter);
        body = rest;
    }
    if total == 0 {
        let text = match all {
            0 => "nothing has happened yet",
            _ => "no line passes; esc shows all",
        };
        painter.text(indent(body, 1), text, theme.dim);
    }
    let rows = usize::from(body.height);
    // The last row is the newest that is in sight; a short log begins at the top.
    let end = total.saturating_sub(log.back).max(rows.min(total));
    let start = end.saturating_sub(rows);
    let entries = log.shown().skip(start).take(end - start);
    for (entry, row) in entries.zip(body.rows()) {
        draw_entry(entry, row, painter);
    }
}

fn draw_entry(entry: &LogEntry, row: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let (level, text) = match entry.level {
        Level::Info => (theme.text, theme.text),
        Level::Warning => (theme.warning, theme.text),
        Level::Error => (theme.error, theme.text),
        Level::Native => (theme.dim, theme.dim),
    };
    let rest = painter.text(row, &format!(" {} ", clock(entry.at)), theme.dim);
    let rest = painter.text(rest, &format!("{:<7} ", entry.level.name()), level);
    let times = if entry.times > 1 {
        format!("  ({} times)", entry.times)
    } else {
        String::new()
    };
    let room = usize::from(rest.width).saturating_sub(times.len());
    let said = format::fit(&entry.text, room, painter.glyphs());
    let rest = painter.text(rest, &said, text);
    painter.text(rest, &times, theme.dim);
}
