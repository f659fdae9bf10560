//! Pictures in half blocks, two pixels a cell; in shades of characters where there are no colours.
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use crate::ui::areas;
use crate::ui::colour::{self, Colours, Rgb};
use crate::ui::painter::Painter;
use odin_core::protocol::Pixels;

/// Draws the picture into the middle of an area, as large as fits, and offers it to terminals that show pixels.
pub(crate) fn draw(pixels: &Pixels, area: Rect, painter: &mut Painter) {
    let place = place(pixels, area);
    fill(pixels, place, painter);
    painter.hits.pictures.push((place, pixels.clone()));
}

/// Where a picture lies within an area: its pixels are square, and a cell is twice as high as wide.
fn place(pixels: &Pixels, area: Rect) -> Rect {
    let (width, height) = (f64::from(pixels.width.max(1)), f64::from(pixels.height.max(1)));
    let (across, down) = (f64::from(area.width), 2.0 * f64::from(area.height));
    let scale = (across / width).min(down / height);
    let cells = |pixels: f64, most: u16| (pixels.round() as u16).clamp(1, most.max(1)).min(most);
    let (w, h) = (
        cells(width * scale, area.width),
        cells(height * scale / 2.0, area.height),
    );
    areas::middle(area, w, h)
}

/// Draws the picture over a whole area.
fn fill(pixels: &Pixels, area: Rect, painter: &mut Painter) {
    let (look, buffer) = (painter.look, &mut *painter.buffer);
    let half = look.glyphs.unicode && look.colours != Colours::None;
    let rows = if half { 2 * area.height } else { area.height };
    let at = |x: u16, y: u16| average(pixels, (x, area.width), (y, rows));
    for (n, y) in (0..area.height).zip(area.top()..area.bottom()) {
        for (m, x) in (0..area.width).zip(area.left()..area.right()) {
            let colour = |rgb: Rgb| nearest(rgb, look.colours);
            if half {
                let style = Style::new().fg(colour(at(m, 2 * n))).bg(colour(at(m, 2 * n + 1)));
                buffer.set_string(x, y, "▀", style);
            } else if look.colours == Colours::None {
                let (r, g, b) = at(m, n);
                let light = (u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1000;
                let level = (light * 5 / 256) as usize;
                let shade = look.glyphs.shades.get(level).copied().unwrap_or(" ");
                buffer.set_string(x, y, shade, Style::new());
            } else {
                buffer.set_string(x, y, " ", Style::new().bg(colour(at(m, n))));
            }
        }
    }
}

/// The mean of the pixels that fall into column `x` of `across` and row `y` of `down`.
fn average(pixels: &Pixels, (x, across): (u16, u16), (y, down): (u16, u16)) -> Rgb {
    let span = |n: u16, count: u16, total: u16| {
        let (n, count, total) = (u32::from(n), u32::from(count.max(1)), u32::from(total));
        let from = n * total / count;
        from..((n + 1) * total / count).max(from + 1).min(total)
    };
    let (mut sums, mut count) = ([0u32; 3], 0u32);
    for row in span(y, down, pixels.height) {
        for column in span(x, across, pixels.width) {
            let start = 3 * (row * u32::from(pixels.width) + column) as usize;
            if let Some([r, g, b]) = pixels.rgb.get(start..start + 3) {
                for (sum, value) in sums.iter_mut().zip([r, g, b]) {
                    *sum += u32::from(*value);
                }
                count += 1;
            }
        }
    }
    let [r, g, b] = sums.map(|sum| (sum / count.max(1)) as u8);
    (r, g, b)
}

fn nearest((r, g, b): Rgb, colours: Colours) -> Color {
    match colours {
        Colours::True => Color::Rgb(r, g, b),
        Colours::Indexed => Color::Indexed(indexed((r, g, b))),
        _ => colour::nearest(Color::Rgb(r, g, b), colours),
    }
}

/// The nearest colour in the 6 × 6 × 6 cube and the 24 greys. Computed, not searched for: there are thousands of pixels in
/// a frame.
pub(crate) fn indexed((r, g, b): Rgb) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |value: u8| match value {
        0..48 => 0,
        48..115 => 1,
        _ => ((value - 35) / 40).min(5),
    };
    let level = |n: u8| LEVELS.get(usize::from(n)).copied().unwrap_or(255);
    let (i, j, k) = (step(r), step(g), step(b));
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey = (mean.saturating_sub(3) / 10).min(23) as u8;
    let off = |a: Rgb| {
        let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
        square(a.0, r) + square(a.1, g) + square(a.2, b)
    };
    let grey_level = 8 + 10 * grey;
    if off((grey_level, grey_level, grey_level)) < off((level(i), level(j), level(k))) {
        232 + grey
    } else {
        16 + 36 * i + 6 * j + k
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;

    use super::*;
    use crate::ui::look::Look;

    /// Draws over all of an area of a buffer.
    fn draw(pixels: &Pixels, area: Rect, look: &Look, buffer: &mut Buffer) {
        fill(pixels, area, &mut Painter::new(look, buffer));
    }

    fn picture() -> Pixels {
        // Two by four: white, black; black, white; and twice a row of red.
        let (white, black, red) = ([255, 255, 255], [0, 0, 0], [255, 0, 0]);
        let rgb = [white, black, black, white, red, red, red, red].concat();
        Pixels {
            height: 4,
            width: 2,
            rgb,
        }
    }

    #[test]
    fn two_pixels_share_a_cell() {
        let area = Rect::new(0, 0, 2, 2);
        let mut buffer = Buffer::empty(area);
        draw(&picture(), area, &Look::new(Colours::True, true), &mut buffer);
        let cell = &buffer[(0, 0)];
        assert_eq!(
            (cell.symbol(), cell.fg, cell.bg),
            ("▀", Color::Rgb(255, 255, 255), Color::Rgb(0, 0, 0))
        );
        assert_eq!(buffer[(1, 1)].bg, Color::Rgb(255, 0, 0));
        let mut mono = Buffer::empty(area);
        draw(&picture(), area, &Look::new(Colours::None, false), &mut mono);
        assert_eq!(mono, Buffer::with_lines(["::", ".."]));
    }

    #[test]
    fn pictures_keep_their_shape_in_any_area() {
        let wide = Rect::new(3, 1, 40, 10);
        let placed = place(&picture(), wide);
        assert_eq!((placed.width, placed.height), (10, 10));
        for (w, h) in [(1, 1), (2, 30), (40, 1), (0, 0), (0, 5)] {
            let placed = place(&picture(), Rect::new(0, 0, w, h));
            assert!(placed.width <= w && placed.height <= h);
            let mut buffer = Buffer::empty(Rect::new(0, 0, 50, 40));
            draw(
                &picture(),
                placed,
                &Look::new(Colours::Indexed, true),
                &mut buffer,
            );
        }
        let broken = Pixels {
            height: 9,
            width: 9,
            rgb: vec![1, 2],
        };
        draw(
            &broken,
            wide,
            &Look::new(Colours::True, true),
            &mut Buffer::empty(Rect::new(0, 0, 50, 40)),
        );
    }

    #[test]
    fn the_quick_index_is_as_near_as_the_searched_one() {
        for (r, g, b) in [
            (0, 0, 0),
            (255, 255, 255),
            (120, 121, 119),
            (200, 30, 90),
            (95, 135, 175),
        ] {
            let Color::Indexed(searched) = colour::nearest(Color::Rgb(r, g, b), Colours::Indexed) else {
                panic!("an index");
            };
            let quick = indexed((r, g, b));
            assert!(
                quick == searched || quick.abs_diff(searched) <= 1,
                "{r} {g} {b}: {quick}, {searched}"
            );
        }
    }
}
