//! The user's settings, `~/.config/odin/config.yaml`: keys, colours, glyphs, the mouse.
//!
//! Here are what the file may contain, its checks, and where it is. What keys and colours mean is in [`crate::app`] and
//! [`crate::ui`].
mod template;
mod look;
mod keys;

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::Deserialize;

use crate::app::Keymap;
use crate::ui::{Colours, Look, ThemeName};
use odin_datasets::meant;

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
    /// Colours that replace those of the theme.
    pub colours: OwnColours,
    /// How many colours there are, where the terminal reports it wrongly.
    pub colour_depth: Option<ColourDepth>,
    pub glyphs: Option<GlyphSet>,
    /// False leaves the mouse to the terminal.
    pub mouse: Option<bool>,
    pub keys: KeyChanges,
}

/// Where the settings are: `$ODIN_CONFIG`, else `odin/config.yaml` in the user's configuration folder (XDG).
/// `None` where there is no home folder.
pub fn path() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("ODIN_CONFIG").filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(path));
    }
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("odin").join("config.yaml"))
}

impl Config {
    /// The settings of the user who runs the program; without a file, the defaults.
    ///
    /// # Errors
    /// The file cannot be read; or its contents are invalid, then with line and column.
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
    /// The text is not valid settings.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        // A file of comments alone is empty to YAML.
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
                message: {
                    let meant = meant(&message).unwrap_or_default();
                    format!("{}{meant}", message.strip_suffix(&suffix).unwrap_or(&message))
                },
            }
        })
    }

    /// The default keys with these changes.
    pub fn keymap(&self) -> Keymap {
        self.keys.keymap()
    }

    /// How things look in a theme on a terminal with these colours, and with or without Unicode.
    pub fn look(&self, theme: ThemeName, colours: Colours, unicode: bool) -> Look {
        let settings = look::LookSettings {
            depth: self.colour_depth,
            glyphs: self.glyphs,
            colours: &self.colours,
        };
        look::look(&settings, theme, colours, unicode)
    }
}

#[cfg(test)]
mod tests;
