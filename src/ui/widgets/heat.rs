//! A scale from worst to best for heat maps: viridis where there are enough colours, else the digits 0 to 9.
use ratatui::style::{Color, Modifier, Style};

use super::blocks::indexed;
use crate::ui::colour::Colours;
use crate::ui::look::Look;
use odin_core::report::viridis;

/// The nearest to it among sixteen colours.
const BASIC: [Color; 5] = [
    Color::Magenta,
    Color::Blue,
    Color::Cyan,
    Color::Green,
    Color::Yellow,
];

/// How a cell of the map looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shade {
    /// Of the background, and of text on it.
    pub style: Style,
    /// What the cell is filled with.
    pub fill: &'static str,
    /// From 0 (worst) to 9 (best), where the colours alone are too few.
    pub digit: Option<char>,
}

/// The shade of a place on the scale from 0 (worst) to 1 (best).
pub(crate) fn shade(place: f64, look: &Look) -> Shade {
    let place = if place.is_finite() {
        place.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let level = |count: usize| ((place * count as f64) as usize).min(count - 1);
    let digit = char::from_digit(level(10) as u32, 10);
    let (r, g, b) = viridis(place);
    // Black text on light colours, white on dark ones.
    let text = if luminance(r, g, b) > 0.4 {
        Color::Black
    } else {
        Color::White
    };
    match look.colours {
        Colours::True => Shade {
            style: Style::new().fg(exact(text)).bg(Color::Rgb(r, g, b)),
            fill: " ",
            digit: None,
        },
        Colours::Indexed => Shade {
            style: Style::new().fg(text).bg(Color::Indexed(indexed((r, g, b)))),
            fill: " ",
            digit: None,
        },
        Colours::Sixteen => Shade {
            style: Style::new()
                .fg(if level(5) < 2 { Color::White } else { Color::Black })
                .bg(BASIC.get(level(5)).copied().unwrap_or(Color::Reset)),
            fill: " ",
            digit,
        },
        Colours::None => Shade {
            style: Style::new().add_modifier(if level(2) == 1 {
                Modifier::BOLD
            } else {
                Modifier::empty()
            }),
            fill: look.glyphs.shades.get(level(5)).copied().unwrap_or(" "),
            digit,
        },
    }
}

/// As exact colours: a terminal's theme may redefine black and white.
fn exact(text: Color) -> Color {
    match text {
        Color::Black => Color::Rgb(0, 0, 0),
        _ => Color::Rgb(255, 255, 255),
    }
}

/// Relative luminance, approximated by squares in place of sRGB's curve.
fn luminance(r: u8, g: u8, b: u8) -> f64 {
    let linear = |value: u8| (f64::from(value) / 255.0).powi(2);
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_goes_from_dark_to_bright_at_every_depth() {
        let mut before = -1.0;
        for n in 0..=100 {
            let (r, g, b) = viridis(f64::from(n) / 100.0);
            let now = luminance(r, g, b);
            assert!(now >= before - 0.004, "{n}: {now} after {before}");
            before = now;
        }
        assert_eq!((viridis(0.0), viridis(1.0)), ((68, 1, 84), (253, 231, 37)));
        for colours in [Colours::None, Colours::Sixteen] {
            let look = Look::new(colours, true);
            assert_eq!(shade(0.0, &look).digit, Some('0'));
            assert_eq!(shade(1.0, &look).digit, Some('9'));
            assert_ne!(shade(0.0, &look), shade(1.0, &look));
        }
        assert_eq!(shade(f64::NAN, &Look::new(Colours::True, true)).fill, " ");
    }
}
