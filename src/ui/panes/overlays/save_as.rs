//! Saving the session under another name.
use ratatui::layout::{Margin, Rect};

use crate::app::{Model, SaveAs};
use crate::ui::areas;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::widgets::panel;

pub(crate) fn draw(model: &Model, save_as: &SaveAs, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    painter.target(area, Target::Overlay);
    let hint = "enter saves, esc closes";
    let inner = panel::draw(area, 72.min(area.width), 3, "Save as", hint, painter);
    painter.target(inner, Target::Panel);
    let [field, below] = areas::head(inner);
    panel::field(field, "name or path: ", save_as.name.text(), painter);
    let (text, style) = match (&save_as.error, save_as.path(&model.path)) {
        (Some(error), _) => (error.clone(), theme.error),
        (None, Some(path)) => (format!("to {}", path.display()), theme.dim),
        (None, None) => ("a name is kept beside this session".to_owned(), theme.dim),
    };
    painter.wrapped(below.inner(Margin::new(1, 0)), &text, style);
}
