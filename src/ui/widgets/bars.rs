//! Two overlaid histograms, in columns of eighths of a cell.
use ratatui::layout::Rect;
use ratatui::style::Color;

use crate::ui::painter::Painter;

/// The heights of one column, as fractions of the whole height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Column {
    pub ins: f64,
    pub outs: f64,
}

/// Draws a column in each column of cells. Where both sets have images, a third colour (or pattern) shows it.
pub(crate) fn draw(area: Rect, columns: &[Column], painter: &mut Painter) {
    for (column, x) in columns.iter().zip(area.left()..area.right()) {
        let eighths = |part: f64| {
            let whole = f64::from(area.height) * 8.0;
            // Even a single image is visible.
            if part > 0.0 {
                ((part.min(1.0) * whole).round() as u16).max(1)
            } else {
                0
            }
        };
        let (ins, outs) = (eighths(column.ins), eighths(column.outs));
        for (row, y) in (0..area.height).zip((area.top()..area.bottom()).rev()) {
            let within = |height: u16| height.saturating_sub(row * 8).min(8);
            draw_cell((x, y), within(ins), within(outs), painter);
        }
    }
}

/// Draws a cell of which each set fills a number of eighths.
fn draw_cell((x, y): (u16, u16), ins: u16, outs: u16, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let (low, high) = (ins.min(outs), ins.max(outs));
    if high == 0 {
        return;
    }
    let larger = if ins >= outs { theme.ins } else { theme.outs };
    if !theme.has_colour || !glyphs.unicode {
        let [in_pattern, out_pattern, both_pattern] = glyphs.patterns;
        let (symbol, style) = match () {
            () if low >= 4 || (low > 0 && high < 4) => (both_pattern, theme.both),
            () if ins >= outs && glyphs.unicode => (eighth(glyphs.eighths, high), larger),
            () if ins >= outs => (in_pattern, larger),
            () => (out_pattern, larger),
        };
        painter.buffer.set_string(x, y, symbol, style);
        return;
    }
    let (symbol, style) = if low == high {
        (eighth(glyphs.eighths, high), theme.both)
    } else if low == 0 {
        (eighth(glyphs.eighths, high), larger)
    } else if high == 8 {
        let behind = larger.fg.unwrap_or(Color::Reset);
        (eighth(glyphs.eighths, low), theme.both.bg(behind))
    } else {
        // A cell has two colours; where three would be needed, the larger part wins.
        (
            eighth(glyphs.eighths, high),
            if high - low > low { larger } else { theme.both },
        )
    };
    painter.buffer.set_string(x, y, symbol, style);
}

fn eighth(eighths: [&'static str; 8], height: u16) -> &'static str {
    eighths
        .get(usize::from(height.clamp(1, 8)) - 1)
        .copied()
        .unwrap_or(" ")
}
