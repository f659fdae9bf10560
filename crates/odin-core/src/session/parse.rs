//! YAML text as values, with errors in this program's words.
use std::path::Path;

use serde::de::DeserializeOwned;

use super::error::SessionError;
use super::text::harmless;
use odin_datasets::meant;

/// Reads a value from text; `path` is for messages only.
pub(super) fn parse<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, SessionError> {
    if let Some(line) = too_deep(text) {
        return Err(SessionError::Invalid {
            path: path.to_owned(),
            line,
            column: 1,
            message: "nested deeper than any session".to_owned(),
        });
    }
    serde_yaml::from_str(text).map_err(|error| invalid(&error, path))
}

/// The line where brackets or indicators nest deeper than those of any session, if there is one. The parser would take
/// minutes over a file of nothing but brackets.
fn too_deep(text: &str) -> Option<usize> {
    const DEEPEST: usize = 100;
    let mut depth = 0usize;
    for (n, line) in text.lines().enumerate() {
        let indicators = line
            .split(' ')
            .take_while(|word| matches!(*word, "" | "-" | "?" | ":"));
        if indicators.filter(|word| !word.is_empty()).count() > DEEPEST {
            return Some(n + 1);
        }
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEEPEST {
                return Some(n + 1);
            }
        }
    }
    None
}

/// The parser's error in this program's words, with its place in front.
fn invalid(error: &serde_yaml::Error, path: &Path) -> SessionError {
    let message = error.to_string();
    let (line, column) = error
        .location()
        .map_or((1, 1), |place| (place.line(), place.column()));
    // The place goes in front; once is enough.
    let suffix = format!(" at line {line} column {column}");
    let message = message.strip_suffix(&suffix).unwrap_or(&message);
    let message = match message {
        "EOF while parsing a value" => {
            "the file is empty; a session has at least version, name and queues".to_owned()
        }
        "repetition limit exceeded" => {
            "aliases (`*name`) repeat more than any session needs: write the values out".to_owned()
        }
        "recursion limit exceeded" => "nested deeper than any session, or an alias within itself".to_owned(),
        _ if message.contains("more than one document") => {
            "more than one document (`---`): a session is one".to_owned()
        }
        _ => format!("{message}{}", meant(message).unwrap_or_default()),
    };
    SessionError::Invalid {
        path: path.to_owned(),
        line,
        column,
        // An unknown key is repeated in it as it stands.
        message: harmless(&message),
    }
}
