//! Unsaved changes to a session, kept in a file beside it: `NAME.yaml.unsaved`. The session's own file is left alone.
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::SessionError;
use super::schema::Session;
use crate::files;

/// Changes that were not saved when the program ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsaved {
    pub session: Session,
    /// When they were last written.
    pub written: SystemTime,
    /// The session's own file has changed since, by hand or by another program.
    pub outdated: bool,
}

/// Starts the side file's second line; what follows is the hash of the session's own file as it was then.
const BASE: &str = "# of: ";

/// Where the unsaved changes to this session file are kept.
pub fn autosave_path(session: &Path) -> PathBuf {
    // Of what a link points to, as a save replaces that.
    let target = fs::canonicalize(session).unwrap_or_else(|_| session.to_owned());
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".unsaved");
    target.with_file_name(name)
}

impl Session {
    /// Keeps the session in the side file of `preset`, all of it or nothing.
    ///
    /// # Errors
    /// The side file cannot be written; an earlier one then stays whole.
    pub fn autosave(&self, preset: &Path) -> Result<(), SessionError> {
        let path = autosave_path(preset);
        let body = self.to_yaml(&path)?;
        let name = preset.file_name().unwrap_or_default().to_string_lossy();
        let base = digest(preset).unwrap_or_default();
        let head = format!(
            "# Unsaved changes to {name}; odin offers them when it opens that session.\n{BASE}{base}\n"
        );
        files::write_whole(&path, |file| {
            file.write_all(head.as_bytes())?;
            file.write_all(body.as_bytes())
        })
        .map_err(|cause| SessionError::Save { path, cause })
    }
}

/// The unsaved changes to this session file, if there are any.
///
/// # Errors
/// There is a side file that cannot be read, or that holds no session.
pub fn unsaved(preset: &Path) -> Result<Option<Unsaved>, SessionError> {
    let path = autosave_path(preset);
    let read = |cause| SessionError::Read {
        path: path.clone(),
        cause,
    };
    let written = match fs::metadata(&path) {
        Ok(metadata) => metadata.modified().map_err(read)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read(error)),
    };
    let text = super::text::read(&path)?;
    let session = Session::parse(&text, &path)?;
    let base = text.lines().nth(1).and_then(|line| line.strip_prefix(BASE));
    let outdated = base.is_some_and(|base| digest(preset).is_some_and(|now| now != base));
    Ok(Some(Unsaved {
        session,
        written,
        outdated,
    }))
}

/// Forgets the unsaved changes. That there are none is no error.
///
/// # Errors
/// The side file cannot be removed.
pub fn discard_unsaved(preset: &Path) -> Result<(), SessionError> {
    let path = autosave_path(preset);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(SessionError::Save { path, cause: error })
        }
        _ => Ok(()),
    }
}

fn digest(file: &Path) -> Option<String> {
    let bytes = fs::read(file).ok()?;
    Some(blake3::hash(&bytes).to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Magnitude, Temperature};

    const TEXT: &str = "version: 2\nname: x\nqueues: [{name: q, jobs: [{network: a, dataset: b}]}]\n";

    #[test]
    fn changes_are_kept_beside_the_preset_and_offered_once() {
        let folder = tempfile::tempdir().unwrap();
        let preset = folder.path().join("x.yaml");
        fs::write(&preset, TEXT).unwrap();
        assert_eq!(unsaved(&preset).unwrap(), None);
        let mut session = Session::load(&preset).unwrap();
        session.queues[0].jobs[0] =
            session.with_parameters(&session.queues[0].jobs[0], Temperature::ONE, Magnitude::ZERO);
        session.autosave(&preset).unwrap();
        assert_eq!(
            fs::read_to_string(&preset).unwrap(),
            TEXT,
            "never over the preset"
        );
        let found = unsaved(&preset).unwrap().unwrap();
        assert_eq!((&found.session, found.outdated), (&session, false));
        fs::write(&preset, format!("# edited\n{TEXT}")).unwrap();
        assert!(unsaved(&preset).unwrap().unwrap().outdated);
        discard_unsaved(&preset).unwrap();
        discard_unsaved(&preset).unwrap();
        assert_eq!(unsaved(&preset).unwrap(), None);
    }

    #[test]
    fn a_torn_side_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let preset = folder.path().join("x.yaml");
        fs::write(autosave_path(&preset), "version: [").unwrap();
        let error = unsaved(&preset).unwrap_err().to_string();
        assert!(error.contains("x.yaml.unsaved"), "{error}");
    }
}
