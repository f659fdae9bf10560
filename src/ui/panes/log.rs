//! The Log screen.
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::app::{Level, LogEntry, Model, clock};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::theme::Theme;
use crate::ui::widgets::panel;

pub(crate) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    painter.target(area, Target::Log);
    let theme = painter.theme();
    let log = &model.log;
    let (all, total) = (log.entries().len(), log.shown().count());
    let (of, of_all) = if log.is_filtered() {
        (all, format!(" of {all}"))
    } else {
        (total, String::new())
    };
    let name = if log.back > 0 {
        format!("log, {} of {total}", total - log.back.min(total))
    } else {
        format!("log, {total}{of_all} {}", if of == 1 { "line" } else { "lines" })
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
    let end = total.saturating_sub(log.back).max(rows.min(total));
    let start = end.saturating_sub(rows);
    let lines: Vec<Line> = log
        .shown()
        .skip(start)
        .take(end - start)
        .flat_map(|entry| lines(entry, body.width, painter.theme()))
        .collect();
    // The newest line that is in sight is in the last row, except where the log is scrolled up to its beginning.
    let is_at_the_beginning = start == 0 && log.back > 0;
    let hidden = if is_at_the_beginning {
        0
    } else {
        lines.len().saturating_sub(rows)
    };
    painter.lines(body, lines.get(hidden..).unwrap_or_default());
}

/// The lines of an entry: its text is wrapped, behind the time and the level.
fn lines(entry: &LogEntry, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let (level, style) = match entry.level {
        Level::Info => (theme.text, theme.text),
        Level::Warning => (theme.warning, theme.text),
        Level::Error => (theme.error, theme.text),
        Level::Native => (theme.dim, theme.dim),
    };
    let time = format!(" {} ", clock(entry.at));
    let name = format!("{:<7} ", entry.level.name());
    let times = match entry.times {
        1 => String::new(),
        times => format!("  ({times} times)"),
    };
    let indent = time.width() + name.width();
    let room = usize::from(width).saturating_sub(indent + times.len());
    let mut texts = format::wrap(&entry.text, room).into_iter();
    let first = Line::from(vec![
        Span::styled(time, theme.dim),
        Span::styled(name, level),
        Span::styled(texts.next().unwrap_or_default(), style),
        Span::styled(times, theme.dim),
    ]);
    let more = texts.map(|text| Line::styled(format!("{:indent$}{text}", ""), style));
    std::iter::once(first).chain(more).collect()
}
