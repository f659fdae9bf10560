//! Sessions on disk.
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::de::DeserializeOwned;

use super::check::check;
use super::error::SessionError;
use super::migration::migrate;
use super::schema::Session;
use crate::files;
use odin_datasets::nearest;

/// Bytes that no session exceeds; a longer file was named by mistake.
const MAX_FILE: u64 = 1 << 20;

/// The text of a session file.
pub(super) fn read(path: &Path) -> Result<String, SessionError> {
    let failed = |source| SessionError::Read {
        path: path.to_owned(),
        source,
    };
    let refused = |why: &str| failed(io::Error::new(io::ErrorKind::InvalidData, why.to_owned()));
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(refused("it is no file"));
    }
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() as u64 > MAX_FILE => Err(refused("longer than any session (1 MiB): is it one?")),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(refused("it is no text (UTF-8): is it a session?"))
        }
        Err(error) => Err(failed(error)),
    }
}

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

impl Session {
    /// Reads a session file.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else than the schema allows: then with its line and column.
    pub fn load(path: &Path) -> Result<Self, SessionError> {
        Self::parse(&read(path)?, path)
    }

    /// Reads a session from text, of this version of the schema or an older one; `path` is for messages only.
    ///
    /// # Errors
    /// As [`Session::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, SessionError> {
        let session: Self = parse(text, path)?;
        check(&session, text, path)?;
        Ok(migrate(session))
    }

    pub(super) fn to_yaml(&self, path: &Path) -> Result<String, SessionError> {
        serde_yaml::to_string(self).map_err(|error| SessionError::Encode {
            path: path.to_owned(),
            message: error.to_string(),
        })
    }

    /// Writes the session in place of the file, all of it or nothing. Comments at the head of the file stay.
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), SessionError> {
        let body = self.to_yaml(path)?;
        let head = match fs::read_to_string(path) {
            Ok(text) => head_comment(&text).to_owned(),
            Err(_) => String::new(),
        };
        Self::replace(path, &head, &body)
    }

    /// As [`Session::save`], with these lines as comments at the head of the file.
    ///
    /// # Errors
    /// As [`Session::save`].
    pub fn save_with_head(&self, path: &Path, lines: &[String]) -> Result<(), SessionError> {
        Self::replace(path, &comment(lines), &self.to_yaml(path)?)
    }

    /// The session as the text of a file, with these lines as comments at its head.
    ///
    /// # Errors
    /// A value has no form in YAML.
    pub fn to_text(&self, lines: &[String]) -> Result<String, SessionError> {
        Ok(comment(lines) + &self.to_yaml(Path::new("standard output"))?)
    }

    fn replace(path: &Path, head: &str, body: &str) -> Result<(), SessionError> {
        files::write_whole(path, |file| {
            file.write_all(head.as_bytes())?;
            file.write_all(body.as_bytes())
        })
        .map_err(|source| SessionError::Save {
            path: path.to_owned(),
            source,
        })
    }
}

fn comment(lines: &[String]) -> String {
    let plain = |line: &String| line.chars().filter(|c| !c.is_control()).collect::<String>();
    lines.iter().map(|line| format!("# {}\n", plain(line))).collect()
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
        message,
    }
}

/// For a key or a choice that the schema lacks, the one that may have been meant.
fn meant(message: &str) -> Option<String> {
    let (_, rest) = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("unknown variant `"))?;
    let (unknown, rest) = rest.split_once('`')?;
    let known: Vec<String> = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let near = nearest(unknown, &known);
    (!near.is_empty()).then(|| format!("; did you mean {}?", near.join(" or ")))
}

/// The comments and empty lines before the first line of YAML.
fn head_comment(text: &str) -> &str {
    let end = text
        .split_inclusive('\n')
        .take_while(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        .map(str::len)
        .sum();
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
