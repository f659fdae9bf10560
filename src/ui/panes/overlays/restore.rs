//! The question whether to go on with changes that were not saved.
use ratatui::layout::{Margin, Rect};
use ratatui::text::Text;
use ratatui::widgets::Widget;

use crate::app::{Model, Restore};
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::widgets::panel;

pub fn draw(model: &Model, offer: &Restore, area: Rect, painter: &mut Painter) {
    painter.target(area, Target::Panel);
    let jobs: usize = offer.session.queues.iter().map(|queue| queue.jobs.len()).sum();
    let here = model.jobs.len();
    let changed = if offer.is_outdated {
        ", which has changed since"
    } else {
        ""
    };
    let text = format!(
        "This session was cut off {}, before its\n\
         changes were saved.\n\
         Jobs: {jobs} there, {here} in the file{changed}.\n\
         \n\
         \u{20} r   go on with them (they stay unsaved until you save)\n\
         \u{20} d   throw them away and open the file as it is\n\
         \n\
         What was scored is kept either way.",
        offer.when
    );
    let text = Text::styled(text, painter.theme().text);
    let inner = panel::draw(area, 66, text.height() as u16, "Not saved", "", painter);
    text.render(inner.inner(Margin::new(1, 0)), painter.buffer);
}
