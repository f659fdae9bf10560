//! A person's own settings, `~/.config/odin/config.yaml`: keys, colours, glyphs, the mouse.
//!
//! Lives here: what the file may say, its checks, and where it lies. May not live here: what keys and colours mean (those
//! are [`crate::app`] and [`crate::ui`]).
mod keys;
mod look;
mod template;

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::Deserialize;

use crate::app::Keymap;
use crate::ui::{Look, ThemeName};

pub use keys::KeyChanges;
pub use look::{ColourDepth, GlyphSet, OwnColours};
pub use template::template;

/// Why the settings cannot be used; each message names the file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: cannot read the settings: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}:{line}:{column}: {message}", path.display())]
    Invalid {
        path: PathBuf,
        line: usize,
        column: usize,
        message: String,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    pub theme: ThemeName,
    /// Colours of one's own, over those of the theme.
    pub colours: OwnColours,
    /// How many colours there are, if the terminal says it wrongly.
    pub colour_depth: Option<ColourDepth>,
    pub glyphs: Option<GlyphSet>,
    /// False leaves the mouse to the terminal.
    pub mouse: Option<bool>,
    pub keys: KeyChanges,
}

/// Where the settings lie: `$ODIN_CONFIG`, else `odin/config.yaml` in the user's configuration folder (XDG).
/// `None` where there is no home folder.
pub fn path() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("ODIN_CONFIG").filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(path));
    }
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("odin").join("config.yaml"))
}

impl Config {
    /// The settings of the person who runs the program; without a file, the usual ones.
    ///
    /// # Errors
    /// The file cannot be read, or says what it may not: then with its line and column.
    pub fn of_user() -> Result<Self, ConfigError> {
        path().map_or_else(|| Ok(Self::default()), |path| Self::load(&path))
    }

    /// As [`Config::of_user`], from a given file.
    ///
    /// # Errors
    /// As [`Config::of_user`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Reads settings from text; `path` is for messages only.
    ///
    /// # Errors
    /// The text says what it may not.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        // A file with comments alone says nothing.
        let parsed: Result<Option<Self>, _> = serde_yaml::from_str(text);
        parsed.map(Option::unwrap_or_default).map_err(|error| {
            let message = error.to_string();
            let (line, column) = error
                .location()
                .map_or((1, 1), |place| (place.line(), place.column()));
            let suffix = format!(" at line {line} column {column}");
            ConfigError::Invalid {
                path: path.to_owned(),
                line,
                column,
                message: message.strip_suffix(&suffix).unwrap_or(&message).to_owned(),
            }
        })
    }

    /// The usual keys with these changes.
    pub fn keymap(&self) -> Keymap {
        self.keys.keymap()
    }

    /// How things look in a theme on a terminal that can show so much.
    pub fn look(&self, theme: ThemeName, colours: crate::ui::Colours, unicode: bool) -> Look {
        look::look(self, theme, colours, unicode)
    }
}

#[cfg(test)]
mod tests;
