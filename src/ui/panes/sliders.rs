//! The sliders of T and ε.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::{Model, Slider};
use crate::ui::{HitMap, Look, Target, format};

const LABEL: u16 = 6;
const END: u16 = 6;
const VALUE: u16 = 11;

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    let Some(job) = model.selected() else { return };
    let parameters = job.parameters();
    let (t_span, e_span) = (job.temperature_span, job.magnitude_span);
    let short = |value: f64| {
        if value >= 1e5 {
            format!("{value:e}")
        } else {
            format!("{value}")
        }
    };
    let rows = [
        (
            Slider::Temperature,
            "T",
            [short(t_span.low), short(t_span.high)],
            t_span.temperature_fraction(parameters.temperature),
            format::temperature(parameters.temperature),
        ),
        (
            Slider::Magnitude,
            look.glyphs.epsilon,
            [short(e_span.low), short(e_span.high)],
            e_span.magnitude_fraction(parameters.magnitude),
            format::magnitude(parameters.magnitude),
        ),
    ];
    for ((slider, name, ends, fraction, value), y) in rows.into_iter().zip(area.top()..area.bottom()) {
        let row = Rect { y, height: 1, ..area };
        let typed = model.typing.as_ref().filter(|typing| typing.slider == slider);
        let value = typed.map_or(value, |typing| format!("{}_", typing.text));
        draw_one(
            slider,
            name,
            ends,
            fraction,
            &value,
            model.focus == slider,
            row,
            look,
            buffer,
            hits,
        );
    }
}

#[allow(clippy::too_many_arguments)] // One call; a struct would only name them twice.
fn draw_one(
    slider: Slider,
    name: &str,
    [low, high]: [String; 2],
    fraction: f64,
    value: &str,
    has_focus: bool,
    row: Rect,
    look: &Look,
    buffer: &mut Buffer,
    hits: &mut HitMap,
) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let strong = if has_focus { theme.accent } else { theme.title };
    if has_focus {
        buffer.set_string(row.x, row.y, glyphs.select, theme.accent);
    }
    buffer.set_string(row.x + 1, row.y, name, strong);
    let track = Rect {
        x: row.x + LABEL + 2,
        width: row.width.saturating_sub(LABEL + 2 + 1 + END + VALUE),
        ..row
    };
    buffer.set_string(
        track.x.saturating_sub(low.width() as u16 + 2),
        row.y,
        &low,
        theme.dim,
    );
    buffer.set_string(track.x - 1, row.y, glyphs.track_left, theme.dim);
    let grip = (fraction * f64::from(track.width.saturating_sub(1))).round() as u16;
    for n in 0..track.width {
        let (symbol, style) = match n.cmp(&grip) {
            std::cmp::Ordering::Less => (
                glyphs.track_done,
                if has_focus { theme.accent } else { theme.text },
            ),
            std::cmp::Ordering::Equal => (glyphs.grip, strong),
            std::cmp::Ordering::Greater => (glyphs.track, theme.dim),
        };
        buffer.set_string(track.x + n, row.y, symbol, style);
    }
    buffer.set_string(track.right(), row.y, glyphs.track_right, theme.dim);
    buffer.set_string(track.right() + 2, row.y, &high, theme.dim);
    let value = format::fit(value, usize::from(VALUE - 2), glyphs);
    buffer.set_string(
        row.right().saturating_sub(value.width() as u16 + 1),
        row.y,
        value,
        strong,
    );
    hits.add(track, Target::Slider(slider));
}
