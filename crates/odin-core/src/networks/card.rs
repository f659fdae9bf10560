//! The card of a network, `models/NAME.yaml`: what it is, its weights, its preprocessing, its in-distribution set.
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::error::ArchitectureError;
use super::published::Published;
use odin_datasets::{Download, Normalisation, nearest};

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
        let text = std::fs::read_to_string(path).map_err(|source| CardError::Io {
            path: path.to_owned(),
            source,
        })?;
        let mut card: Self = serde_yaml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
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

    /// The card of this name in the folder `models`, or the card at a path that ends in `.yaml`.
    pub fn find(name: &str, models: &Path) -> Result<Self, CardError> {
        if name.ends_with(".yaml") && Path::new(name).is_file() {
            return Self::load(Path::new(name));
        }
        let path = models.join(format!("{name}.yaml"));
        // A name is one component, so that it cannot lead out of the folder.
        if Path::new(name).components().count() == 1 && path.is_file() {
            return Self::load(&path);
        }
        let names: Vec<String> = Self::list(models).into_iter().map(|(name, _)| name).collect();
        Err(CardError::Unknown {
            near: nearest(name, &names),
            name: name.to_owned(),
        })
    }

    /// Every card of the folder by name, also those that cannot be read.
    pub fn list(models: &Path) -> Vec<(String, Result<Self, CardError>)> {
        let entries = std::fs::read_dir(models).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries
            .map(|e| e.path())
            .filter(|p| p.extension().is_some_and(|e| e == "yaml"))
            .collect();
        paths.sort();
        let name = |path: &Path| {
            path.file_stem()
                .map(|s| s.to_string_lossy().into_owned())
                .unwrap_or_default()
        };
        paths.iter().map(|path| (name(path), Self::load(path))).collect()
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
