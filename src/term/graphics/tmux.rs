//! Through tmux to the terminal: what tmux tells of both, and how sequences pass it (tmux(1), `allow-passthrough`).
use std::process::{Command, Stdio};

use super::protocol::Protocol;

/// What `tmux display-message` is asked for; what may hold anything comes last.
const FORMAT: &str = "#{allow-passthrough}|#{focus-events}|#{pane_top}|#{pane_left}|#{status}|#{status-position}|#{client_termname}|#{client_termtype}";
/// tmux gives up on a sequence that is longer than 1 MiB.
const LONGEST: usize = 1_000_000;

/// Which sequences tmux passes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passthrough {
    Off,
    /// Those of a pane that can be seen; the others are dropped.
    Visible,
    All,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tmux {
    passthrough: Passthrough,
    /// Whether a program hears that its pane has the focus again, after which it can send what was dropped.
    tells_focus: bool,
    /// Row and column of the terminal, from 0, at which the pane begins.
    origin: (u16, u16),
    /// The terminal by its terminfo name, and by the name that it gave itself.
    terminal: (String, String),
}

impl Tmux {
    /// Asks the tmux in whose pane this process runs; `None` where it does not answer.
    pub(crate) fn ask() -> Option<Self> {
        let mut command = Command::new("tmux");
        command.args(["display-message", "-p"]);
        if let Some(pane) = std::env::var_os("TMUX_PANE") {
            command.arg("-t").arg(pane);
        }
        let output = command.arg(FORMAT).stdin(Stdio::null()).output().ok()?;
        Self::from_answer(std::str::from_utf8(&output.stdout).ok()?)
    }

    /// Where the pane is now: it may have been moved.
    pub(crate) fn look_again(&mut self) {
        if let Some(now) = Self::ask() {
            self.origin = now.origin;
        }
    }

    pub(super) fn from_answer(answer: &str) -> Option<Self> {
        let fields: Vec<&str> = answer.trim_end().splitn(8, '|').collect();
        let &[passthrough, focus, top, left, status, position, name, version] = fields.as_slice() else {
            return None;
        };
        let passthrough = match passthrough {
            "all" | "2" => Passthrough::All,
            "off" | "0" => Passthrough::Off,
            // Before 3.3 there was no such option, and everything was passed on.
            _ => Passthrough::Visible,
        };
        // The pane is counted from below a status line at the top.
        let above = match (position, status) {
            ("top", "on") => 1,
            ("top", lines) => lines.parse().unwrap_or(0),
            _ => 0,
        };
        let top: u16 = top.parse().ok()?;
        Some(Self {
            passthrough,
            tells_focus: ["1", "on"].contains(&focus),
            origin: (top.saturating_add(above), left.parse().ok()?),
            terminal: (name.to_owned(), version.to_lowercase()),
        })
    }

    /// What the terminal can, by its name.
    pub(crate) fn terminal(&self) -> Option<Protocol> {
        let (name, version) = &self.terminal;
        let is = |known: &str| name.contains(known) || version.starts_with(known);
        if is("kitty") || is("ghostty") {
            Some(Protocol::Kitty)
        } else if is("iterm2") || is("wezterm") {
            Some(Protocol::Iterm2)
        } else if is("foot") || is("mlterm") || is("contour") {
            Some(Protocol::Sixel)
        } else {
            None
        }
    }

    /// Whether pictures of this kind reach the terminal. kitty's take the place of what is below them: one that was dropped
    /// while the pane was hidden must be sent again, so the return of the focus has to be told.
    pub(crate) fn passes(&self, protocol: Protocol) -> bool {
        match self.passthrough {
            Passthrough::Off => false,
            Passthrough::Visible => protocol != Protocol::Kitty || self.tells_focus,
            Passthrough::All => true,
        }
    }

    /// A sequence that tmux hands to the terminal as it is; `None` where it is too long for that.
    pub(crate) fn pass(&self, sequence: &str) -> Option<String> {
        let passed = format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"));
        (passed.len() <= LONGEST).then_some(passed)
    }

    /// A picture at a cell of the pane. Where tmux has the terminal's cursor is not known: the position is that of the
    /// terminal, and the cursor is put back.
    pub(crate) fn pass_at(&self, (x, y): (u16, u16), picture: &str) -> Option<String> {
        let (top, left) = self.origin;
        let (row, column) = (
            u32::from(top) + u32::from(y) + 1,
            u32::from(left) + u32::from(x) + 1,
        );
        self.pass(&format!("\x1b7\x1b[{row};{column}H{picture}\x1b8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Tmux {
        Tmux::from_answer(text).unwrap()
    }

    #[test]
    fn tmux_tells_where_the_pane_is_and_what_the_terminal_can() {
        let kitty = answer("all|0|3|51|on|top|xterm-kitty|kitty(0.36.4)\n");
        assert_eq!((kitty.origin, kitty.terminal()), ((4, 51), Some(Protocol::Kitty)));
        let iterm = answer("1|1|0|0|2|bottom|xterm-256color|iTerm2 3.5.4\n");
        assert_eq!((iterm.origin, iterm.terminal()), ((0, 0), Some(Protocol::Iterm2)));
        assert_eq!(answer("on|1|0|0|2|top|foot|").origin, (2, 0));
        assert_eq!(
            answer("on|1|0|0|on|top|xterm-256color|XTerm(390)").terminal(),
            None
        );
        assert_eq!(Tmux::from_answer("no server running"), None);
        assert_eq!(Tmux::from_answer(""), None);
    }

    #[test]
    fn what_would_be_lost_in_a_hidden_pane_is_not_sent() {
        let passes = |options: &str| {
            let tmux = answer(&format!("{options}|0|0|on|bottom|xterm-kitty|"));
            [Protocol::Kitty, Protocol::Iterm2, Protocol::Sixel].map(|protocol| tmux.passes(protocol))
        };
        assert_eq!(passes("0|1"), [false; 3]);
        assert_eq!(passes("1|0"), [false, true, true]);
        assert_eq!(passes("on|1"), [true; 3]);
        assert_eq!(passes("all|0"), [true; 3]);
        assert_eq!(passes("|1"), [true; 3], "before tmux 3.3");
    }

    #[test]
    fn escapes_are_doubled_and_places_are_those_of_the_terminal() {
        let tmux = answer("on|1|2|10|on|top|foot|");
        assert_eq!(
            tmux.pass("\x1b_Ga\x1b\\").unwrap(),
            "\x1bPtmux;\x1b\x1b_Ga\x1b\x1b\\\x1b\\"
        );
        let placed = tmux.pass_at((4, 6), "\x1bPq~\x1b\\").unwrap();
        assert_eq!(
            placed,
            "\x1bPtmux;\x1b\x1b7\x1b\x1b[10;15H\x1b\x1bPq~\x1b\x1b\\\x1b\x1b8\x1b\\"
        );
        assert_eq!(tmux.pass(&"x".repeat(LONGEST)), None);
    }
}
