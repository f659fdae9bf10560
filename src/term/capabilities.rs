//! What the terminal can show, as the environment tells it.
use crate::ui::{Colours, Look};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    pub colours: Colours,
    /// Whether the locale is UTF-8.
    pub unicode: bool,
}

impl Capabilities {
    /// Of the environment of this process.
    pub fn detect() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Of any environment; a variable that is empty counts as not set.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| variable(name).filter(|value| !value.is_empty());
        let term = get("TERM").unwrap_or_default();
        let colorterm = get("COLORTERM").unwrap_or_default();
        // no-color.org: any value but the empty one.
        let colours = if get("NO_COLOR").is_some() || term == "dumb" || term.starts_with("vt") {
            Colours::None
        } else if ["truecolor", "24bit"].contains(&colorterm.as_str()) || term.ends_with("-direct") {
            Colours::True
        } else if term.contains("256color") || ["xterm-kitty", "alacritty", "foot"].contains(&term.as_str()) {
            Colours::Indexed
        } else {
            Colours::Sixteen
        };
        let locale = get("LC_ALL")
            .or_else(|| get("LC_CTYPE"))
            .or_else(|| get("LANG"))
            .unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let unicode = (locale.contains("utf-8") || locale.contains("utf8")) && term != "linux";
        Self { colours, unicode }
    }

    pub fn look(self) -> Look {
        Look::new(self.colours, self.unicode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Capabilities {
        Capabilities::from_variables(|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_tells_colours_and_glyphs() {
        let modern = [
            ("TERM", "xterm-256color"),
            ("COLORTERM", "truecolor"),
            ("LANG", "en_GB.UTF-8"),
        ];
        assert_eq!(
            of(&modern),
            Capabilities {
                colours: Colours::True,
                unicode: true
            }
        );
        let tmux = [("TERM", "tmux-256color"), ("LC_ALL", "C.utf8")];
        assert_eq!(
            of(&tmux),
            Capabilities {
                colours: Colours::Indexed,
                unicode: true
            }
        );
        assert_eq!(
            of(&[("TERM", "xterm"), ("LANG", "C")]),
            Capabilities {
                colours: Colours::Sixteen,
                unicode: false
            }
        );
        assert!(!of(&[("TERM", "linux"), ("LANG", "C.UTF-8")]).unicode);
        let quiet = [
            ("NO_COLOR", "1"),
            ("COLORTERM", "truecolor"),
            ("LC_ALL", ""),
            ("LC_CTYPE", "C.UTF-8"),
        ];
        assert_eq!(
            of(&quiet),
            Capabilities {
                colours: Colours::None,
                unicode: true
            }
        );
        assert_eq!(
            of(&[("NO_COLOR", ""), ("TERM", "xterm-direct")]).colours,
            Colours::True
        );
    }
}
