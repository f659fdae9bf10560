//! Text from outside, made fit for a terminal: cards, file names, messages of libraries may hold anything. Imports nothing of
//! this crate.
use std::borrow::Cow;
use std::error::Error;

/// The text without escape sequences and without other control characters, except for ends of lines and tabs: a terminal
/// shows it and does nothing else.
pub fn plain(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let text = console::strip_ansi_codes(text);
    Cow::Owned(text.chars().filter(|&c| !steers(c)).collect())
}

/// An error with its causes, each said once: many a message says its cause already.
pub fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let told = cause.to_string();
        if !text.contains(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("s.yaml: {source}; save it as UTF-8")]
    struct Says {
        source: Silent,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("it is no text")]
    struct Silent {
        source: std::io::Error,
    }

    #[test]
    fn a_cause_is_said_once() {
        let source = std::io::Error::other("byte 3 is 0xFF");
        let error = Says {
            source: Silent { source },
        };
        assert_eq!(
            in_words(&error),
            "s.yaml: it is no text; save it as UTF-8: byte 3 is 0xFF"
        );
    }

    #[test]
    fn a_terminal_is_not_steered() {
        assert!(matches!(plain("naïve\t— “text”\n"), Cow::Borrowed(_)));
        assert_eq!(plain("a \x1b[31mred\x1b[0m \x07title\r"), "a red title");
        assert_eq!(plain("\x1b]0;window\x07name\x1b[2J\x1b[1;1H"), "name");
        assert_eq!(plain("cut off \x1b[3"), "cut off ");
        let eight_bit = plain("\u{9b}31mred\u{9d}0;x\u{9c} \x08\x7f\x1b(0\x1bc end");
        assert!(
            !eight_bit.contains(char::is_control) && eight_bit.ends_with("end"),
            "{eight_bit:?}"
        );
    }
}
