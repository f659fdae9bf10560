//! Sixels: six rows of pixels at a time, colour by colour (DEC VT330/VT340 programmer reference, chapter 14).
use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::layout::Rect;

use odin_core::protocol::Pixels;

/// Terminals refuse pictures that are larger.
const MOST: u32 = 4096;

/// The picture over all of the cells, in the 216 colours of the 6 × 6 × 6 cube; `None` where the cells' size is unknown.
pub(super) fn encode(area: Rect, pixels: &Pixels, (cell_width, cell_height): (u16, u16)) -> Option<String> {
    let width = u32::from(area.width) * u32::from(cell_width);
    let height = u32::from(area.height) * u32::from(cell_height);
    if !(1..=MOST).contains(&width) || !(1..=MOST).contains(&height) {
        return None;
    }
    let colour = |x: u32, y: u32| -> u8 {
        let column = x * u32::from(pixels.width) / width;
        let row = y * u32::from(pixels.height) / height;
        let start = 3 * (row * u32::from(pixels.width) + column) as usize;
        let level = |channel: usize| {
            let value = pixels.rgb.get(start + channel).copied().unwrap_or(0);
            (u16::from(value) * 5 + 127) / 255
        };
        (36 * level(0) + 6 * level(1) + level(2)) as u8
    };
    // P2 = 1: what is not drawn stays as it is.
    let mut out = format!("\x1bP0;1;0q\"1;1;{width};{height}");
    for number in 0..216u32 {
        let percent = |level: u32| level % 6 * 20;
        let (r, g, b) = (percent(number / 36), percent(number / 6), percent(number));
        let _ = write!(out, "#{number};2;{r};{g};{b}");
    }
    for top in (0..height).step_by(6) {
        // Of each colour, which of the six rows have it, column by column.
        let mut bands: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
        for y in top..(top + 6).min(height) {
            for x in 0..width {
                let band = bands
                    .entry(colour(x, y))
                    .or_insert_with(|| vec![0; width as usize]);
                if let Some(bits) = band.get_mut(x as usize) {
                    *bits |= 1 << (y - top);
                }
            }
        }
        for (number, band) in bands {
            let _ = write!(out, "#{number}");
            for run in band.chunk_by(|a, b| a == b) {
                let symbol = char::from(63 + run.first().copied().unwrap_or(0));
                match run.len() {
                    1..4 => out.extend(std::iter::repeat_n(symbol, run.len())),
                    count => {
                        let _ = write!(out, "!{count}{symbol}");
                    }
                }
            }
            out.push('$');
        }
        out.push('-');
    }
    out += "\x1b\\";
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a terminal makes of it: rows of colour numbers.
    fn decode(text: &str) -> Vec<Vec<Option<u32>>> {
        let body = text.split_once('q').unwrap().1.strip_suffix("\x1b\\").unwrap();
        let body = body.strip_prefix('"').unwrap();
        let size: Vec<usize> = body
            .split('#')
            .next()
            .unwrap()
            .split(';')
            .map(|n| n.parse().unwrap())
            .collect();
        let mut rows = vec![vec![None; size[2]]; size[3]];
        let (mut x, mut top, mut colour, mut count) = (0, 0, 0u32, 1);
        let mut chars = body[body.find('#').unwrap()..].chars().peekable();
        while let Some(c) = chars.next() {
            let mut number = || {
                let mut digits = String::new();
                while let Some(digit) = chars.next_if(|c| c.is_ascii_digit() || *c == ';') {
                    digits.push(digit);
                }
                digits
            };
            match c {
                '#' => {
                    let text = number();
                    colour = text.split(';').next().unwrap().parse().unwrap();
                }
                '!' => count = number().parse().unwrap(),
                '$' => x = 0,
                '-' => (x, top) = (0, top + 6),
                c => {
                    for _ in 0..std::mem::replace(&mut count, 1) {
                        for bit in 0..6 {
                            if (c as u8 - 63) >> bit & 1 == 1 {
                                rows[top + bit][x] = Some(colour);
                            }
                        }
                        x += 1;
                    }
                }
            }
        }
        rows
    }

    #[test]
    fn a_picture_reads_back_pixel_by_pixel() {
        let rgb = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]].concat();
        let pixels = Pixels {
            height: 2,
            width: 2,
            rgb,
        };
        let text = encode(Rect::new(0, 0, 2, 1), &pixels, (5, 10)).unwrap();
        let rows = decode(&text);
        assert_eq!((rows.len(), rows[0].len()), (10, 10));
        for (y, row) in rows.iter().enumerate() {
            for (x, colour) in row.iter().enumerate() {
                let wanted = [[180, 30], [5, 215]][y / 5][x / 5];
                assert_eq!(*colour, Some(wanted), "{x} {y}");
            }
        }
        assert_eq!(encode(Rect::new(0, 0, 2, 1), &pixels, (0, 0)), None);
        assert_eq!(encode(Rect::new(0, 0, u16::MAX, 1), &pixels, (10, 10)), None);
    }
}
