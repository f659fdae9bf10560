//! Sessions on disk.
use std::io::Write;
use std::path::Path;

use super::check::check;
use super::edit::{NotInPlace, edited};
use super::error::SessionError;
use super::migration::migrate;
use super::parse::parse;
use super::schema::Session;
use super::text::{self, BOM};
use crate::files;

/// What a save did to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// There was none.
    New,
    /// What changed was changed where it stood; all else is as it was.
    InPlace,
    /// All of it was written anew, for this reason.
    Anew(NotInPlace),
}

impl Session {
    /// Reads a session file.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else than the schema allows: then with its line and column.
    pub fn load(path: &Path) -> Result<Self, SessionError> {
        Self::parse(&text::read(path)?, path)
    }

    /// Reads a session from text, of this version of the schema or an older one; `path` is for messages only.
    ///
    /// # Errors
    /// As [`Session::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, SessionError> {
        Self::parse_as_is(text, path).map(migrate)
    }

    /// As [`Session::parse`], in the version that the text has.
    pub(super) fn parse_as_is(text: &str, path: &Path) -> Result<Self, SessionError> {
        let text = text.strip_prefix(BOM).unwrap_or(text);
        let session: Self = parse(text, path)?;
        check(&session, text, path)?;
        Ok(session)
    }

    pub(super) fn to_yaml(&self, path: &Path) -> Result<String, SessionError> {
        serde_yaml::to_string(self).map_err(|cause| SessionError::Encode {
            path: path.to_owned(),
            cause,
        })
    }

    /// Writes the session into the file, all of it or nothing. Comments and the style of the YAML stay; see
    /// [`Session::save_over`].
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), SessionError> {
        self.save_over(path).map(drop)
    }

    /// As [`Session::save`], and tells whether what the file held could stay: comments, order, style. Where it could not,
    /// the file is written anew, and of the comments only those at its head stay.
    ///
    /// # Errors
    /// As [`Session::save`].
    pub fn save_over(&self, path: &Path) -> Result<Saved, SessionError> {
        self.save_like(path, path)
    }

    /// As [`Session::save_over`], to another file than the one whose comments, order and style it takes over.
    ///
    /// # Errors
    /// As [`Session::save`].
    pub fn save_like(&self, model: &Path, path: &Path) -> Result<Saved, SessionError> {
        let (saved, head, body) = match text::read_as_is(model) {
            Ok(text) => match self.edited(&text, path) {
                Ok(body) => (Saved::InPlace, String::new(), body),
                Err(why) => (
                    Saved::Anew(why),
                    head_comment(&text).to_owned(),
                    self.to_yaml(path)?,
                ),
            },
            Err(SessionError::NoText { .. }) => (
                Saved::Anew(NotInPlace::NoSession),
                String::new(),
                self.to_yaml(path)?,
            ),
            Err(_) => (Saved::New, String::new(), self.to_yaml(path)?),
        };
        Self::replace(path, &head, &body)?;
        Ok(saved)
    }

    /// The text of a session file with this session in it, where it can be put in place.
    fn edited(&self, text: &str, path: &Path) -> Result<String, NotInPlace> {
        let body = text.strip_prefix(BOM).unwrap_or(text);
        let old = Self::parse_as_is(body, path).map_err(|_| NotInPlace::NoSession)?;
        let new = edited(body, &old, self)?;
        let says = Self::parse_as_is(&new, path).map_err(|_| NotInPlace::Different)?;
        if says != *self {
            return Err(NotInPlace::Different);
        }
        let mark = text.get(..text.len() - body.len()).unwrap_or_default();
        Ok(format!("{mark}{new}"))
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
        .map_err(|cause| SessionError::Save {
            path: path.to_owned(),
            cause,
        })
    }
}

fn comment(lines: &[String]) -> String {
    let plain = |line: &String| line.chars().filter(|c| !c.is_control()).collect::<String>();
    lines.iter().map(|line| format!("# {}\n", plain(line))).collect()
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
