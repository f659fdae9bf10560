//! Curves of braille dots, two by four in a cell; of half blocks; or of one character a cell where there is only ASCII.
//!
//! Ratatui's `Canvas` was tried, with a shape that puts the same dots. It paints colours without modifiers, and a terminal without
//! colours shows curves apart by bold and dim alone; its half blocks leave the first curve's colour in half of a cell, and its
//! lines take other dots than these. The braille was the same and as fast to draw.
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::ui::look::Look;
use crate::ui::painter::Painter;
use odin_core::session::Marks;

/// How a curve is drawn. A cell has one style: that of the curve drawn last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pen {
    pub style: Style,
    pub ascii: &'static str,
    /// Of this many dots along the curve, one is drawn: 1 is a solid line.
    pub every: usize,
}

/// What dots are drawn as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Braille,
    /// Half blocks.
    Blocks,
    /// One character a cell, the pen's.
    Ascii,
}

impl Ink {
    pub(crate) fn new(marks: Marks, look: &Look) -> Self {
        match marks {
            _ if !look.glyphs.unicode => Self::Ascii,
            Marks::Pixels | Marks::Braille => Self::Braille,
            Marks::Blocks => Self::Blocks,
        }
    }
}

/// A block for the halves of a cell that hold dots.
fn block(dots: u8) -> &'static str {
    match (dots & 0x1b != 0, dots & 0xe4 != 0) {
        (true, true) => "█",
        (true, false) => "▀",
        _ => "▄",
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    dots: u8,
    pen: Option<Pen>,
}

pub(crate) struct Canvas {
    width: usize,
    height: usize,
    cells: Vec<Cell>,
}

/// The bit of each dot, by row and column.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

impl Canvas {
    pub(crate) fn new(area: Rect) -> Self {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        Self {
            width,
            height,
            cells: vec![Cell::default(); width * height],
        }
    }

    /// Draws a curve through points of the unit square; y points up.
    pub(crate) fn polyline(&mut self, points: impl IntoIterator<Item = (f64, f64)>, pen: Pen) {
        if self.width == 0 || self.height == 0 {
            return;
        }
        let (across, up) = ((2 * self.width - 1) as f64, (4 * self.height - 1) as f64);
        let place = |(x, y): (f64, f64)| {
            let place = |part: f64, most: f64| (part.clamp(0.0, 1.0) * most).round() as i64;
            (place(x, across), place(1.0 - y, up))
        };
        let mut count = 0;
        let mut before: Option<(i64, i64)> = None;
        for (x, y) in points.into_iter().map(place) {
            let (x0, y0) = before.unwrap_or((x, y));
            let steps = (x - x0).abs().max((y - y0).abs());
            // A segment begins with the last dot of the one before, which is there already.
            for step in i64::from(before.is_some())..=steps {
                let along = if steps == 0 {
                    0.0
                } else {
                    step as f64 / steps as f64
                };
                let at = |from: i64, to: i64| from + ((to - from) as f64 * along).round() as i64;
                if count % pen.every.max(1) == 0 {
                    self.dot(at(x0, x), at(y0, y), pen);
                }
                count += 1;
            }
            before = Some((x, y));
        }
    }

    fn dot(&mut self, x: i64, y: i64, pen: Pen) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        let bit = DOTS
            .get(y % 4)
            .and_then(|row| row.get(x % 2))
            .copied()
            .unwrap_or(0);
        if let Some(cell) = self.cells.get_mut(y / 4 * self.width + x / 2) {
            cell.dots |= bit;
            cell.pen = Some(pen);
        }
    }

    pub(crate) fn draw(&self, area: Rect, ink: Ink, painter: &mut Painter) {
        for (cells, row) in self.cells.chunks(self.width.max(1)).zip(area.rows()) {
            for (cell, place) in cells.iter().zip(row.columns()) {
                let Some(pen) = cell.pen else { continue };
                match ink {
                    Ink::Braille => {
                        let braille = char::from_u32(0x2800 + u32::from(cell.dots))
                            .expect("braille patterns are the 256 characters from U+2800");
                        let mut bytes = [0; 4];
                        painter.text(place, braille.encode_utf8(&mut bytes), pen.style);
                    }
                    Ink::Blocks => {
                        painter.text(place, block(cell.dots), pen.style);
                    }
                    Ink::Ascii => {
                        painter.text(place, pen.ascii, pen.style);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;

    use super::*;
    use crate::ui::colour::Colours;

    #[test]
    fn a_diagonal_goes_from_corner_to_corner() {
        let area = Rect::new(0, 0, 4, 2);
        let pen = Pen {
            style: Style::new(),
            ascii: "*",
            every: 1,
        };
        let mut canvas = Canvas::new(area);
        canvas.polyline([(0.0, 0.0), (1.0, 1.0)], pen);
        let (look, mut buffer) = (Look::new(Colours::True, true), Buffer::empty(area));
        let mut painter = Painter::new(&look, &mut buffer);
        canvas.draw(area, Ink::Braille, &mut painter);
        assert_eq!(*painter.buffer, Buffer::with_lines(["  ⡠⠊", "⡠⠊  "]));
        canvas.draw(area, Ink::Blocks, &mut painter);
        assert_eq!(*painter.buffer, Buffer::with_lines(["  ▄▀", "▄▀  "]));
        canvas.draw(area, Ink::Ascii, &mut painter);
        assert_eq!(*painter.buffer, Buffer::with_lines(["  **", "**  "]));
        Canvas::new(Rect::new(0, 0, 0, 0)).polyline([(0.0, f64::NAN)], pen);
    }
}
