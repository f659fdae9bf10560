//! Colours by meaning. Blue and orange are told apart by nearly everyone; the background is the terminal's own.
use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// None: bold, dim and reversed only, and patterns instead of colours.
    None,
    Sixteen,
    Indexed,
    True,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    /// Whether sets and curves can be told apart by colour alone.
    pub has_colour: bool,
    pub text: Style,
    pub dim: Style,
    pub title: Style,
    pub accent: Style,
    pub selected: Style,
    pub ins: Style,
    pub outs: Style,
    /// Where both sets are.
    pub both: Style,
    pub odin: Style,
    pub baseline: Style,
    pub cursor: Style,
    pub better: Style,
    pub worse: Style,
    pub warning: Style,
    pub error: Style,
}

impl Theme {
    pub fn new(colours: Colours) -> Self {
        let pick = |rgb: (u8, u8, u8), index: u8, basic: Color| match colours {
            Colours::None => Color::Reset,
            Colours::Sixteen => basic,
            Colours::Indexed => Color::Indexed(index),
            Colours::True => Color::Rgb(rgb.0, rgb.1, rgb.2),
        };
        // Of middle lightness, to be seen on dark and on light backgrounds.
        let blue = pick((74, 144, 226), 68, Color::LightBlue);
        let orange = pick((230, 130, 40), 172, Color::Yellow);
        let grey = pick((140, 140, 140), 245, Color::DarkGray);
        let violet = pick((158, 138, 150), 246, Color::Gray);
        let magenta = pick((212, 90, 190), 170, Color::LightMagenta);
        let teal = pick((30, 160, 140), 36, Color::Cyan);
        let red = pick((220, 70, 60), 167, Color::LightRed);
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let mono = colours == Colours::None;
        let dim = if mono {
            plain.add_modifier(Modifier::DIM)
        } else {
            plain.fg(grey)
        };
        Self {
            has_colour: !mono,
            text: plain,
            dim,
            title: bold,
            accent: bold.fg(blue),
            selected: plain.add_modifier(Modifier::REVERSED),
            ins: plain.fg(blue),
            outs: plain.fg(orange),
            both: plain.fg(violet),
            odin: bold.fg(teal),
            baseline: dim,
            cursor: bold.fg(magenta),
            better: plain.fg(teal),
            worse: plain.fg(red),
            warning: bold.fg(orange),
            error: bold.fg(red),
        }
    }
}
