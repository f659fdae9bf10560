//! Which pictures the terminal can show, as the environment and tmux tell.
use super::protocol::Protocol;
use super::tmux::Tmux;

/// How pictures reach the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Graphics {
    pub protocol: Protocol,
    /// The tmux between this program and the terminal, where there is one that passes pictures on.
    pub tmux: Option<Tmux>,
}

impl Graphics {
    /// What the environment of this process says that the terminal can, and tmux where the dashboard runs in it.
    pub(crate) fn detect() -> Option<Self> {
        Self::from_variables(|name| std::env::var(name).ok(), Tmux::ask)
    }

    /// Of any environment. The terminal itself is not asked: its answer would come between a person's first keys.
    /// `ask_tmux` is called where the environment names a tmux.
    pub(crate) fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
        ask_tmux: impl FnOnce() -> Option<Tmux>,
    ) -> Option<Self> {
        let get = |name| variable(name).filter(|value| !value.is_empty());
        let chosen = match get("ODIN_PIXELS").as_deref() {
            Some("kitty") => Some(Protocol::Kitty),
            Some("iterm2") => Some(Protocol::Iterm2),
            Some("sixel") => Some(Protocol::Sixel),
            Some("off") => return None,
            _ => None,
        };
        if get("TMUX").is_none() {
            let protocol = chosen.or_else(|| outside_tmux(get))?;
            return Some(Self { protocol, tmux: None });
        }
        let tmux = ask_tmux();
        let Some(protocol) = chosen.or_else(|| tmux.as_ref()?.terminal()) else {
            tracing::debug!(?tmux, "tmux names no terminal that shows pictures");
            return None;
        };
        let passing = tmux.filter(|tmux| tmux.passes(protocol));
        if passing.is_none() && protocol != Protocol::Sixel {
            tracing::debug!(
                "no pictures: tmux's allow-passthrough is off, or pictures would be lost in hidden windows"
            );
            return None;
        }
        // Some builds of tmux take sixels and place them themselves: a person who chose them gets them as they are.
        (passing.is_some() || chosen.is_some()).then_some(Self {
            protocol,
            tmux: passing,
        })
    }
}

fn outside_tmux(get: impl Fn(&'static str) -> Option<String>) -> Option<Protocol> {
    // GNU screen draws cells of its own, and passes on nothing that it does not know.
    if get("STY").is_some() {
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
        Some(Protocol::Kitty)
    } else if is_iterm {
        Some(Protocol::Iterm2)
    } else if ["foot", "mlterm", "contour"]
        .iter()
        .any(|name| term.starts_with(name))
    {
        Some(Protocol::Sixel)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(variables: &[(&str, &str)], tmux: &str) -> Option<Graphics> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Graphics::from_variables(variable, || Tmux::from_answer(tmux))
    }

    fn of(variables: &[(&str, &str)]) -> Option<Protocol> {
        asking(variables, "no answer").map(|graphics| graphics.protocol)
    }

    #[test]
    fn the_environment_tells_what_the_terminal_can() {
        assert_eq!(of(&[("TERM", "xterm-kitty")]), Some(Protocol::Kitty));
        assert_eq!(
            of(&[("TERM_PROGRAM", "WezTerm"), ("TERM", "xterm-256color")]),
            Some(Protocol::Iterm2)
        );
        assert_eq!(of(&[("LC_TERMINAL", "iTerm2")]), Some(Protocol::Iterm2));
        assert_eq!(of(&[("TERM", "foot-extra")]), Some(Protocol::Sixel));
        assert_eq!(of(&[("TERM", "xterm-256color")]), None);
        assert_eq!(of(&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/x")]), None);
        assert_eq!(
            of(&[("TERM", "xterm"), ("ODIN_PIXELS", "sixel"), ("TMUX", "/x")]),
            Some(Protocol::Sixel)
        );
        assert_eq!(of(&[("TERM", "xterm-kitty"), ("ODIN_PIXELS", "off")]), None);
    }

    #[test]
    fn in_tmux_it_is_tmux_that_tells() {
        let tmux = [
            ("TMUX", "/tmp/x"),
            ("TERM", "tmux-256color"),
            ("KITTY_WINDOW_ID", "1"),
        ];
        let kitty = asking(&tmux, "all|0|0|0|on|bottom|xterm-kitty|").unwrap();
        assert!(kitty.protocol == Protocol::Kitty && kitty.tmux.is_some());
        // The variable may be that of a terminal from which tmux was started once.
        assert_eq!(
            asking(&tmux, "all|0|0|0|on|bottom|xterm-256color|XTerm(390)"),
            None
        );
        assert_eq!(asking(&tmux, "off|1|0|0|on|bottom|xterm-kitty|"), None);
        let chosen = [tmux[0], ("ODIN_PIXELS", "iterm2")];
        assert!(
            asking(&chosen, "on|0|0|0|on|bottom|xterm|")
                .unwrap()
                .tmux
                .is_some()
        );
        assert_eq!(asking(&chosen, "off|0|0|0|on|bottom|xterm|"), None);
        let sixel = [tmux[0], ("ODIN_PIXELS", "sixel")];
        assert_eq!(
            asking(&sixel, "off|0|0|0|on|bottom|xterm|").unwrap().tmux,
            None,
            "tmux's own"
        );
    }
}
