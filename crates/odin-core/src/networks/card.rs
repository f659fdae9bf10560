//! The card of a network, `models/NAME.yaml`: what it is, its weights, its preprocessing, its in-distribution set.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::error::ArchitectureError;
use super::published::Published;
use odin_datasets::text::utf8;
use odin_datasets::{
    Channels, Dataset, DatasetCard, DatasetError, Download, Normalisation, Preprocessing, meant, nearest,
};

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
    /// The file of its weights: safetensors (or the index of several files), any PyTorch checkpoint, or a
    /// TorchScript program.
    pub weights: PathBuf,
    /// Which weights of the file are meant, where several fit: the keys that lead to them, as the error names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_key: Option<String>,
    /// The set whose images are in-distribution: a data card's name or a path.
    pub in_dataset: String,
    /// Sets that are near to that one (other objects of the same kind), by a name or alias of their cards: averages over them
    /// stand apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<String>,
    /// Sets that are far from it, by a name or alias of their cards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub far: Vec<String>,
    pub normalisation: Normalisation,
    /// What is done to images before the normalisation where their own card says nothing of it: with this, a folder of
    /// photographs needs no card.
    #[serde(default, skip_serializing_if = "is_none")]
    pub preprocessing: Preprocessing,
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

fn is_none(preprocessing: &Preprocessing) -> bool {
    *preprocessing == Preprocessing::default()
}

/// The normalisation of images of so many channels. Three equal values are as good as one.
fn normalisation_for(
    given: Normalisation,
    channels: Option<usize>,
) -> Result<Normalisation, ArchitectureError> {
    match (given.channels(), channels) {
        (Channels::Grey, Some(3)) => Err(ArchitectureError::TakesColour),
        (Channels::Rgb, Some(1)) => {
            let (mean, std) = (given.mean(), given.std());
            let (Some(m), Some(s)) = (mean.first(), std.first()) else {
                return Err(ArchitectureError::TakesGrey);
            };
            let is_one = mean.iter().all(|other| other == m) && std.iter().all(|other| other == s);
            let grey = Normalisation::by_channel(&[*m], &[*s]).ok().filter(|_| is_one);
            grey.ok_or(ArchitectureError::TakesGrey)
        }
        _ => Ok(given),
    }
}

impl NetworkCard {
    /// A card that says what must be said, to be written to a file.
    ///
    /// # Errors
    /// Where there is no such network, or the normalisation is of images of other channels.
    pub fn new(
        title: String,
        (architecture, classes): (Architecture, usize),
        weights: PathBuf,
        in_dataset: String,
        normalisation: Normalisation,
    ) -> Result<Self, ArchitectureError> {
        architecture.check(classes)?;
        let normalisation = normalisation_for(normalisation, architecture.channels())?;
        Ok(Self {
            name: String::new(),
            folder: PathBuf::new(),
            title,
            architecture,
            classes,
            weights,
            weights_key: None,
            in_dataset,
            near: Vec::new(),
            far: Vec::new(),
            normalisation,
            preprocessing: Preprocessing::default(),
            accuracy: None,
            origin: None,
            licence: None,
            training: None,
            published: None,
            how_to_get: None,
            fetch: Vec::new(),
        })
    }

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
        card.normalisation = normalisation_for(card.normalisation, card.architecture.channels())
            .map_err(|error| invalid(error.to_string()))?;
        card.preprocessing
            .check()
            .map_err(|error| invalid(error.to_string()))?;
        if card.accuracy.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err(invalid("accuracy: a share between 0 and 1 is expected".into()));
        }
        if let Some(published) = &card.published {
            published.check().map_err(|error| invalid(error.to_string()))?;
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

    /// The data set of this name or path, as this network is shown it, and the folder that its paths start from: where
    /// its card says nothing of preprocessing, or it has none, the network's is taken.
    ///
    /// # Errors
    /// As [`odin_datasets::find`].
    pub fn find_set(&self, name: &str, roots: &[PathBuf]) -> Result<(DatasetCard, PathBuf), DatasetError> {
        let (mut card, root) = odin_datasets::find(name, roots)?;
        if is_none(&card.preprocessing) {
            card.preprocessing = self.preprocessing;
        }
        Ok((card, root))
    }

    /// Opens that set.
    ///
    /// # Errors
    /// As [`find_set`](Self::find_set) and [`Dataset::open`].
    pub fn open_set(&self, name: &str, roots: &[PathBuf]) -> Result<Dataset, DatasetError> {
        let (card, root) = self.find_set(name, roots)?;
        Dataset::open(&card, &root)
    }

    /// The set whose training images detectors are fitted on: this one or, where its card names none (a file has no card), the
    /// network's own.
    ///
    /// # Errors
    /// As [`find_set`](Self::find_set).
    pub fn training_set<'a>(
        &'a self,
        set: Option<&'a str>,
        roots: &[PathBuf],
    ) -> Result<&'a str, DatasetError> {
        let name = set.unwrap_or(&self.in_dataset);
        let (card, _) = self.find_set(name, roots)?;
        let has_some = card.train.is_some() || card.fit.is_some();
        Ok(if has_some { name } else { &self.in_dataset })
    }

    /// Opens the training images that detectors are fitted on, of [that set](Self::training_set).
    ///
    /// # Errors
    /// As [`find_set`](Self::find_set) and [`Dataset::open_to_fit`].
    pub fn open_training(&self, set: Option<&str>, roots: &[PathBuf]) -> Result<Dataset, DatasetError> {
        let (card, root) = self.find_set(self.training_set(set, roots)?, roots)?;
        Dataset::open_to_fit(&card, &root)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn card(folder: &Path, rest: &str) -> Result<NetworkCard, String> {
        let text = format!("title: t\nclasses: 3\nweights: w.pt\nin_dataset: set\n{rest}\n");
        let path = folder.join("net.yaml");
        std::fs::write(&path, text).unwrap();
        NetworkCard::load(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn normalisation_and_input_have_the_same_channels() {
        let folder = tempfile::tempdir().unwrap();
        let of = |input: &str, mean: &str, std: &str| {
            let text = format!(
                "architecture: {{kind: torchscript, input: {input}}}\nnormalisation: {{mean: {mean}, std: {std}}}"
            );
            card(folder.path(), &text).map(|card| card.normalisation.channels())
        };
        assert_eq!(of("[1, 28, 28]", "[0.1]", "[0.3]"), Ok(Channels::Grey));
        // Three equal values are as good as one.
        assert_eq!(
            of("[1, 28, 28]", "[0.5, 0.5, 0.5]", "[0.2, 0.2, 0.2]"),
            Ok(Channels::Grey)
        );
        assert_eq!(
            of("[3, 28, 28]", "[0.5, 0.5, 0.5]", "[0.2, 0.2, 0.2]"),
            Ok(Channels::Rgb)
        );
        assert_eq!(
            of("{height: 28, width: 28}", "[0.1]", "[0.3]"),
            Ok(Channels::Grey)
        );
        let grey = of("[1, 28, 28]", "[0.5, 0.4, 0.5]", "[0.2, 0.2, 0.2]").unwrap_err();
        assert!(grey.contains("`mean: [m]` and `std: [s]`"), "{grey}");
        let colour = of("[3, 28, 28]", "[0.1]", "[0.3]").unwrap_err();
        assert!(colour.contains("three values each"), "{colour}");
        assert!(of("[2, 28, 28]", "[0.1]", "[0.3]").is_err());
        let native = "architecture: {kind: densenet-bc, depth: 10, growth: 2}\nnormalisation: {mean: [0.1], std: [0.3]}";
        assert!(
            card(folder.path(), native)
                .unwrap_err()
                .contains("three values each")
        );
        let one = "architecture: {kind: densenet-bc, depth: 10, growth: 2}\nnormalisation: {mean: [0, 0, 0], std: [1, 1, 1]}";
        assert!(card(folder.path(), one).is_ok());
    }

    #[test]
    fn a_set_without_preprocessing_gets_the_networks() {
        let folder = tempfile::tempdir().unwrap();
        let base = "architecture: {kind: torchscript, input: [3, 8, 8]}\nnormalisation: {mean: [0, 0, 0], std: [1, 1, 1]}\n";
        let network = card(
            folder.path(),
            &format!("{base}preprocessing: {{resize: 10, crop: 8}}"),
        )
        .unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let noise = "title: n\nsource: {format: uniform, count: 2, size: [30, 40]}\n";
        write("plain.yaml", noise);
        write("own.yaml", &format!("{noise}preprocessing: {{crop: 20}}\n"));
        let size = |network: &NetworkCard, name: &str| {
            network
                .open_set(name, &[folder.path().to_owned()])
                .unwrap()
                .size(0)
                .unwrap()
        };
        assert_eq!(
            (size(&network, "plain"), size(&network, "own")),
            ((8, 8), (20, 20))
        );
        let without = card(folder.path(), base).unwrap();
        assert_eq!(size(&without, "plain"), (30, 40));
        assert!(!serde_yaml::to_string(&without).unwrap().contains("preprocessing"));
        let wrong = card(folder.path(), &format!("{base}preprocessing: {{resize: 0}}")).unwrap_err();
        assert!(
            wrong.contains("preprocessing.resize must lie between 1 and 4096"),
            "{wrong}"
        );
    }
}
