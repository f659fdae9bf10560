//! The Log screen.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::app::{Level, Model, clock};
use crate::ui::widgets::{panel, title};
use crate::ui::{HitMap, Look, Target, format};

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    hits.add(area, Target::Log);
    let (theme, glyphs) = (&look.theme, &look.glyphs);
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
    title::draw(Rect { height: 1, ..area }, &name, filter, look, buffer);
    let mut body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if log.is_searching {
        panel::field(
            Rect { height: 1, ..body },
            "lines with: ",
            log.search.text(),
            look,
            buffer,
        );
        body.y += 1;
        body.height = body.height.saturating_sub(1);
    }
    if total == 0 {
        let text = match all {
            0 => "nothing has happened yet",
            _ => "no line passes; esc shows all",
        };
        buffer.set_string(body.x + 1, body.y, text, theme.dim);
    }
    let rows = usize::from(body.height);
    // The newest in sight is the last row; a short log begins at the top.
    let end = total.saturating_sub(log.back).max(rows.min(total));
    let start = end.saturating_sub(rows);
    for (entry, y) in log
        .shown()
        .skip(start)
        .take(end - start)
        .zip(body.top()..body.bottom())
    {
        let style = match entry.level {
            Level::Info => theme.text,
            Level::Warning => theme.warning,
            Level::Error => theme.error,
            Level::Native => theme.dim,
        };
        let mut x = area.x;
        let mut put = |text: &str, style| {
            x = buffer
                .set_stringn(x, y, text, usize::from(area.right().saturating_sub(x)), style)
                .0;
            usize::from(area.right().saturating_sub(x))
        };
        put(&format!(" {} ", clock(entry.at)), theme.dim);
        put(&format!("{:<7}", entry.level.name()), style);
        let room = put(" ", theme.text);
        let times = if entry.times > 1 {
            format!("  ({} times)", entry.times)
        } else {
            String::new()
        };
        let text = format::fit(&entry.text, room.saturating_sub(times.len()), glyphs);
        put(
            &text,
            if entry.level == Level::Native {
                theme.dim
            } else {
                theme.text
            },
        );
        put(&times, theme.dim);
    }
}
