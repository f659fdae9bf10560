//! How the dashboard was left, kept in a hidden file beside the session (`.NAME.yaml.view`) where it was not saved: to look
//! at other things is no change that a person should have to save.
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::SessionError;
use super::view::View;
use crate::files;

/// The file: what was left, and the session's own view at that time.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Left {
    of: View,
    view: View,
}

/// Where it is kept how the dashboard of this session file was left.
fn left_path(session: &Path) -> PathBuf {
    // Of what a link points to, as a save replaces that.
    let target = fs::canonicalize(session).unwrap_or_else(|_| session.to_owned());
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.view"))
}

/// How the dashboard of a session was left; `saved` is the view in the session's file. `None` where it was left as the file
/// has it, where that view has been edited since, and where the side file cannot be read: it is a convenience.
pub fn left(preset: &Path, saved: &View) -> Option<View> {
    let path = left_path(preset);
    let text = fs::read_to_string(&path).ok()?;
    match serde_yaml::from_str::<Left>(&text) {
        Ok(left) => (left.of == *saved).then_some(left.view),
        Err(error) => {
            tracing::debug!(path = %path.display(), %error, "how the dashboard was left cannot be read");
            None
        }
    }
}

/// Keeps how the dashboard of a session was left, all of it or nothing. Where that is as the session's file has it, there is
/// no side file.
///
/// # Errors
/// The side file cannot be written or removed.
pub fn leave(preset: &Path, saved: &View, view: &View) -> Result<(), SessionError> {
    let path = left_path(preset);
    let failed = |cause| SessionError::Save {
        path: path.clone(),
        cause,
    };
    if saved == view {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        };
    }
    let left = Left {
        of: saved.clone(),
        view: view.clone(),
    };
    let body = serde_yaml::to_string(&left).map_err(|cause| SessionError::Encode {
        path: path.clone(),
        cause,
    })?;
    files::write_whole(&path, |file| file.write_all(body.as_bytes())).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Metric, Pinned, Screen, Threshold};
    use crate::setting;
    use crate::units::{Magnitude, Temperature};

    #[test]
    fn what_was_left_comes_back_until_the_view_in_the_file_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let preset = folder.path().join("x.yaml");
        fs::write(&preset, "version: 2\nname: x\nqueues: []\n").unwrap();
        let saved = View::default();
        assert_eq!(left(&preset, &saved), None);
        let view = View {
            screen: Screen::Grid,
            metric: Metric::Auroc,
            threshold: Threshold::Score(-1.25),
            pin: Some(Pinned {
                job: 1,
                setting: setting::odin(Temperature::ONE, Magnitude::PAPER),
            }),
            ..View::default()
        };
        leave(&preset, &saved, &view).unwrap();
        assert_eq!(left(&preset, &saved), Some(view.clone()));
        let edited = View {
            log_fpr: true,
            ..View::default()
        };
        assert_eq!(left(&preset, &edited), None);
        leave(&preset, &view, &view).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(folder.path().join(".x.yaml.view"), "of: [").unwrap();
        assert_eq!(left(&preset, &saved), None);
    }
}
