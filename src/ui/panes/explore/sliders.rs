//! The sliders of T and ε.
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

pub fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let Some(job) = model.selected() else { return };
    let parameters = job.parameters();
    let (t_span, e_span) = (job.temperature_span, job.magnitude_span);
    let typed = |slider, value| match &model.typing {
        Some(typing) if typing.slider == slider => format!("{}_", typing.text),
        _ => value,
    };
    let temperature = Drawn {
        slider: Slider::Temperature,
        name: "T",
        ends: [t_span.low, t_span.high],
        fraction: t_span.temperature_fraction(parameters.temperature),
        value: typed(Slider::Temperature, format::temperature(parameters.temperature)),
        has_focus: model.focus == Slider::Temperature,
    };
    let magnitude = Drawn {
        slider: Slider::Magnitude,
        name: painter.glyphs().epsilon,
        ends: [e_span.low, e_span.high],
        fraction: e_span.magnitude_fraction(parameters.magnitude),
        value: typed(Slider::Magnitude, format::magnitude(parameters.magnitude)),
        has_focus: model.focus == Slider::Magnitude,
    };
    for (slider, row) in [temperature, magnitude].iter().zip(area.rows()) {
        slider.draw(row, painter);
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
