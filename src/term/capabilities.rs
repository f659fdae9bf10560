//! What the terminal can show, as the environment tells it.
use crate::ui::{Colours, ThemeName};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    pub colours: Colours,
    /// Whether the locale is UTF-8.
    pub unicode: bool,
    /// The theme that suits the background, where it is known.
    pub background: Option<ThemeName>,
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
        // `15;0`: the background is the last; 7 and 9 to 15 are light.
        let background = get("COLORFGBG").and_then(|pair| pair.rsplit(';').next()?.parse().ok());
        let background = background.map(|colour: u8| match colour {
            7 | 9.. => ThemeName::Light,
            _ => ThemeName::Dark,
        });
        Self {
            colours,
            unicode,
            background,
        }
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

    fn shown(variables: &[(&str, &str)]) -> (Colours, bool) {
        let Capabilities { colours, unicode, .. } = of(variables);
        (colours, unicode)
    }

    #[test]
    fn the_background_may_be_known() {
        let of = |text| of(&[("COLORFGBG", text)]).background;
        assert_eq!(of("15;0"), Some(ThemeName::Dark));
        assert_eq!(of("0;default;15"), Some(ThemeName::Light));
        assert_eq!((of("0;default"), of("")), (None, None));
    }

    #[test]
    fn the_environment_tells_colours_and_glyphs() {
        let modern = [
            ("TERM", "xterm-256color"),
            ("COLORTERM", "truecolor"),
            ("LANG", "en_GB.UTF-8"),
        ];
        assert_eq!(shown(&modern), (Colours::True, true));
        let tmux = [("TERM", "tmux-256color"), ("LC_ALL", "C.utf8")];
        assert_eq!(shown(&tmux), (Colours::Indexed, true));
        assert_eq!(
            shown(&[("TERM", "xterm"), ("LANG", "C")]),
            (Colours::Sixteen, false)
        );
        assert!(!of(&[("TERM", "linux"), ("LANG", "C.UTF-8")]).unicode);
        let quiet = [
            ("NO_COLOR", "1"),
            ("COLORTERM", "truecolor"),
            ("LC_ALL", ""),
            ("LC_CTYPE", "C.UTF-8"),
        ];
        assert_eq!(shown(&quiet), (Colours::None, true));
        assert_eq!(
            of(&[("NO_COLOR", ""), ("TERM", "xterm-direct")]).colours,
            Colours::True
        );
    }
}
