//! The Images screen: a page of pictures, and beside it (or instead of it) what the network makes of the chosen one.
mod page;
mod inspection;
mod facts;
mod logits;

use ratatui::layout::Rect;

use crate::app::Model;
use crate::ui::areas;
use crate::ui::painter::Painter;

/// From this width on, the chosen image is shown beside the page.
const TWO_PANES: u16 = 72;

pub(crate) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let Some(job) = model.selected() else {
        return page::draw_empty(model, area, painter);
    };
    let gallery = &model.gallery;
    if gallery.is_large {
        return inspection::draw(model, job, area, painter);
    }
    if area.width < TWO_PANES {
        return page::draw(model, job, area, painter);
    }
    let beside = (area.width * 9 / 20).clamp(36, 96);
    let [left, _, right] = areas::columns(area, [area.width - beside, 1, beside - 1]);
    page::draw(model, job, left, painter);
    if !gallery.listed.is_empty() {
        inspection::draw(model, job, right, painter);
    }
}
