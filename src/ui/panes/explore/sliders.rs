//! The sliders of a detector's knobs.
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::{Model, Slider};
use crate::ui::areas::indent;
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;

/// The name and the low end.
const LABEL: u16 = 7;
/// The high end.
const END: u16 = 7;
const VALUE: u16 = 10;

/// A slider as it is drawn.
struct Drawn {
    slider: Slider,
    name: &'static str,
    ends: [f64; 2],
    /// Where on the track the grip is, from 0 to 1.
    fraction: f64,
    value: String,
    has_focus: bool,
}

pub(super) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let Some(job) = model.selected() else { return };
    let setting = job.setting(model.slider_detector());
    // Where there are more knobs than rows, those around the one that has the focus.
    let rows = usize::from(area.height).max(1);
    let focus = match model.focus {
        Slider::Knob(place) => usize::from(place),
        Slider::Threshold => 0,
    };
    let first = (focus + 1).saturating_sub(rows);
    let knobs = (0..).zip(setting.knobs()).skip(first);
    for ((place, (knob, value)), row) in knobs.zip(area.rows()) {
        let slider = Slider::Knob(place);
        let Some(span) = job.span(setting.detector(), place) else {
            continue;
        };
        let text = match &model.typing {
            Some(typing) if typing.slider == slider => format!("{}_", typing.text),
            _ => format::knob(value),
        };
        let drawn = Drawn {
            slider,
            name: painter.glyphs().knob(knob),
            ends: [span.low, span.high],
            fraction: span.fraction(value),
            value: text,
            has_focus: model.focus == slider,
        };
        drawn.draw(row, painter);
    }
}

impl Drawn {
    fn draw(&self, row: Rect, painter: &mut Painter) {
        let (theme, glyphs) = (painter.theme(), painter.glyphs());
        let strong = if self.has_focus { theme.accent } else { theme.title };
        let done = if self.has_focus { theme.accent } else { theme.text };
        let [label, left, track, right, end, value] = row.layout(&Layout::horizontal([
            Constraint::Length(LABEL),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length(END),
            Constraint::Length(VALUE),
        ]));
        if self.has_focus {
            painter.text(label, glyphs.select, theme.accent);
        }
        painter.text(indent(label, 1), self.name, strong);
        let [low, high] = self.ends.map(short);
        let label = Rect {
            width: label.width.saturating_sub(1),
            ..label
        };
        painter.right(label, &low, theme.dim);
        painter.text(left, glyphs.track_left, theme.dim);
        let grip = (self.fraction * f64::from(track.width.saturating_sub(1))).round() as u16;
        let rest = painter.text(track, &glyphs.track_done.repeat(usize::from(grip)), done);
        let rest = painter.text(rest, glyphs.grip, strong);
        painter.text(rest, &glyphs.track.repeat(usize::from(rest.width)), theme.dim);
        painter.text(right, glyphs.track_right, theme.dim);
        painter.text(indent(end, 1), &high, theme.dim);
        let text = format::fit(&self.value, usize::from(VALUE - 1), glyphs);
        let value = Rect {
            width: value.width.saturating_sub(1),
            ..value
        };
        painter.right(value, &text, strong);
        painter.target(track, Target::Slider(self.slider));
    }
}

fn short(value: f64) -> String {
    if value >= 1e5 {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}
