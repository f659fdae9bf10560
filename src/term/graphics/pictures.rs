//! What is on the terminal, picture by picture.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::detect::Graphics;
use super::kitty::{self, Placing};
use super::protocol::Protocol;
use super::{iterm2, sixel};
use odin_core::protocol::Pixels;

#[derive(Debug)]
pub(crate) struct Pictures {
    graphics: Option<Graphics>,
    shown: Vec<(u32, Rect, Pixels)>,
    /// How many pictures were sent: kitty knows them by a number.
    sent: u32,
}

impl Pictures {
    pub(crate) fn new(graphics: Option<Graphics>) -> Self {
        Self {
            graphics,
            shown: Vec::new(),
            sent: 0,
        }
    }

    pub(crate) fn protocol(&self) -> Option<Protocol> {
        Some(self.graphics.as_ref()?.protocol)
    }

    /// Whether the terminal is reached through tmux.
    pub(crate) fn is_in_tmux(&self) -> bool {
        self.graphics
            .as_ref()
            .is_some_and(|graphics| graphics.tmux.is_some())
    }

    /// What the terminal must be sent before a frame's cells, to which the pictures then belong: kitty's in tmux. Nothing
    /// where it has them already, and for all others.
    pub(crate) fn place(&mut self, wanted: &[(Rect, Pixels)], cells: &mut Buffer) -> String {
        let mut out = String::new();
        let Some(Graphics {
            protocol: Protocol::Kitty,
            tmux: Some(tmux),
        }) = self.graphics.clone()
        else {
            return out;
        };
        let pass = |sequence: &str| tmux.pass(sequence).unwrap_or_default();
        self.forget_others(wanted, |number| out += &pass(&kitty::delete(number)));
        for (area, pixels) in wanted.iter().filter(|(area, pixels)| is_whole(*area, pixels)) {
            if let Some(number) = self.number_of(*area, pixels) {
                kitty::place(number, *area, cells);
                continue;
            }
            let number = self.free_number();
            let Some(pieces) = kitty::transmit(number, *area, pixels, Placing::Cells) else {
                continue;
            };
            if kitty::place(number, *area, cells) {
                out.extend(pieces.iter().map(|piece| pass(piece)));
                self.shown.push((number, *area, pixels.clone()));
            }
        }
        out
    }

    /// What the terminal must be sent after a frame's cells, to show these pictures and no others over cells of so many
    /// pixels (width, height); nothing where it shows them already.
    pub(crate) fn show(&mut self, wanted: &[(Rect, Pixels)], cell: Option<(u16, u16)>) -> String {
        let mut out = String::new();
        let Some(Graphics { protocol, tmux }) = self.graphics.clone() else {
            return out;
        };
        if protocol == Protocol::Kitty && tmux.is_some() {
            return out;
        }
        self.forget_others(wanted, |number| {
            if protocol == Protocol::Kitty {
                out += &kitty::delete(number);
            }
        });
        for (area, pixels) in wanted.iter().filter(|(area, pixels)| is_whole(*area, pixels)) {
            if self.number_of(*area, pixels).is_some() {
                continue;
            }
            let number = self.free_number();
            let picture = match protocol {
                Protocol::Kitty => {
                    kitty::transmit(number, *area, pixels, Placing::Cursor).map(|pieces| pieces.concat())
                }
                Protocol::Iterm2 => iterm2::encode(*area, pixels),
                Protocol::Sixel => cell.and_then(|cell| sixel::encode(*area, pixels, cell)),
            };
            let placed = picture.and_then(|picture| match &tmux {
                Some(tmux) => tmux.pass_at((area.x, area.y), &picture),
                None => Some(format!("\x1b[{};{}H{picture}", area.y + 1, area.x + 1)),
            });
            if let Some(placed) = placed {
                out += &placed;
                self.shown.push((number, *area, pixels.clone()));
            }
        }
        out
    }

    /// What is on the terminal is not known any more.
    pub(crate) fn forget(&mut self) -> String {
        let shown = std::mem::take(&mut self.shown);
        let Some(Graphics { protocol, tmux }) = &mut self.graphics else {
            return String::new();
        };
        match (protocol, tmux) {
            (Protocol::Kitty, None) => kitty::DELETE_ALL.to_owned(),
            // Those that cells name are taken away one by one.
            (Protocol::Kitty, Some(tmux)) => {
                let delete = |(number, ..): &(u32, Rect, Pixels)| tmux.pass(&kitty::delete(*number));
                shown.iter().filter_map(delete).collect()
            }
            // The cells below are written anew, perhaps in another place.
            (_, Some(tmux)) => {
                tmux.look_again();
                String::new()
            }
            (_, None) => String::new(),
        }
    }

    /// Keeps those that are wanted; `delete` hears of the others.
    fn forget_others(&mut self, wanted: &[(Rect, Pixels)], mut delete: impl FnMut(u32)) {
        self.shown.retain(|(number, area, pixels)| {
            let stays = wanted
                .iter()
                .any(|(rect, wanted)| rect == area && wanted == pixels);
            if !stays {
                delete(*number);
            }
            stays
        });
    }

    fn number_of(&self, area: Rect, pixels: &Pixels) -> Option<u32> {
        let is = |(_, rect, shown): &&(u32, Rect, Pixels)| *rect == area && shown == pixels;
        self.shown.iter().find(is).map(|(number, ..)| *number)
    }

    fn free_number(&mut self) -> u32 {
        loop {
            let number = match self.is_in_tmux() {
                true => kitty::number_for_cells(std::process::id(), self.sent),
                false => self.sent.wrapping_add(1).max(1),
            };
            self.sent = self.sent.wrapping_add(1);
            if self.shown.iter().all(|(shown, ..)| *shown != number) {
                return number;
            }
        }
    }
}

/// Whether there is something to show, with as many bytes as its size says.
fn is_whole(area: Rect, pixels: &Pixels) -> bool {
    !area.is_empty()
        && !pixels.rgb.is_empty()
        && pixels.rgb.len() == 3 * usize::from(pixels.width) * usize::from(pixels.height)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;

    use super::super::tmux::Tmux;
    use super::*;

    fn pictures(protocol: Protocol, tmux: Option<&str>) -> Pictures {
        let tmux = tmux.map(|answer| Tmux::from_answer(answer).unwrap());
        Pictures::new(Some(Graphics { protocol, tmux }))
    }

    fn picture(side: u16, seed: u8) -> Pixels {
        let count = usize::from(side) * usize::from(side) * 3;
        Pixels {
            height: side,
            width: side,
            rgb: (0..count).map(|n| (n as u8).wrapping_mul(seed)).collect(),
        }
    }

    #[test]
    fn what_is_shown_already_is_not_sent_again() {
        let (left, right) = (Rect::new(2, 3, 10, 5), Rect::new(20, 3, 10, 5));
        let mut pictures = pictures(Protocol::Kitty, None);
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
        let mut pictures = pictures(Protocol::Iterm2, None);
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

    const TMUX: &str = "all|1|2|10|on|bottom|xterm-kitty|";

    #[test]
    fn in_tmux_kitty_s_pictures_are_cells() {
        let area = Rect::new(3, 1, 8, 2);
        let mut cells = Buffer::empty(Rect::new(0, 0, 20, 5));
        let mut pictures = pictures(Protocol::Kitty, Some(TMUX));
        let wanted = [(area, picture(64, 3))];
        let sent = pictures.place(&wanted, &mut cells);
        assert!(sent.starts_with("\x1bPtmux;\x1b\x1b_Ga=T,f=100,i="), "{sent}");
        assert!(sent.contains(",c=8,r=2,U=1,") && sent.ends_with("\x1b\x1b\\\x1b\\"));
        // Each piece passes by itself.
        assert_eq!(
            sent.matches("\x1bPtmux;").count(),
            sent.matches("\x1b\x1b_G").count()
        );
        let is_placed = |cells: &Buffer| cells[(3, 2)].symbol().starts_with('\u{10eeee}');
        assert!(is_placed(&cells));
        assert_eq!(pictures.show(&wanted, None), "", "no cursor is moved");
        // The next frame has the cells again, and sends nothing.
        let colour = cells[(3, 2)].fg;
        cells.reset();
        assert_eq!(pictures.place(&wanted, &mut cells), "");
        assert!(is_placed(&cells) && cells[(3, 2)].fg == colour);
        // Another picture has another number; what was there is deleted.
        cells.reset();
        let changed = pictures.place(&[(area, picture(64, 5))], &mut cells);
        assert!(changed.contains("a=d,d=I,i=") && changed.contains("U=1") && cells[(3, 2)].fg != colour);
        cells.reset();
        assert_eq!(pictures.place(&[], &mut cells).matches("a=d,d=I").count(), 1);
        assert!(!is_placed(&cells));
        pictures.place(&wanted, &mut cells);
        assert_eq!(pictures.forget().matches("a=d,d=I").count(), 1);
        // Numbers run out after 255, and none is taken twice.
        for round in 0..300u16 {
            let both = [
                (area, picture(8, 3)),
                (Rect::new(0, 0, 1 + round % 9, 1), picture(8, 3)),
            ];
            pictures.place(&both, &mut cells);
            assert_ne!(pictures.shown[0].0, pictures.shown[1].0);
        }
    }

    #[test]
    fn in_tmux_others_are_put_at_the_terminal_s_own_place() {
        let wanted = [(Rect::new(3, 1, 8, 2), picture(16, 3))];
        for (protocol, begins) in [
            (Protocol::Iterm2, "\x1b\x1b]1337;"),
            (Protocol::Sixel, "\x1b\x1bP"),
        ] {
            let mut pictures = pictures(protocol, Some(TMUX));
            let mut cells = Buffer::empty(Rect::new(0, 0, 20, 5));
            assert_eq!(pictures.place(&wanted, &mut cells), "");
            assert_eq!(cells, Buffer::empty(cells.area));
            let sent = pictures.show(&wanted, Some((8, 16)));
            let place = "\x1bPtmux;\x1b\x1b7\x1b\x1b[4;14H";
            assert!(sent.starts_with(&format!("{place}{begins}")), "{sent}");
            assert!(sent.ends_with("\x1b\x1b8\x1b\\"));
            assert_eq!(pictures.show(&wanted, Some((8, 16))), "");
        }
    }
}
