//! The question whether to go on with what was not saved.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{Model, Restore};
use crate::ui::widgets::panel;
use crate::ui::{HitMap, Look, Target};

pub fn draw(model: &Model, offer: &Restore, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    hits.add(area, Target::Panel);
    let jobs: usize = offer.session.queues.iter().map(|queue| queue.jobs.len()).sum();
    let here = model.jobs.len();
    let lines = [
        format!("This session was cut off {}, before its", offer.when),
        "changes were saved.".to_owned(),
        match offer.is_outdated {
            true => format!("Jobs: {jobs} there, {here} in the file, which has changed since."),
            false => format!("Jobs: {jobs} there, {here} in the file."),
        },
        String::new(),
        "  r   go on with them (they stay unsaved until you save)".to_owned(),
        "  d   throw them away and open the file as it is".to_owned(),
        String::new(),
        "What was scored is kept either way.".to_owned(),
    ];
    let inner = panel::draw(area, 66, lines.len() as u16, "Not saved", "", look, buffer);
    for (line, y) in lines.iter().zip(inner.y..inner.bottom()) {
        buffer.set_stringn(
            inner.x + 1,
            y,
            line,
            usize::from(inner.width.saturating_sub(2)),
            look.theme.text,
        );
    }
}
