//! Variables of a pane's shell: those that the file sets, and the environment that it starts from.
use std::collections::HashMap;

use super::command::Text;

/// The environment in which the import runs, as names and values.
pub(crate) type Environment = HashMap<String, String>;

/// What a shell on this machine starts with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    set: HashMap<String, Option<Text>>,
    environment: Option<Environment>,
}

/// What is known of a variable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lookup {
    /// Set in the file, or the same for every shell of this person.
    Set(Text),
    /// Set where the import runs; the pane may differ.
    Environment(String),
    /// Set neither in the file nor where the import runs.
    Unset,
    /// It differs from shell to shell.
    Unknown,
}

/// Those that every shell of a person has alike.
const SAME: [&str; 3] = ["HOME", "USER", "LOGNAME"];
/// Those that differ between the shell of the import and the shell of a pane.
const OTHER: [&str; 10] = [
    "PWD",
    "OLDPWD",
    "SHLVL",
    "TMUX",
    "TMUX_PANE",
    "RANDOM",
    "SECONDS",
    "PPID",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
];

impl Variables {
    pub(crate) fn of(environment: Environment) -> Self {
        Self {
            set: HashMap::new(),
            environment: Some(environment),
        }
    }

    pub(crate) fn insert(&mut self, name: impl Into<String>, value: Text) {
        self.set.insert(name.into(), Some(value));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.set.insert(name.to_owned(), None);
    }

    /// The value that the file gives it.
    pub(crate) fn of_file(&self, name: &str) -> Option<&Text> {
        self.set.get(name)?.as_ref()
    }

    pub(crate) fn look_up(&self, name: &str) -> Lookup {
        match (self.set.get(name), &self.environment) {
            (Some(Some(text)), _) => Lookup::Set(text.clone()),
            (Some(None), _) => Lookup::Unset,
            (None, None) => Lookup::Unknown,
            (None, Some(_)) if OTHER.contains(&name) => Lookup::Unknown,
            (None, Some(environment)) => match environment.get(name) {
                Some(value) if SAME.contains(&name) => Lookup::Set(Text::known(value.as_str())),
                Some(value) => Lookup::Environment(value.clone()),
                None => Lookup::Unset,
            },
        }
    }
}
