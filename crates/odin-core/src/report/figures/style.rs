//! Letters, colours and dashes.
use std::sync::OnceLock;

use plotters::prelude::*;
use plotters::style::FontStyle;

pub(super) const FONT: &str = "sans-serif";
/// The font that comes with the program, so that figures are the same everywhere.
pub(super) const FONT_FILE: &[u8] = epaint_default_fonts::UBUNTU_LIGHT;
/// 8 points at 300 dots an inch.
pub(super) const TEXT: u32 = 33;
/// 7 points.
pub(super) const SMALL: u32 = 29;
pub(super) const GREY: RGBColor = RGBColor(110, 110, 110);
/// Dark blue and orange: apart in hue for every eye, and dark and light in grey.
pub(super) const IN: RGBColor = RGBColor(0, 82, 148);
pub(super) const OUT: RGBColor = RGBColor(230, 140, 0);

/// How a line is drawn: colour, width, dash and gap in pixels (no gap: solid).
#[derive(Clone, Copy)]
pub(super) struct Stroke {
    pub colour: RGBColor,
    pub width: u32,
    pub dash: u32,
    pub gap: u32,
}

/// Okabe and Ito's palette, with dashes that tell neighbours apart in grey.
const STROKES: [Stroke; 8] = [
    Stroke {
        colour: IN,
        width: 5,
        dash: 1,
        gap: 0,
    },
    Stroke {
        colour: OUT,
        width: 4,
        dash: 18,
        gap: 8,
    },
    Stroke {
        colour: RGBColor(0, 158, 115),
        width: 4,
        dash: 5,
        gap: 8,
    },
    Stroke {
        colour: RGBColor(0, 0, 0),
        width: 3,
        dash: 1,
        gap: 0,
    },
    Stroke {
        colour: RGBColor(204, 90, 150),
        width: 4,
        dash: 32,
        gap: 10,
    },
    Stroke {
        colour: RGBColor(86, 180, 233),
        width: 5,
        dash: 1,
        gap: 0,
    },
    Stroke {
        colour: RGBColor(150, 60, 0),
        width: 3,
        dash: 10,
        gap: 10,
    },
    Stroke {
        colour: RGBColor(110, 110, 110),
        width: 3,
        dash: 24,
        gap: 6,
    },
];

/// The stroke of the n-th line of a figure; after eight they begin anew.
pub(super) fn stroke(n: usize) -> Stroke {
    STROKES.get(n % STROKES.len()).copied().unwrap_or(STROKES[0])
}

/// Lets plotters measure and draw text with the program's font.
pub(super) fn register_font() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        if plotters::style::register_font(FONT, FontStyle::Normal, FONT_FILE).is_err() {
            unreachable!("the bytes of a font are one");
        }
    });
}

/// Viridis (Smith and van der Walt 2015) as red, green and blue: lightness grows evenly from 0, dark, to 1, light, also to
/// an eye that lacks a colour.
pub fn viridis(share: f64) -> (u8, u8, u8) {
    const STOPS: [(u8, u8, u8); 9] = [
        (68, 1, 84),
        (71, 44, 122),
        (59, 81, 139),
        (44, 113, 142),
        (33, 144, 141),
        (39, 173, 129),
        (92, 200, 99),
        (170, 220, 50),
        (253, 231, 37),
    ];
    let place = if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0)
    } * (STOPS.len() - 1) as f64;
    let at = |n: usize| STOPS.get(n).copied().unwrap_or(STOPS[STOPS.len() - 1]);
    let (low, high, part) = (at(place as usize), at(place as usize + 1), place.fract());
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    (mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
}
