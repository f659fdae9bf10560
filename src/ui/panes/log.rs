//! The Log screen.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{Level, Model};
use crate::ui::widgets::title;
use crate::ui::{HitMap, Look, Target, format};

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    hits.add(area, Target::Log);
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let total = model.log.entries().len();
    let name = if model.log.back > 0 {
        format!("log, {} of {total}", total - model.log.back.min(total))
    } else {
        format!("log, {total} lines")
    };
    title::draw(Rect { height: 1, ..area }, &name, Vec::new(), look, buffer);
    if total == 0 {
        buffer.set_string(area.x + 1, area.y + 1, "nothing has happened yet", theme.dim);
    }
    let rows = usize::from(area.height.saturating_sub(1));
    // The newest in sight is the last row; a short log begins at the top.
    let end = total.saturating_sub(model.log.back).max(rows.min(total));
    let start = end.saturating_sub(rows);
    for (entry, y) in model
        .log
        .entries()
        .skip(start)
        .take(end - start)
        .zip(area.y + 1..area.bottom())
    {
        let seconds = entry.at.as_secs();
        let time = format!(
            " {:02}:{:02}:{:02} ",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        );
        let (word, style) = match entry.level {
            Level::Info => ("info   ", theme.text),
            Level::Warning => ("warning", theme.warning),
            Level::Error => ("error  ", theme.error),
            Level::Native => ("stderr ", theme.dim),
        };
        let mut x = area.x;
        let mut put = |text: &str, style| {
            x = buffer
                .set_stringn(x, y, text, usize::from(area.right().saturating_sub(x)), style)
                .0;
            usize::from(area.right().saturating_sub(x))
        };
        put(&time, theme.dim);
        put(word, style);
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
