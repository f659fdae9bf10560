//! kitty's graphics protocol (sw.kovidgoyal.net/kitty/graphics-protocol). q=2 asks for no answers.
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::png;
use odin_core::protocol::Pixels;

/// Takes away every picture that lies on the screen.
pub(super) const DELETE_ALL: &str = "\x1b_Ga=d,d=A,q=2\x1b\\";

/// Takes away one picture, and its data.
pub(super) fn delete(number: u32) -> String {
    format!("\x1b_Ga=d,d=I,i={number},q=2\x1b\\")
}

/// How a picture gets its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placing {
    /// At the cursor.
    Cursor,
    /// Wherever cells name it ([`place`]).
    Cells,
}

/// A PNG in pieces of 4,096 characters, each a sequence of its own; the terminal scales it to the cells.
pub(super) fn transmit(number: u32, area: Rect, pixels: &Pixels, placing: Placing) -> Option<Vec<String>> {
    let data = BASE64.encode(png::encode(pixels)?);
    let mut pieces = Vec::new();
    let mut rest = data.as_str();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(4096));
        let more = u8::from(!after.is_empty());
        let mut sequence = String::with_capacity(piece.len() + 64);
        // Writing into a string cannot fail.
        let _ = if pieces.is_empty() {
            let how = match placing {
                Placing::Cursor => "C=1",
                Placing::Cells => "U=1",
            };
            write!(
                sequence,
                "\x1b_Ga=T,f=100,i={number},c={},r={},{how},q=2,m={more};{piece}\x1b\\",
                area.width, area.height
            )
        } else {
            write!(sequence, "\x1b_Gm={more},q=2;{piece}\x1b\\")
        };
        pieces.push(sequence);
        rest = after;
    }
    Some(pieces)
}

/// The character that stands for a cell of a picture.
const PLACEHOLDER: char = '\u{10EEEE}';

/// The marks that stand for the numbers from 0, from which kitty reads row, column and the high byte of a picture's
/// number (rowcolumn-diacritics.txt, as ranges; the first 128 of 297).
const MARKS: [(u32, u32); 45] = [
    (0x305, 0x305),
    (0x30d, 0x30e),
    (0x310, 0x310),
    (0x312, 0x312),
    (0x33d, 0x33f),
    (0x346, 0x346),
    (0x34a, 0x34c),
    (0x350, 0x352),
    (0x357, 0x357),
    (0x35b, 0x35b),
    (0x363, 0x36f),
    (0x483, 0x487),
    (0x592, 0x595),
    (0x597, 0x599),
    (0x59c, 0x5a1),
    (0x5a8, 0x5a9),
    (0x5ab, 0x5ac),
    (0x5af, 0x5af),
    (0x5c4, 0x5c4),
    (0x610, 0x617),
    (0x657, 0x65b),
    (0x65d, 0x65e),
    (0x6d6, 0x6dc),
    (0x6df, 0x6e2),
    (0x6e4, 0x6e4),
    (0x6e7, 0x6e8),
    (0x6eb, 0x6ec),
    (0x730, 0x730),
    (0x732, 0x733),
    (0x735, 0x736),
    (0x73a, 0x73a),
    (0x73d, 0x73d),
    (0x73f, 0x741),
    (0x743, 0x743),
    (0x745, 0x745),
    (0x747, 0x747),
    (0x749, 0x74a),
    (0x7eb, 0x7f1),
    (0x7f3, 0x7f3),
    (0x816, 0x819),
    (0x81b, 0x823),
    (0x825, 0x827),
    (0x829, 0x82d),
    (0x951, 0x951),
    (0x953, 0x954),
];

fn mark(number: u32) -> Option<char> {
    let marks = MARKS.into_iter().flat_map(|(first, last)| first..=last);
    char::from_u32(marks.clone().nth(number as usize)?)
}

/// The numbers that [`place`] can name: one byte as a colour, which every multiplexer keeps, and some higher ones as a
/// mark, so that two dashboards in one terminal have different ones.
pub(super) fn number_for_cells(process: u32, count: u32) -> u32 {
    ((process % 127 + 1) << 24) | (count % 255 + 1)
}

/// Makes the cells of an area those of a picture that was transmitted for it. The number is the text's colour; the first
/// cell of a row says which row it is, and the others follow it. False where there are more rows than marks.
pub(super) fn place(number: u32, area: Rect, cells: &mut Buffer) -> bool {
    let area = area.intersection(cells.area);
    let [high, .., low] = number.to_be_bytes();
    let Some((first, high)) = mark(0).zip(mark(high.into())) else {
        return false;
    };
    let rows: Option<Vec<char>> = (0..u32::from(area.height)).map(mark).collect();
    let Some(rows) = rows else { return false };
    for (y, row) in area.rows().zip(rows) {
        for position in y.positions() {
            let symbol = if position.x == area.x {
                format!("{PLACEHOLDER}{row}{first}{high}")
            } else {
                PLACEHOLDER.to_string()
            };
            let cell = &mut cells[position];
            cell.reset();
            cell.set_symbol(&symbol)
                .set_style(Style::new().fg(Color::Indexed(low)));
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_marks() {
        assert_eq!(
            [0, 1, 5, 15].map(|n| mark(n).map(u32::from)),
            [Some(0x305), Some(0x30d), Some(0x33d), Some(0x357)]
        );
        let count = MARKS.iter().map(|(first, last)| last - first + 1).sum();
        assert!((0..count).all(|n| mark(n).is_some()) && mark(count).is_none());
        assert!(count >= 128, "{count}");
    }

    #[test]
    fn cells_name_a_picture_row_by_row() {
        let mut cells = Buffer::empty(Rect::new(0, 0, 6, 4));
        let number = number_for_cells(2, 6);
        assert_eq!(number, 0x0300_0007);
        assert!(place(number, Rect::new(1, 1, 3, 2), &mut cells));
        assert_eq!(cells[(1, 1)].symbol(), "\u{10eeee}\u{305}\u{305}\u{310}");
        assert_eq!(cells[(1, 2)].symbol(), "\u{10eeee}\u{30d}\u{305}\u{310}");
        assert_eq!(
            (cells[(3, 2)].symbol(), cells[(3, 2)].fg),
            ("\u{10eeee}", Color::Indexed(7))
        );
        assert_eq!((cells[(4, 1)].symbol(), cells[(0, 1)].symbol()), (" ", " "));
        let mut tall = Buffer::empty(Rect::new(0, 0, 1, 500));
        assert!(!place(number, tall.area, &mut tall) && tall[(0, 0)].symbol() == " ");
    }
}
