//! The card of a data set, `data/NAME.yaml`: what it is, where its files lie, where they come from.
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::{DatasetError, MissingFile};
use super::groups::{Groups, GroupsError};
use super::names::meant;
use super::preprocessing::{Preprocessing, PreprocessingError};
use super::source::{Source, SourceError};
use super::text;

/// Paths are relative to the folder that holds the card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetCard {
    /// The name of the card's file, without `.yaml`.
    #[serde(skip)]
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// Other names that people know the set by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where the images are.
    pub source: Source,
    /// Images to train on, where the set has them: the same kind of images with the same classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<Source>,
    /// A sample of the training images, for detectors to be fitted on where the files of `train` are not here: all of them are
    /// often too many to ship.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Source>,
    /// What is done to an image before the normalisation.
    #[serde(default)]
    pub preprocessing: Preprocessing,
    /// Names of the classes, in the order of the labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// What the labels mean, where that needs saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// What tells which images belong together, such as crops of one photograph: such images are never on both sides of a
    /// split, and intervals draw whole groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Groups>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Under which terms it may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// How to come by files that `odin fetch` cannot bring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how_to_get: Option<String>,
    /// What `odin fetch` downloads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetch: Vec<Download>,
}

/// Training images that detectors are fitted on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ToFit<'a> {
    /// Of the card's `train`.
    All(&'a Source),
    /// Of its `fit`.
    Sample(&'a Source),
}

/// One file to download, by any of its mirrors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Download {
    /// Mirrors, tried in order.
    pub urls: Vec<String>,
    /// Length of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// MD5 of the file, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// SHA-256 of the file, in hex; or its first digits, at least eight, as PyTorch's names of files have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The folder that an archive is unpacked into, or the file that a plain download becomes.
    pub into: PathBuf,
    /// How the file is unpacked.
    #[serde(default)]
    pub unpack: Archive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Archive {
    /// Not an archive.
    #[default]
    #[serde(rename = "none")]
    None,
    #[serde(rename = "tar")]
    Tar,
    #[serde(rename = "tar.gz")]
    TarGz,
    #[serde(rename = "zip")]
    Zip,
}

/// A card whose values cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    #[error(transparent)]
    Preprocessing(#[from] PreprocessingError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Groups(#[from] GroupsError),
}

/// No card is longer; a YAML file that is was named by mistake.
const MAX_CARD: u64 = 1 << 20;

impl DatasetCard {
    /// A card that says no more than where the images are.
    pub fn new(name: impl Into<String>, source: Source) -> Self {
        let name = name.into();
        Self {
            title: name.clone(),
            name,
            aliases: Vec::new(),
            source,
            train: None,
            fit: None,
            preprocessing: Preprocessing::default(),
            class_names: Vec::new(),
            labels: None,
            groups: None,
            origin: None,
            licence: None,
            how_to_get: None,
            fetch: Vec::new(),
        }
    }

    /// Reads a card's file.
    ///
    /// # Errors
    /// Where it cannot be read, is no YAML, or says what cannot be: with the line and the column.
    pub fn load(path: &Path) -> Result<Self, DatasetError> {
        let wrong = |why: String| DatasetError::Card {
            path: path.to_owned(),
            why,
        };
        let metadata = std::fs::metadata(path).map_err(|source| DatasetError::io(path, source))?;
        if !metadata.is_file() || metadata.len() > MAX_CARD {
            return Err(wrong(format!(
                "not a data set's card (a YAML file of at most {MAX_CARD} bytes)"
            )));
        }
        let bytes = std::fs::read(path).map_err(|source| DatasetError::io(path, source))?;
        let text = text::utf8(&bytes).map_err(|error| wrong(error.to_string()))?;
        let mut card: Self = serde_yaml::from_str(text).map_err(|error| {
            let message = error.to_string();
            wrong(format!("{message}{}", meant(&message).unwrap_or_default()))
        })?;
        card.name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        card.check().map_err(|error| wrong(error.to_string()))?;
        Ok(card)
    }

    pub(super) fn check(&self) -> Result<(), CardError> {
        self.preprocessing.check()?;
        if let Some(groups) = &self.groups {
            groups.check()?;
        }
        let mut sources = std::iter::once(&self.source).chain(&self.train).chain(&self.fit);
        sources.try_for_each(Source::check).map_err(CardError::from)
    }

    /// Whether every file of the set is on this machine, or the first that is not. `root` is the card's folder.
    ///
    /// # Errors
    /// Names the first file that is not here, and how to get it.
    pub fn is_present(&self, root: &Path) -> Result<(), MissingFile> {
        self.missing(&self.source, root)
    }

    /// The same for the images to train on.
    ///
    /// # Errors
    /// As [`is_present`](Self::is_present).
    pub fn is_training_present(&self, root: &Path) -> Result<(), MissingFile> {
        self.train
            .as_ref()
            .map_or(Ok(()), |train| self.missing(train, root))
    }

    /// The training images that detectors are fitted on: all of them where their files are here, else the sample. `None` where
    /// the card names neither.
    pub fn to_fit(&self, root: &Path) -> Option<ToFit<'_>> {
        let is_here = |source: &Source| self.missing(source, root).is_ok();
        match (&self.train, &self.fit) {
            (Some(train), fit) if fit.is_none() || is_here(train) => Some(ToFit::All(train)),
            (_, Some(fit)) if self.train.is_none() || is_here(fit) => Some(ToFit::Sample(fit)),
            // Neither is here; the training images are what one would get.
            (train, _) => train.as_ref().map(ToFit::All),
        }
    }

    pub(super) fn missing(&self, source: &Source, root: &Path) -> Result<(), MissingFile> {
        let groups = self.groups.iter().filter_map(|groups| groups.file.as_deref());
        let of_source = std::ptr::eq(source, &self.source);
        let absent = source
            .paths()
            .into_iter()
            .chain(groups.filter(|_| of_source))
            .map(|path| root.join(path))
            .find(|path| !path.exists());
        absent.map_or(Ok(()), |path| {
            Err(MissingFile {
                dataset: self.name.clone(),
                path,
                advice: self.advice(),
                fetch: (!self.fetch.is_empty()).then(|| self.name.clone()),
            })
        })
    }

    fn advice(&self) -> String {
        let fetch = (!self.fetch.is_empty()).then(|| format!("`odin fetch {}` brings it", self.name));
        let known: Vec<String> = fetch.into_iter().chain(self.how_to_get.clone()).collect();
        if known.is_empty() {
            return "put it there, or correct the card".to_owned();
        }
        known.join("; ")
    }
}
