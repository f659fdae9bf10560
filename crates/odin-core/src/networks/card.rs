//! The card of a network, `models/NAME.yaml`: what it is, its weights, its preprocessing, its in-distribution set.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::error::ArchitectureError;
use super::published::Published;
use odin_datasets::text::utf8;
use odin_datasets::{Download, Normalisation, meant, nearest};

/// A card that cannot be used, or a name that has none.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {reason}", path.display())]
    Invalid { path: PathBuf, reason: String },
    #[error("no network is called `{name}`{}", suggest(.near))]
    Unknown { name: String, near: Vec<String> },
}

fn suggest(near: &[String]) -> String {
    match near {
        [] => "; `odin list networks` shows those there are".to_owned(),
        near => format!(
            "; did you mean {}? (`odin list networks` shows all)",
            near.join(" or ")
        ),
    }
}

/// Paths are relative to the folder that holds the card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkCard {
    /// The name of the card's file, without `.yaml`.
    #[serde(skip)]
    pub name: String,
    #[serde(skip)]
    folder: PathBuf,
    /// What it is, in a few words.
    pub title: String,
    pub architecture: Architecture,
    /// How many classes it tells apart.
    pub classes: usize,
    /// The file of its weights: safetensors, any PyTorch checkpoint, or a TorchScript program.
    pub weights: PathBuf,
    /// The set whose images are in-distribution: a data card's name or a path.
    pub in_dataset: String,
    pub normalisation: Normalisation,
    /// Share of the in-distribution set that it classifies rightly, as published or measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Under which terms it may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// How it was trained, for people to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub training: Option<serde_yaml::Value>,
    /// What others measured with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// How to come by weights that `odin fetch` cannot bring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how_to_get: Option<String>,
    /// What `odin fetch` downloads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetch: Vec<Download>,
}

impl NetworkCard {
    pub fn load(path: &Path) -> Result<Self, CardError> {
        let invalid = |reason: String| CardError::Invalid {
            path: path.to_owned(),
            reason,
        };
        let bytes = std::fs::read(path).map_err(|source| CardError::Io {
            path: path.to_owned(),
            source,
        })?;
        let text = utf8(&bytes).map_err(|error| invalid(error.to_string()))?;
        let mut card: Self = serde_yaml::from_str(text).map_err(|error| {
            let message = error.to_string();
            invalid(format!("{message}{}", meant(&message).unwrap_or_default()))
        })?;
        card.name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        card.folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        card.architecture
            .check(card.classes)
            .map_err(|error: ArchitectureError| invalid(error.to_string()))?;
        if card.accuracy.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err(invalid("accuracy: a share between 0 and 1 is expected".into()));
        }
        if let Some(published) = &card.published {
            published.check().map_err(invalid)?;
        }
        Ok(card)
    }

    /// The card of this name in the first of the folders that has one, or the card at a path that ends in `.yaml`.
    pub fn find(name: &str, folders: &[PathBuf]) -> Result<Self, CardError> {
        if name.ends_with(".yaml") && Path::new(name).is_file() {
            return Self::load(Path::new(name));
        }
        // A name is one component, so that it cannot lead out of the folder.
        if Path::new(name).components().count() == 1 {
            let mut paths = folders.iter().map(|folder| folder.join(format!("{name}.yaml")));
            if let Some(path) = paths.find(|path| path.is_file()) {
                return Self::load(&path);
            }
        }
        let names: Vec<String> = Self::files(folders).into_keys().collect();
        Err(CardError::Unknown {
            near: nearest(name, &names),
            name: name.to_owned(),
        })
    }

    /// Every card of the folders by name, also those that cannot be read; one in an earlier folder hides those of the same
    /// name in later ones.
    pub fn list(folders: &[PathBuf]) -> Vec<(String, Result<Self, CardError>)> {
        Self::files(folders)
            .into_iter()
            .map(|(name, path)| (name, Self::load(&path)))
            .collect()
    }

    /// The files of the folders' cards by name.
    pub fn files(folders: &[PathBuf]) -> BTreeMap<String, PathBuf> {
        let mut found = BTreeMap::new();
        for folder in folders {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for path in entries.map(|entry| entry.path()) {
                if path.extension().is_some_and(|extension| extension == "yaml")
                    && let Some(name) = path.file_stem()
                {
                    found
                        .entry(name.to_string_lossy().into_owned())
                        .or_insert_with(|| path.clone());
                }
            }
        }
        found
    }

    /// The card's own file.
    pub fn file(&self) -> PathBuf {
        self.folder.join(format!("{}.yaml", self.name))
    }

    /// Where its weights should lie.
    pub fn weights_path(&self) -> PathBuf {
        self.folder.join(&self.weights)
    }

    /// What to do where the weights are not here.
    pub fn advice(&self) -> String {
        let fetch = (!self.fetch.is_empty()).then(|| format!("`odin fetch {}` brings it", self.name));
        let known: Vec<String> = fetch.into_iter().chain(self.how_to_get.clone()).collect();
        if known.is_empty() {
            return "put it there, name another file with --weights, or correct the card".to_owned();
        }
        known.join("; ")
    }
}
