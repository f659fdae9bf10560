//! The card of a benchmark, `data/benchmarks/NAME.yaml`: its sets, how images are prepared, and what others measured.
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::setting::Detector;
use odin_datasets::text::utf8;
use odin_datasets::{Normalisation, Preprocessing, meant, nearest};
use odin_metrics::Positive;

/// A benchmark that is not known, whose card cannot be used, or whose images are not here or are not what they should be.
#[derive(Debug, thiserror::Error)]
pub enum BenchmarkError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {reason}", path.display())]
    Invalid { path: PathBuf, reason: String },
    #[error("no benchmark is called `{name}`{}", suggest(near, known))]
    Unknown {
        name: String,
        near: Vec<String>,
        known: Vec<String>,
    },
    #[error("--sets {name}: {benchmark} has no such set{}", suggest(near, known))]
    NoSuchSet {
        name: String,
        benchmark: String,
        near: Vec<String>,
        known: Vec<String>,
    },
    #[error("{benchmark} has no covariate-shifted sets, which the full-spectrum variant needs")]
    NoShiftedSets { benchmark: String },
    #[error("{0}")]
    Missing(String),
    #[error(transparent)]
    Dataset(#[from] odin_datasets::DatasetError),
}

fn suggest(near: &[String], known: &[String]) -> String {
    match (near, known) {
        ([], []) => String::new(),
        ([], known) => format!("; there are {}", known.join(", ")),
        (near, _) => format!("; did you mean {}?", near.join(" or ")),
    }
}

/// Paths are relative to the folder of the benchmark's data, which whoever asks for the benchmark names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkCard {
    /// The name of the card's file, without `.yaml`.
    #[serde(skip)]
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// How many classes its networks tell apart.
    pub classes: usize,
    /// How many networks, trained with different seeds, its published numbers are a mean of.
    pub networks: usize,
    /// Which class is the positive one where the FPR at 95 % TPR is measured.
    pub positive: Positive,
    /// What is done to an image before the normalisation.
    pub preprocessing: Preprocessing,
    /// The normalisation of the networks behind the published numbers. A network is always given images normalised as its own
    /// card says; where that differs it is told.
    pub normalisation: Normalisation,
    /// The images of the classes that the networks know.
    pub in_distribution: InDistribution,
    /// Out-of-distribution images to choose knobs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<BenchmarkSet>,
    /// Out-of-distribution sets that are near to the in-distribution one.
    pub near: Vec<BenchmarkSet>,
    /// Out-of-distribution sets that are far from it.
    pub far: Vec<BenchmarkSet>,
    /// Images of the known classes that look otherwise: in-distribution in the full-spectrum variant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covariate_shifted: Vec<BenchmarkSet>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// How to come by the files; `DIR` stands for the folder of the data.
    pub how_to_get: String,
    /// The archive that the lists are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lists: Option<DriveArchive>,
    /// The archives that the images are in, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub archives: BTreeMap<String, DriveArchive>,
    /// What others measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Leaderboard>,
}

/// The in-distribution images, in three parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InDistribution {
    /// Training images, which detectors are fitted on.
    pub train: BenchmarkSet,
    /// Images for detectors that need labels of images that are not reported.
    pub validation: BenchmarkSet,
    /// Images that are reported.
    pub test: BenchmarkSet,
}

/// Images as a list names them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkSet {
    /// What the set is called.
    pub name: String,
    /// A text file with a line an image: `path label`, where −1 stands for no label.
    pub list: PathBuf,
    /// The folder that the paths in the list start from.
    pub folder: PathBuf,
    /// The archive that has the images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// What is done to its images, in place of what is done to those of the other sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocessing: Option<Preprocessing>,
}

/// An archive on Google Drive. `odin fetch` cannot bring it, as large files there need a person's consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriveArchive {
    /// The file's id.
    pub google_drive: String,
    /// The folder that it is unpacked into.
    pub into: PathBuf,
}

/// A published table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leaderboard {
    /// Where the numbers were read, and of which networks they are.
    pub source: String,
    /// When they were read.
    pub date: String,
    /// A row a detector.
    pub rows: Vec<LeaderboardRow>,
}

/// A row of a published table, in %, as printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaderboardRow {
    /// The name that the table gives the detector.
    pub method: String,
    /// The detector that it is here.
    pub detector: Detector,
    /// Mean AUROC over the near sets.
    pub near_auroc: f64,
    /// Mean AUROC over the far sets.
    pub far_auroc: f64,
}

/// What a set of a benchmark is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    Near,
    Far,
}

impl Group {
    pub const EACH: [Self; 2] = [Self::Near, Self::Far];

    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Near => "near",
            Self::Far => "far",
        }
    }

    /// The row of its means in OpenOOD's tables.
    pub fn mean_row(self) -> &'static str {
        match self {
            Self::Near => "nearood",
            Self::Far => "farood",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl BenchmarkCard {
    /// Reads a card's file.
    ///
    /// # Errors
    /// Where it cannot be read, is no YAML, or says what cannot be.
    pub fn load(path: &Path) -> Result<Self, BenchmarkError> {
        let invalid = |reason: String| BenchmarkError::Invalid {
            path: path.to_owned(),
            reason,
        };
        let bytes = std::fs::read(path).map_err(|source| BenchmarkError::Io {
            path: path.to_owned(),
            source,
        })?;
        let text = utf8(&bytes).map_err(|error| invalid(error.to_string()))?;
        let mut card: Self = serde_yaml::from_str(text).map_err(|error| {
            let message = error.to_string();
            invalid(format!("{message}{}", meant(&message).unwrap_or_default()))
        })?;
        card.name = stem(path);
        card.check().map_err(invalid)?;
        Ok(card)
    }

    /// The card of this name in the first of the folders that has one, or the card at a path that ends in `.yaml`.
    ///
    /// # Errors
    /// As [`load`](Self::load), and where nothing is called so, with the nearest names.
    pub fn find(name: &str, folders: &[PathBuf]) -> Result<Self, BenchmarkError> {
        if name.ends_with(".yaml") && Path::new(name).is_file() {
            return Self::load(Path::new(name));
        }
        let files = Self::files(folders);
        if let Some(path) = files.get(name) {
            return Self::load(path);
        }
        let known: Vec<String> = files.into_keys().collect();
        Err(BenchmarkError::Unknown {
            near: nearest(name, &known),
            name: name.to_owned(),
            known,
        })
    }

    /// The files of the folders' cards by name; one in an earlier folder hides those of the same name in later ones.
    pub fn files(folders: &[PathBuf]) -> BTreeMap<String, PathBuf> {
        let mut found = BTreeMap::new();
        for folder in folders {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for path in entries.map(|entry| entry.path()) {
                if path.extension().is_some_and(|extension| extension == "yaml") {
                    found.entry(stem(&path)).or_insert(path);
                }
            }
        }
        found
    }

    /// What no type of a key refuses.
    fn check(&self) -> Result<(), String> {
        if self.classes < 2 {
            return Err(format!("classes: {}: at least 2 are expected", self.classes));
        }
        let mut names: Vec<&str> = Vec::new();
        for set in self.every_set() {
            if set.name.is_empty()
                || !set
                    .name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            {
                return Err(format!(
                    "name: `{}`: letters, digits, `-`, `_` and `.` are expected",
                    set.name
                ));
            }
            // Each becomes a file of its name.
            if names.contains(&set.name.as_str()) {
                return Err(format!("two sets are called {}", set.name));
            }
            names.push(&set.name);
            if Group::EACH.iter().any(|group| group.name() == set.name) {
                return Err(format!(
                    "a set cannot be called {}, as a group of sets is",
                    set.name
                ));
            }
            if let Some(archive) = set
                .archive
                .as_ref()
                .filter(|name| !self.archives.contains_key(*name))
            {
                return Err(format!("{}: no archive `{archive}` is described", set.name));
            }
            let preprocessing = self.preprocessing_of(set);
            preprocessing
                .check()
                .map_err(|error| format!("{}: {error}", set.name))?;
            if preprocessing == Preprocessing::default() {
                return Err(format!(
                    "{}: `preprocessing` must say to what size images come: a set without it would be given the network's",
                    set.name
                ));
            }
        }
        for group in Group::EACH {
            if self.sets(group).is_empty() {
                return Err(format!("{group}: at least one set is expected"));
            }
        }
        let rows = self.published.iter().flat_map(|table| &table.rows);
        for row in rows {
            let values = [row.near_auroc, row.far_auroc];
            if let Some(value) = values.iter().find(|value| !(0.0..=100.0).contains(*value)) {
                return Err(format!("published, {}: {value} is no percentage", row.method));
            }
        }
        Ok(())
    }

    fn every_set(&self) -> impl Iterator<Item = &BenchmarkSet> {
        let InDistribution {
            train,
            validation,
            test,
        } = &self.in_distribution;
        [train, validation, test]
            .into_iter()
            .chain(&self.validation)
            .chain(&self.near)
            .chain(&self.far)
            .chain(&self.covariate_shifted)
    }

    /// The OOD sets of a group.
    pub fn sets(&self, group: Group) -> &[BenchmarkSet] {
        match group {
            Group::Near => &self.near,
            Group::Far => &self.far,
        }
    }

    /// Every OOD set that is reported, the near ones first.
    pub fn ood_sets(&self) -> impl Iterator<Item = (Group, &BenchmarkSet)> {
        Group::EACH
            .into_iter()
            .flat_map(|group| self.sets(group).iter().map(move |set| (group, set)))
    }

    pub fn preprocessing_of(&self, set: &BenchmarkSet) -> Preprocessing {
        set.preprocessing.unwrap_or(self.preprocessing)
    }

    /// The published row of a detector.
    pub fn published_row(&self, detector: Detector) -> Option<&LeaderboardRow> {
        let table = self.published.as_ref()?;
        table.rows.iter().find(|row| row.detector == detector)
    }

    /// Whether images are normalised as for the networks behind the published numbers.
    pub fn is_normalised_so(&self, normalisation: &Normalisation) -> bool {
        let close =
            |a: &[f32], b: &[f32]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
        close(self.normalisation.mean(), normalisation.mean())
            && close(self.normalisation.std(), normalisation.std())
    }
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem();
    stem.map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "\
title: t
classes: 3
networks: 1
positive: out-of-distribution
preprocessing: {resize: 32, crop: 32}
normalisation: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}
in_distribution:
  train: {name: a-train, list: l/train.txt, folder: images}
  validation: {name: a-val, list: l/val.txt, folder: images}
  test: {name: a-test, list: l/test.txt, folder: images, archive: a}
near: [{name: b, list: l/b.txt, folder: images}]
far: [{name: c, list: l/c.txt, folder: images}]
how_to_get: ask
archives: {a: {google_drive: '1', into: images/a}}
published: {source: s, date: d, rows: [{method: MSP, detector: baseline, near_auroc: 50, far_auroc: 60.5}]}
";

    fn load(text: &str) -> Result<BenchmarkCard, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.yaml");
        std::fs::write(&path, text).unwrap();
        BenchmarkCard::load(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_card_is_read_and_what_cannot_be_is_refused() {
        let card = load(CARD).unwrap();
        assert_eq!((card.name.as_str(), card.ood_sets().count()), ("small", 2));
        assert_eq!(
            card.published_row(Detector::Baseline).map(|row| row.far_auroc),
            Some(60.5)
        );
        assert!(card.published_row(Detector::Odin).is_none());
        for (was, is, why) in [
            ("near:", "nere:", "did you mean near?"),
            ("name: b", "name: a-test", "two sets are called a-test"),
            ("name: b", "name: far", "cannot be called far"),
            ("name: b", "name: ../b", "letters, digits"),
            ("archive: a", "archive: z", "no archive `z`"),
            (
                "far: [{name: c, list: l/c.txt, folder: images}]",
                "far: []",
                "far: at least one set",
            ),
            ("{resize: 32, crop: 32}", "{}", "must say to what size"),
            ("crop: 32", "crop: 0", "preprocessing.crop"),
            ("far_auroc: 60.5", "far_auroc: 101", "101 is no percentage"),
            ("detector: baseline", "detector: bseline", "bseline"),
            ("classes: 3", "classes: 1", "at least 2"),
        ] {
            let error = load(&CARD.replacen(was, is, 1)).unwrap_err();
            assert!(
                error.contains(why) && error.contains("small.yaml"),
                "{is}: {error}"
            );
        }
    }

    #[test]
    fn every_benchmark_that_is_shipped_is_whole() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/benchmarks");
        let files = BenchmarkCard::files(&[folder]);
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["cifar10", "cifar100", "imagenet", "imagenet200"]);
        for path in files.values() {
            let card = BenchmarkCard::load(path).unwrap();
            assert_eq!(card.positive, Positive::OutOfDistribution);
            assert_eq!((card.near.len(), card.published.unwrap().rows.len()), (2, 9));
        }
        let unknown = BenchmarkCard::find("cifar1", &[folder_of(&files)])
            .unwrap_err()
            .to_string();
        assert!(unknown.contains("did you mean cifar10"), "{unknown}");
    }

    fn folder_of(files: &BTreeMap<String, PathBuf>) -> PathBuf {
        files.values().next().unwrap().parent().unwrap().to_owned()
    }
}
