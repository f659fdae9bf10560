//! Plots in pixels, drawn by plotters, for terminals that show pictures. Their labels are ordinary text in cells.
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use ratatui::layout::Rect;

use super::bars::Column;
use super::canvas::Pen;
use crate::ui::colour;
use crate::ui::look::Look;
use crate::ui::painter::Painter;
use odin_core::protocol::Pixels;

/// The symbol of cells under a picture: it looks like a blank but differs from one. A cell that stops being part of the
/// picture is thus written anew, which removes the picture on terminals that have no command for that.
const UNDER: &str = "\u{2800}";
/// The most pixels that are sent to a terminal for one plot.
const MOST: u32 = 1 << 21;

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// The picture of an area while it is being drawn: a unit square in which y points up.
pub(crate) struct Plot<'a> {
    look: &'a Look,
    size: (u32, u32),
    rgb: Vec<u8>,
    paper: RGBColor,
    ink: RGBColor,
}

impl<'a> Plot<'a> {
    /// `None` where the terminal shows no pictures, or where the area is empty or too large.
    pub(crate) fn new(area: Rect, look: &'a Look) -> Option<Self> {
        let (width, height) = look.cell?;
        let size = (
            u32::from(area.width) * u32::from(width),
            u32::from(area.height) * u32::from(height),
        );
        let pixels = size
            .0
            .checked_mul(size.1)
            .filter(|pixels| (1..=MOST).contains(pixels))?;
        let of = |colour, otherwise| {
            let (red, green, blue) = colour::seen(colour).unwrap_or(otherwise);
            RGBColor(red, green, blue)
        };
        let (paper, ink) = if look.is_light {
            ((255, 255, 255), (40, 40, 40))
        } else {
            ((0, 0, 0), (215, 215, 215))
        };
        let background = look.theme.background;
        let (paper, ink) = (of(background.bg, paper), of(background.fg, ink));
        let rgb = [paper.0, paper.1, paper.2].repeat(pixels as usize);
        Some(Self {
            look,
            size,
            rgb,
            paper,
            ink,
        })
    }

    /// The colour of a style, or the ink's where the style has none.
    fn colour(&self, style: ratatui::style::Style) -> RGBColor {
        let faint = style.add_modifier.contains(ratatui::style::Modifier::DIM);
        match colour::seen(style.fg) {
            Some((red, green, blue)) => RGBColor(red, green, blue),
            None if faint => {
                let middle = |a: u8, b: u8| a.midpoint(b);
                let (a, b) = (self.ink, self.paper);
                RGBColor(middle(a.0, b.0), middle(a.1, b.1), middle(a.2, b.2))
            }
            None => self.ink,
        }
    }

    /// How thick a line must be to be seen, on cells of any size.
    fn stroke(&self) -> u32 {
        u32::from(self.look.cell.map_or(16, |(_, height)| height)).div_ceil(9)
    }

    /// The pixel at a place of the unit square.
    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        let place = |part: f64, most: u32| (part.clamp(0.0, 1.0) * f64::from(most - 1)).round() as i32;
        (place(x, self.size.0), place(1.0 - y, self.size.1))
    }

    fn draw(&mut self, draw: impl FnOnce(&Area) -> Drawn) {
        let area = BitMapBackend::with_buffer(&mut self.rgb, self.size).into_drawing_area();
        // Drawing into memory fails only where plotters rejects an element; the plot then lacks that element.
        let _ = draw(&area);
    }

    /// Draws a curve. A pen that leaves out dots draws a thin, dashed one.
    pub(crate) fn polyline(&mut self, points: impl IntoIterator<Item = (f64, f64)>, pen: Pen) {
        let points: Vec<_> = points.into_iter().map(|point| self.at(point)).collect();
        let thick = self.stroke();
        let colour = self.colour(pen.style);
        self.draw(|area| {
            if pen.every <= 1 {
                area.draw(&PathElement::new(points, colour.stroke_width(thick)))?;
            } else {
                let (dash, gap) = (2 * thick as i32, (pen.every * thick as usize) as i32);
                let path = DashedPathElement::new(points, dash, gap, colour.stroke_width(thick.div_ceil(2)));
                area.draw(&path)?;
            }
            Ok(())
        });
    }

    /// Draws two overlaid histograms, from left to right.
    pub(crate) fn bars(&mut self, columns: &[Column]) {
        let theme = &self.look.theme;
        let [ins, outs, both] = [theme.ins, theme.outs, theme.both].map(|style| self.colour(style));
        let shades = if theme.has_colour {
            [ins, outs, both]
        } else {
            // Without colours, only lightness tells them apart.
            [self.mixed(0.45), self.mixed(0.75), self.ink]
        };
        let (width, height) = (f64::from(self.size.0), self.size.1 as i32);
        let count = columns.len().max(1) as f64;
        let edge = |n: usize| (n as f64 / count * width).round() as i32;
        let top = |part: f64| {
            // Even a single image is visible.
            let tall = (part.min(1.0) * f64::from(height)).round() as i32;
            height - if part > 0.0 { tall.max(1) } else { 0 }
        };
        let [ins, outs, both] = shades;
        self.draw(|area| {
            for (n, column) in columns.iter().enumerate() {
                let fill = |part: f64, colour: RGBColor| -> Drawn {
                    if part > 0.0 {
                        let corners = [(edge(n), top(part)), (edge(n + 1), height)];
                        area.draw(&Rectangle::new(corners, colour.filled()))?;
                    }
                    Ok(())
                };
                let low = column.ins.min(column.outs);
                fill(column.ins, ins)?;
                fill(column.outs, outs)?;
                fill(low, both)?;
            }
            Ok(())
        });
    }

    /// A grey from the paper's colour (0) to the ink's (1).
    fn mixed(&self, part: f64) -> RGBColor {
        let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
        let (a, b) = (self.paper, self.ink);
        RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
    }

    /// Marks a point on a curve.
    pub(crate) fn mark(&mut self, place: (f64, f64), style: ratatui::style::Style) {
        let (centre, colour) = (self.at(place), self.colour(style));
        let radius = 2 * self.stroke() as i32;
        self.draw(|area| Ok(area.draw(&Circle::new(centre, radius, colour.filled()))?));
    }

    /// Shows the picture over the area.
    pub(crate) fn show(self, area: Rect, painter: &mut Painter) {
        for position in area.intersection(painter.buffer.area).positions() {
            if let Some(cell) = painter.buffer.cell_mut(position) {
                cell.set_symbol(UNDER);
            }
        }
        let pixels = Pixels {
            height: self.size.1 as u16,
            width: self.size.0 as u16,
            rgb: self.rgb,
        };
        painter.hits.plots.push((area, pixels));
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::style::{Color, Style};

    use super::*;
    use crate::ui::colour::Colours;

    /// The picture as it is shown over an area of a buffer.
    fn show(plot: Plot, area: Rect, buffer: &mut Buffer) -> (Rect, Pixels) {
        let mut painter = Painter::new(plot.look, buffer);
        plot.show(area, &mut painter);
        painter.hits.plots.pop().unwrap()
    }

    const PAPER: [u8; 3] = [0, 0, 0];

    fn look(colours: Colours) -> Look {
        Look {
            cell: Some((8, 16)),
            ..Look::new(colours, true)
        }
    }

    fn pixel(pixels: &Pixels, x: usize, y: usize) -> [u8; 3] {
        let start = 3 * (y * usize::from(pixels.width) + x);
        pixels.rgb[start..start + 3].try_into().unwrap()
    }

    #[test]
    fn a_curve_goes_from_corner_to_corner() {
        let (area, look) = (Rect::new(1, 1, 10, 5), look(Colours::True));
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 8));
        let mut plot = Plot::new(area, &look).unwrap();
        let pen = Pen {
            style: Style::new().fg(Color::Rgb(9, 200, 30)),
            ascii: "*",
            every: 1,
        };
        plot.polyline([(0.0, 0.0), (1.0, 1.0)], pen);
        plot.mark((0.0, 1.0), Style::new().fg(Color::Rgb(255, 0, 0)));
        let (at, pixels) = show(plot, area, &mut buffer);
        assert_eq!((at, pixels.width, pixels.height), (area, 80, 80));
        assert_eq!(pixel(&pixels, 40, 39), [9, 200, 30]);
        assert_eq!(pixel(&pixels, 0, 0), [255, 0, 0]);
        assert_eq!((pixel(&pixels, 70, 70), pixel(&pixels, 10, 30)), (PAPER, PAPER));
        assert_eq!((buffer[(1, 1)].symbol(), buffer[(0, 1)].symbol()), (UNDER, " "));
    }

    #[test]
    fn bars_are_as_high_as_they_say_and_show_where_both_are() {
        for colours in [Colours::True, Colours::Indexed, Colours::Sixteen, Colours::None] {
            let look = look(colours);
            let area = Rect::new(0, 0, 4, 5);
            let mut plot = Plot::new(area, &look).unwrap();
            let column = |ins, outs| Column { ins, outs };
            plot.bars(&[
                column(1.0, 0.5),
                column(0.25, 0.0),
                column(0.0, 1e-9),
                column(0.5, 1.0),
            ]);
            let (_, pixels) = show(plot, area, &mut Buffer::empty(area));
            let at = |x, y| pixel(&pixels, x, y);
            let (ins, both, outs) = (at(4, 2), at(4, 75), at(28, 2));
            assert!(ins != both && both != outs && ins != outs, "{colours:?}");
            assert!(![ins, both, outs].contains(&PAPER));
            assert_eq!((at(12, 62), at(12, 58), at(28, 60)), (ins, PAPER, both));
            assert_eq!(
                (at(20, 79), at(20, 77)),
                (outs, PAPER),
                "little is seen all the same"
            );
        }
    }

    #[test]
    fn there_is_none_without_pictures_or_for_a_huge_area() {
        let area = Rect::new(0, 0, 10, 5);
        assert!(Plot::new(area, &Look::new(Colours::True, true)).is_none());
        let huge = Look {
            cell: Some((60, 120)),
            ..look(Colours::True)
        };
        assert!(Plot::new(Rect::new(0, 0, 200, 60), &huge).is_none());
        assert!(Plot::new(Rect::new(0, 0, 0, 5), &look(Colours::True)).is_none());
    }
}
