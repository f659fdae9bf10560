//! Colours by meaning. Nearly everyone can tell blue from orange. The background is the terminal's own, unless the settings
//! name one.
use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Serialize};

use super::colour::{self, Colours};
use crate::app::ThemeName;

/// What a colour is for; each can be chosen in the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Background,
    Text,
    Dim,
    Accent,
    Ins,
    Outs,
    Both,
    Odin,
    Baseline,
    Pinned,
    Cursor,
    Better,
    Worse,
    Warning,
    Error,
}

impl Role {
    pub const ALL: [Self; 15] = [
        Self::Background,
        Self::Text,
        Self::Dim,
        Self::Accent,
        Self::Ins,
        Self::Outs,
        Self::Both,
        Self::Odin,
        Self::Baseline,
        Self::Pinned,
        Self::Cursor,
        Self::Better,
        Self::Worse,
        Self::Warning,
        Self::Error,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Background => "background",
            Self::Text => "text",
            Self::Dim => "dim",
            Self::Accent => "accent",
            Self::Ins => "ins",
            Self::Outs => "outs",
            Self::Both => "both",
            Self::Odin => "odin",
            Self::Baseline => "baseline",
            Self::Pinned => "pinned",
            Self::Cursor => "cursor",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    /// Whether sets and curves can be told apart by colour alone.
    pub has_colour: bool,
    /// Under everything.
    pub background: Style,
    pub text: Style,
    pub dim: Style,
    pub title: Style,
    pub accent: Style,
    pub selected: Style,
    pub ins: Style,
    pub outs: Style,
    /// Where both sets have images.
    pub both: Style,
    /// The detector on screen.
    pub odin: Style,
    pub baseline: Style,
    /// The pinned setting, which others are compared with.
    pub pinned: Style,
    pub cursor: Style,
    pub better: Style,
    pub worse: Style,
    pub warning: Style,
    pub error: Style,
}

/// A colour on a terminal with true colour, with 256 colours and with 16.
type Shade = ((u8, u8, u8), u8, Color);

/// The colours of a theme.
struct Shades {
    blue: Shade,
    orange: Shade,
    grey: Shade,
    violet: Shade,
    magenta: Shade,
    teal: Shade,
    red: Shade,
    gold: Shade,
}

impl Shades {
    const AUTO: Self = Self {
        blue: ((74, 144, 226), 68, Color::LightBlue),
        orange: ((230, 130, 40), 172, Color::Yellow),
        grey: ((140, 140, 140), 245, Color::DarkGray),
        violet: ((158, 138, 150), 246, Color::Gray),
        magenta: ((212, 90, 190), 170, Color::LightMagenta),
        teal: ((30, 160, 140), 36, Color::Cyan),
        red: ((220, 70, 60), 167, Color::LightRed),
        gold: ((190, 150, 30), 136, Color::Yellow),
    };
    const DARK: Self = Self {
        blue: ((97, 165, 255), 75, Color::LightBlue),
        orange: ((255, 158, 74), 215, Color::LightYellow),
        grey: ((150, 152, 160), 247, Color::DarkGray),
        violet: ((184, 168, 178), 249, Color::Gray),
        magenta: ((240, 120, 215), 212, Color::LightMagenta),
        teal: ((60, 205, 180), 79, Color::LightCyan),
        red: ((255, 107, 97), 203, Color::LightRed),
        gold: ((235, 203, 80), 221, Color::LightYellow),
    };
    const LIGHT: Self = Self {
        blue: ((20, 92, 190), 26, Color::Blue),
        orange: ((190, 84, 0), 130, Color::Red),
        grey: ((104, 106, 112), 242, Color::DarkGray),
        violet: ((126, 104, 118), 96, Color::DarkGray),
        magenta: ((168, 32, 140), 126, Color::Magenta),
        teal: ((0, 116, 98), 29, Color::Green),
        red: ((190, 30, 30), 124, Color::Red),
        gold: ((134, 100, 0), 94, Color::Yellow),
    };
}

impl Theme {
    pub fn new(name: ThemeName, colours: Colours) -> Self {
        let colours = if name == ThemeName::Mono {
            Colours::None
        } else {
            colours
        };
        let shades = match name {
            ThemeName::Auto | ThemeName::Mono => Shades::AUTO,
            ThemeName::Dark => Shades::DARK,
            ThemeName::Light => Shades::LIGHT,
        };
        let pick = |(rgb, index, basic): Shade| match colours {
            Colours::None => Color::Reset,
            Colours::Sixteen => basic,
            Colours::Indexed => Color::Indexed(index),
            Colours::True => Color::Rgb(rgb.0, rgb.1, rgb.2),
        };
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let mono = colours == Colours::None;
        let dim = if mono {
            plain.add_modifier(Modifier::DIM)
        } else {
            plain.fg(pick(shades.grey))
        };
        Self {
            has_colour: !mono,
            background: plain,
            text: plain,
            dim,
            title: bold,
            accent: bold.fg(pick(shades.blue)),
            selected: plain.add_modifier(Modifier::REVERSED),
            ins: plain.fg(pick(shades.blue)),
            outs: plain.fg(pick(shades.orange)),
            both: plain.fg(pick(shades.violet)),
            odin: bold.fg(pick(shades.teal)),
            baseline: dim,
            pinned: bold.fg(pick(shades.gold)),
            cursor: bold.fg(pick(shades.magenta)),
            better: plain.fg(pick(shades.teal)),
            worse: plain.fg(pick(shades.red)),
            warning: bold.fg(pick(shades.orange)),
            error: bold.fg(pick(shades.red)),
        }
    }

    /// Takes a colour from the settings, or the nearest one that the terminal has; nothing changes on a terminal without
    /// colours.
    pub fn set(&mut self, role: Role, colour: Color, colours: Colours) {
        if !self.has_colour {
            return;
        }
        let colour = colour::nearest(colour, colours);
        let style = match role {
            Role::Background => {
                self.background = self.background.bg(colour);
                return;
            }
            Role::Text => {
                self.background = self.background.fg(colour);
                self.title = self.title.fg(colour);
                &mut self.text
            }
            Role::Dim => &mut self.dim,
            Role::Accent => &mut self.accent,
            Role::Ins => &mut self.ins,
            Role::Outs => &mut self.outs,
            Role::Both => &mut self.both,
            Role::Odin => &mut self.odin,
            Role::Baseline => &mut self.baseline,
            Role::Pinned => &mut self.pinned,
            Role::Cursor => &mut self.cursor,
            Role::Better => &mut self.better,
            Role::Worse => &mut self.worse,
            Role::Warning => &mut self.warning,
            Role::Error => &mut self.error,
        };
        *style = style.fg(colour);
    }
}
