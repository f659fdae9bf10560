//! Pictures in pixels, on terminals that can: by the protocols of kitty, of iTerm2, or as sixels.
//!
//! Below every picture the frame has it in half blocks. So a cell that stops being part of a picture is always written
//! anew, which takes away what was over it; and a terminal that turns out not to understand shows the half blocks.
mod sixel;

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use ratatui::layout::Rect;

use crate::engine::protocol::Pixels;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Graphics {
    Kitty,
    Iterm2,
    Sixel,
}

impl Graphics {
    /// What the environment of this process says that the terminal can.
    pub fn detect() -> Option<Self> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Of any environment. The terminal itself is not asked: its answer would come between a person's first keys.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let get = |name| variable(name).filter(|value| !value.is_empty());
        match get("ODIN_PIXELS").as_deref() {
            Some("kitty") => return Some(Self::Kitty),
            Some("iterm2") => return Some(Self::Iterm2),
            Some("sixel") => return Some(Self::Sixel),
            Some("off") => return None,
            _ => {}
        }
        // A multiplexer draws cells of its own, and passes on nothing that it does not know.
        if get("TMUX").is_some() || get("STY").is_some() {
            return None;
        }
        let term = get("TERM").unwrap_or_default();
        let program = get("TERM_PROGRAM").unwrap_or_default();
        let is_kitty = get("KITTY_WINDOW_ID").is_some()
            || ["xterm-kitty", "xterm-ghostty"].contains(&term.as_str())
            || program == "ghostty";
        // Over SSH only some variables come along; LC_* often do.
        let is_iterm = ["iTerm.app", "WezTerm"].contains(&program.as_str())
            || get("LC_TERMINAL").as_deref() == Some("iTerm2");
        if is_kitty {
            Some(Self::Kitty)
        } else if is_iterm {
            Some(Self::Iterm2)
        } else if ["foot", "mlterm", "contour"]
            .iter()
            .any(|name| term.starts_with(name))
        {
            Some(Self::Sixel)
        } else {
            None
        }
    }
}

/// What is on the terminal, picture by picture.
#[derive(Debug)]
pub struct Pictures {
    graphics: Option<Graphics>,
    shown: Vec<(u32, Rect, Pixels)>,
    /// kitty knows a picture by a number.
    next: u32,
}

impl Pictures {
    pub fn new(graphics: Option<Graphics>) -> Self {
        Self {
            graphics,
            shown: Vec::new(),
            next: 1,
        }
    }

    pub fn graphics(&self) -> Option<Graphics> {
        self.graphics
    }

    /// What the terminal must be sent to show these and no others, over cells of so many pixels (width, height); nothing
    /// where it shows them already.
    pub fn show(&mut self, wanted: &[(Rect, Pixels)], cell: Option<(u16, u16)>) -> String {
        let mut out = String::new();
        let Some(graphics) = self.graphics else {
            return out;
        };
        self.shown.retain(|(number, area, pixels)| {
            let stays = wanted
                .iter()
                .any(|(rect, wanted)| rect == area && wanted == pixels);
            if !stays && graphics == Graphics::Kitty {
                let _ = write!(out, "\x1b_Ga=d,d=I,i={number},q=2\x1b\\");
            }
            stays
        });
        for (area, pixels) in wanted {
            let is_shown = self
                .shown
                .iter()
                .any(|(_, rect, shown)| rect == area && shown == pixels);
            let is_whole = pixels.rgb.len() == 3 * usize::from(pixels.width) * usize::from(pixels.height);
            if is_shown || !is_whole || area.is_empty() || pixels.rgb.is_empty() {
                continue;
            }
            let picture = match graphics {
                Graphics::Kitty => kitty(self.next, *area, pixels),
                Graphics::Iterm2 => iterm2(*area, pixels),
                Graphics::Sixel => cell.and_then(|cell| sixel::encode(*area, pixels, cell)),
            };
            if let Some(picture) = picture {
                let _ = write!(out, "\x1b[{};{}H{picture}", area.y + 1, area.x + 1);
                self.shown.push((self.next, *area, pixels.clone()));
                self.next = self.next.wrapping_add(1).max(1);
            }
        }
        out
    }

    /// What is on the terminal is not known any more.
    pub fn forget(&mut self) -> &'static str {
        self.shown.clear();
        match self.graphics {
            Some(Graphics::Kitty) => "\x1b_Ga=d,d=A,q=2\x1b\\",
            _ => "",
        }
    }
}

/// A PNG in pieces of 4,096 characters; the terminal scales it to the cells. q=2: no answers.
fn kitty(number: u32, area: Rect, pixels: &Pixels) -> Option<String> {
    let data = BASE64.encode(png(pixels)?);
    let mut out = String::new();
    let mut rest = data.as_str();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(4096));
        let more = u8::from(!after.is_empty());
        let _ = if out.is_empty() {
            write!(
                out,
                "\x1b_Ga=T,f=100,i={number},c={},r={},C=1,q=2,m={more};{piece}\x1b\\",
                area.width, area.height
            )
        } else {
            write!(out, "\x1b_Gm={more},q=2;{piece}\x1b\\")
        };
        rest = after;
    }
    Some(out)
}

/// A PNG, scaled to the cells.
fn iterm2(area: Rect, pixels: &Pixels) -> Option<String> {
    let png = png(pixels)?;
    Some(format!(
        "\x1b]1337;File=inline=1;size={};width={};height={};preserveAspectRatio=0;doNotMoveCursor=1:{}\x07",
        png.len(),
        area.width,
        area.height,
        BASE64.encode(&png)
    ))
}

/// Made quickly: plots of few colours become small all the same.
fn png(pixels: &Pixels) -> Option<Vec<u8>> {
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::NoFilter);
    let (width, height) = (u32::from(pixels.width), u32::from(pixels.height));
    encoder
        .write_image(&pixels.rgb, width, height, ExtendedColorType::Rgb8)
        .ok()?;
    Some(png)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(side: u16, seed: u8) -> Pixels {
        let count = usize::from(side) * usize::from(side) * 3;
        Pixels {
            height: side,
            width: side,
            rgb: (0..count).map(|n| (n as u8).wrapping_mul(seed)).collect(),
        }
    }

    fn of(variables: &[(&str, &str)]) -> Option<Graphics> {
        Graphics::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_tells_what_the_terminal_can() {
        assert_eq!(of(&[("TERM", "xterm-kitty")]), Some(Graphics::Kitty));
        assert_eq!(
            of(&[("TERM_PROGRAM", "WezTerm"), ("TERM", "xterm-256color")]),
            Some(Graphics::Iterm2)
        );
        assert_eq!(of(&[("LC_TERMINAL", "iTerm2")]), Some(Graphics::Iterm2));
        assert_eq!(of(&[("TERM", "foot-extra")]), Some(Graphics::Sixel));
        assert_eq!(of(&[("TERM", "xterm-256color")]), None);
        assert_eq!(of(&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/x")]), None);
        assert_eq!(
            of(&[("TERM", "xterm"), ("ODIN_PIXELS", "sixel"), ("TMUX", "/x")]),
            Some(Graphics::Sixel)
        );
        assert_eq!(of(&[("TERM", "xterm-kitty"), ("ODIN_PIXELS", "off")]), None);
    }

    #[test]
    fn what_is_shown_already_is_not_sent_again() {
        let (left, right) = (Rect::new(2, 3, 10, 5), Rect::new(20, 3, 10, 5));
        let mut pictures = Pictures::new(Some(Graphics::Kitty));
        let both = [(left, picture(32, 3)), (right, picture(8, 5))];
        let first = pictures.show(&both, None);
        assert!(
            first.starts_with("\x1b[4;3H\x1b_Ga=T,f=100,i=1,c=10,r=5,"),
            "{first}"
        );
        // What was encoded is what was there, in whatever pieces.
        let pieces = first.split("\x1b[4;21H").next().unwrap().split("\x1b\\");
        let data: String = pieces
            .filter_map(|piece| piece.split_once(';'))
            .map(|(_, data)| data)
            .collect();
        let data = data.rsplit_once(';').map_or(data.as_str(), |(_, data)| data);
        let png = image::load_from_memory(&BASE64.decode(data).unwrap()).unwrap();
        assert_eq!(png.to_rgb8().into_raw(), both[0].1.rgb);
        assert_eq!(pictures.show(&both, None), "");
        let other = [(left, picture(32, 3)), (right, picture(8, 7))];
        let changed = pictures.show(&other, None);
        assert!(changed.starts_with("\x1b_Ga=d,d=I,i=2,q=2\x1b\\\x1b[4;21H") && !changed.contains("i=1,"));
        assert_eq!(pictures.show(&[], None).matches("a=d").count(), 2);
        assert!(pictures.forget().contains("d=A"));
        assert_eq!(Pictures::new(None).show(&both, Some((8, 16))), "");
    }

    #[test]
    fn iterm2_gets_a_png_that_reads_back() {
        let mut pictures = Pictures::new(Some(Graphics::Iterm2));
        let wanted = [(Rect::new(0, 0, 4, 2), picture(16, 9))];
        let sent = pictures.show(&wanted, None);
        let data = sent.trim_end_matches('\x07').rsplit_once(':').unwrap().1;
        let png = image::load_from_memory(&BASE64.decode(data).unwrap()).unwrap();
        assert_eq!(png.to_rgb8().into_raw(), wanted[0].1.rgb);
        let broken = Pixels {
            rgb: vec![0; 5],
            ..picture(16, 9)
        };
        assert_eq!(pictures.show(&[(Rect::new(9, 9, 2, 2), broken)], None), "");
    }
}
