//! How many colours a terminal has, and how colours look on terminals that have few.
use ratatui::style::Color;

/// How many colours the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// None: bold, dim and reversed only, and patterns instead of colours.
    None,
    Sixteen,
    Indexed,
    True,
}

/// Red, green and blue.
pub(super) type Rgb = (u8, u8, u8);

/// The basic colours, as most terminals show them.
const BASIC: [(Color, Rgb); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 0, 0)),
    (Color::Green, (0, 205, 0)),
    (Color::Yellow, (205, 205, 0)),
    (Color::Blue, (0, 0, 238)),
    (Color::Magenta, (205, 0, 205)),
    (Color::Cyan, (0, 205, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (127, 127, 127)),
    (Color::LightRed, (255, 0, 0)),
    (Color::LightGreen, (0, 255, 0)),
    (Color::LightYellow, (255, 255, 0)),
    (Color::LightBlue, (92, 92, 255)),
    (Color::LightMagenta, (255, 0, 255)),
    (Color::LightCyan, (0, 255, 255)),
    (Color::White, (255, 255, 255)),
];

/// The levels of red, green and blue in the cube of 216 among the 256 colours.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The colour, or the nearest one that a terminal with this many colours has.
pub(super) fn nearest(colour: Color, colours: Colours) -> Color {
    match (colours, colour) {
        (Colours::None, _) => Color::Reset,
        (Colours::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(indexed((r, g, b))),
        (Colours::Sixteen, Color::Rgb(r, g, b)) => basic((r, g, b)),
        (Colours::Sixteen, Color::Indexed(index)) => match usize::from(index) {
            low @ 0..16 => BASIC.get(low).map_or(Color::Reset, |(colour, _)| *colour),
            _ => basic(rgb(index)),
        },
        _ => colour,
    }
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    square(a.0, b.0) + square(a.1, b.1) + square(a.2, b.2)
}

fn basic(wanted: Rgb) -> Color {
    let found = BASIC.iter().min_by_key(|(_, rgb)| distance(*rgb, wanted));
    found.map_or(Color::Reset, |(colour, _)| *colour)
}

/// The nearest in the cube and among the greys; the first sixteen differ between terminals.
fn indexed(wanted: Rgb) -> u8 {
    (16..=255)
        .min_by_key(|&index| distance(rgb(index), wanted))
        .unwrap_or(16)
}

/// What a colour looks like, as far as that is known; `None` for the terminal's default.
pub(super) fn seen(colour: Option<Color>) -> Option<Rgb> {
    match colour? {
        Color::Rgb(red, green, blue) => Some((red, green, blue)),
        Color::Indexed(index @ 16..) => Some(rgb(index)),
        Color::Indexed(index) => BASIC.get(usize::from(index)).map(|(_, rgb)| *rgb),
        named => BASIC
            .iter()
            .find(|(known, _)| *known == named)
            .map(|(_, rgb)| *rgb),
    }
}

/// What the indexed colours from 16 on look like.
fn rgb(index: u8) -> Rgb {
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return (grey, grey, grey);
    }
    let place = index.saturating_sub(16);
    let level = |n: u8| LEVELS.get(usize::from(n % 6)).copied().unwrap_or(255);
    (level(place / 36), level(place / 6), level(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_colours_come_near() {
        let to = |colour, colours| nearest(colour, colours);
        assert_eq!(to(Color::Rgb(255, 0, 0), Colours::Indexed), Color::Indexed(196));
        assert_eq!(
            to(Color::Rgb(128, 128, 128), Colours::Indexed),
            Color::Indexed(244)
        );
        assert_eq!(to(Color::Rgb(250, 250, 10), Colours::Sixteen), Color::LightYellow);
        assert_eq!(to(Color::Indexed(4), Colours::Sixteen), Color::Blue);
        assert_eq!(to(Color::Indexed(21), Colours::Sixteen), Color::Blue);
        assert_eq!(to(Color::Rgb(1, 2, 3), Colours::True), Color::Rgb(1, 2, 3));
        assert_eq!(to(Color::Green, Colours::Indexed), Color::Green);
        assert_eq!(to(Color::Green, Colours::None), Color::Reset);
    }
}
