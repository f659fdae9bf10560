//! Data sets: images by number, whatever they are stored as, and the cards that describe them.
//!
//! Everything that reads a file of images lives here, and what is done to an image before a network sees it.
//! No tensors, no networks and no scores: images leave as plain `f32`. Nothing that comes from a file is trusted:
//! sizes are checked against the file before memory is taken, and each error names the file and the place.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub))]

mod batch;
mod card;
mod catalogue;
mod choice;
mod decode;
mod error;
pub mod fetch;
mod files;
mod formats;
mod groups;
mod gzip;
mod image;
mod jpeg;
mod located;
mod names;
mod opened;
pub mod pickle;
mod prefetch;
mod preprocessing;
mod resize;
mod sample;
mod source;
#[cfg(test)]
mod tests;
pub mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

pub use batch::{Batch, Normalisation, NormalisationError};
pub use card::{Archive, CardError, DatasetCard, Download, ToFit};
pub use catalogue::{Listed, find, list, set_names};
pub use choice::{Choice, ChoiceError, Part, Sampling, UnknownSampling};
pub use decode::{is_image, read_image, size as image_size};
pub use error::{DatasetError, MissingFile};
pub use formats::cifar::CifarKind;
pub use formats::folder::{Corrupt, Layout, UnknownCorrupt};
pub use formats::noise::{Noise, NoiseError};
pub use groups::{Groups, GroupsError};
pub use image::{Channels, Image};
pub use names::{SetNames, meant, name_of, nearest};
pub use prefetch::Prefetch;
pub use preprocessing::{Preprocessing, PreprocessingError, Resize};
pub use sample::{absent_classes, sample, sampling_order, slice};
pub use source::{Format, Source, SourceError};

use formats::image_files::ImageFiles;
use opened::{Found, Opened};

/// An opened set of images. Any thread may read any image at any time, without decoding the others.
pub struct Dataset {
    name: String,
    class_names: Vec<String>,
    labels: Option<Vec<u16>>,
    groups: Option<Vec<u32>>,
    preprocessing: Preprocessing,
    source: Opened,
    corrupt: Corrupt,
    notes: Vec<String>,
    skipped: Mutex<BTreeMap<usize, String>>,
    digest: OnceLock<String>,
}

impl Dataset {
    /// Opens the set that `card` describes; `root` is the folder that the card's paths start from.
    ///
    /// # Errors
    /// Where a file is missing or is not what the card says, or the labels do not fit.
    pub fn open(card: &DatasetCard, root: &Path) -> Result<Self, DatasetError> {
        Self::open_source(card, &card.source, root, card.name.clone())
    }

    /// Opens the images to train on.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where the card names no images to train on.
    pub fn open_training(card: &DatasetCard, root: &Path) -> Result<Self, DatasetError> {
        let Some(train) = &card.train else {
            let why = "its card names no images to train on (`train:`)".to_owned();
            return Err(DatasetError::Invalid {
                name: card.name.clone(),
                why,
            });
        };
        Self::open_source(card, train, root, format!("{} (training)", card.name))
    }

    /// Opens the training images that detectors are fitted on: all of them where they are here, else the card's sample of them.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where the card names neither.
    pub fn open_to_fit(card: &DatasetCard, root: &Path) -> Result<Self, DatasetError> {
        let (source, what) = match card.to_fit(root) {
            Some(ToFit::All(train)) => (train, "training"),
            Some(ToFit::Sample(sample)) => (sample, "training sample"),
            None => {
                return Err(DatasetError::Invalid {
                    name: card.name.clone(),
                    why: "its card names no training images (`train:`, or a sample of them, `fit:`)"
                        .to_owned(),
                });
            }
        };
        Self::open_source(card, source, root, format!("{} ({what})", card.name))
    }

    /// Opens image files given one by one, of any format that is read and of any size, in this order. With `fit`, a height and a
    /// width, files that the preprocessing does not bring to this size are resized to it instead. A size after the
    /// preprocessing (height, width) for which `refused` gives a reason is none that can be read.
    ///
    /// Reads each file once, one at a time, for the [digest](Self::digest) and its size. A file that cannot be read keeps its
    /// number: asking for its image gives the reason, and batches leave it out and [note](Self::skipped) the reason.
    pub fn of_files(
        paths: Vec<PathBuf>,
        preprocessing: &Preprocessing,
        fit: Option<(usize, usize)>,
        refused: impl Fn(usize, usize) -> Option<String>,
    ) -> Self {
        Self {
            name: "image files".to_owned(),
            class_names: Vec::new(),
            labels: None,
            // Each file has its own.
            preprocessing: Preprocessing::default(),
            source: Opened::Files(ImageFiles::open(paths, preprocessing, fit, refused)),
            corrupt: Corrupt::Skip,
            notes: Vec::new(),
            groups: None,
            skipped: Mutex::default(),
            digest: OnceLock::new(),
        }
    }

    fn open_source(
        card: &DatasetCard,
        source: &Source,
        root: &Path,
        name: String,
    ) -> Result<Self, DatasetError> {
        card.missing(source, root)?;
        let invalid = |why| DatasetError::Invalid {
            name: name.clone(),
            why,
        };
        card.check().map_err(|error| invalid(error.to_string()))?;
        let Found {
            images,
            labels,
            mut class_names,
            notes,
        } = Opened::open(source, root)?;
        if !card.class_names.is_empty() {
            class_names = card.class_names.clone();
        }
        if let Some(labels) = &labels {
            check_labels(labels, images.len(), &class_names).map_err(invalid)?;
        }
        let groups = match &card.groups {
            // The groups are of the images to test on.
            Some(groups) if std::ptr::eq(source, &card.source) => {
                Some(groups.read(&name, root, images.len(), |index| images.name(index))?)
            }
            _ => None,
        };
        Ok(Self {
            name,
            class_names,
            labels,
            groups,
            preprocessing: card.preprocessing,
            source: images,
            corrupt: source.corrupt(),
            notes,
            skipped: Mutex::default(),
            digest: OnceLock::new(),
        })
    }

    /// The card's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Empty where the classes have no names.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// What is done to an image before the normalisation.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.source.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of image `index`, where the set has labels.
    pub fn label(&self, index: usize) -> Option<u16> {
        self.labels.as_ref()?.get(index).copied()
    }

    /// The classes of all images, in order, where the set has labels.
    pub fn labels(&self) -> Option<&[u16]> {
        self.labels.as_deref()
    }

    /// The group of each image, in order, where the card names groups: images of one are not independent of each other.
    pub fn groups(&self) -> Option<&[u32]> {
        self.groups.as_deref()
    }

    /// Tells these groups from every other: a BLAKE3 hash, in hex. The set's own digest is of the images alone.
    pub fn groups_digest(&self) -> Option<String> {
        let bytes = |groups: &[u32]| {
            groups
                .iter()
                .flat_map(|group| group.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let groups = self.groups()?;
        Some(blake3::hash(&bytes(groups)).to_hex().to_string())
    }

    /// The images that are chosen, in the order of the set.
    ///
    /// # Errors
    /// Where no image is left, or they cannot be split as asked for.
    pub fn choose(&self, choice: &Choice) -> Result<Vec<usize>, DatasetError> {
        let chosen = choice::choose(self.labels(), self.groups(), self.len(), choice);
        chosen.map_err(|source| DatasetError::Choice {
            name: self.name.clone(),
            source,
        })
    }

    /// What a person should know of the images chosen: classes of the set that have no image among them.
    pub fn lacks(&self, chosen: &[usize], sampling: Sampling) -> Option<String> {
        const NAMED: usize = 10;
        let labels = self.labels().filter(|_| chosen.len() < self.len())?;
        let absent = absent_classes(labels, chosen);
        if absent.is_empty() {
            return None;
        }
        let name = |label: &u16| match self.class_names.get(usize::from(*label)) {
            Some(name) => name.clone(),
            None => label.to_string(),
        };
        let mut names: Vec<String> = absent.iter().take(NAMED).map(name).collect();
        if absent.len() > NAMED {
            names.push("…".to_owned());
        }
        let remedy = match sampling {
            Sampling::File => "`order: sample` takes some of every class",
            Sampling::Sample => "more images would have some of each",
        };
        let all: std::collections::BTreeSet<&u16> = labels.iter().collect();
        Some(format!(
            "{}: {} of its {} classes have no image among the {} chosen ({}); {remedy}",
            self.name,
            absent.len(),
            all.len(),
            chosen.len(),
            names.join(", ")
        ))
    }

    /// What image `index` is called where it lies: its path below the set's folder. Arrays have no names.
    pub fn image_name(&self, index: usize) -> Option<String> {
        self.source.name(index)
    }

    /// The file that image `index` is; `None` where images lie together in a file or have none.
    pub fn image_file(&self, index: usize) -> Option<PathBuf> {
        self.source.file(index)
    }

    /// What a person should know of how the set was opened: files and folders that were left out.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// A seeded sample of `count` images, stratified by label where there are labels; in the order of the set.
    pub fn sample(&self, count: usize, seed: u64) -> Vec<usize> {
        sample(self.labels(), self.len(), count, seed)
    }

    /// Image `index` in RGB, `[3, height, width]`, after the card's preprocessing.
    ///
    /// # Errors
    /// Where there is no such image, or it cannot be read or decoded.
    pub fn image(&self, index: usize) -> Result<Image, DatasetError> {
        self.image_in(index, Channels::Rgb)
    }

    /// The same in the channels that a network takes: colour becomes grey by Pillow's weights, grey stays as it is.
    ///
    /// # Errors
    /// As [`image`](Self::image).
    pub fn image_in(&self, index: usize, channels: Channels) -> Result<Image, DatasetError> {
        self.check_index(index)?;
        self.source.image(index, &self.preprocessing, channels)
    }

    /// Height and width of image `index` after the preprocessing, without decoding it.
    ///
    /// # Errors
    /// Where there is no such image, or its header cannot be read.
    pub fn size(&self, index: usize) -> Result<(usize, usize), DatasetError> {
        self.check_index(index)?;
        let (height, width) = self.source.size(index)?;
        let size = self.preprocessing.output(height, width);
        size.map_err(|error| DatasetError::Invalid {
            name: format!("{}, image {index}", self.name),
            why: error.to_string(),
        })
    }

    /// What batches do about images that cannot be decoded, in place of what the card says.
    pub fn set_corrupt(&mut self, corrupt: Corrupt) {
        self.corrupt = corrupt;
    }

    /// The images left out of batches so far because they could not be decoded: number and reason.
    pub fn skipped(&self) -> Vec<(usize, String)> {
        let skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        skipped.iter().map(|(index, why)| (*index, why.clone())).collect()
    }

    /// None for an image that is to be skipped, which is noted.
    fn unless_skipped<T>(
        &self,
        index: usize,
        result: Result<T, DatasetError>,
    ) -> Result<Option<T>, DatasetError> {
        match result {
            Err(error @ (DatasetError::CorruptImage { .. } | DatasetError::UnreadableFile { .. }))
                if self.corrupt == Corrupt::Skip =>
            {
                let mut skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
                let why = match &error {
                    // Without the advice to skip it.
                    DatasetError::CorruptImage { path, why } => format!("{}: {why}", path.display()),
                    other => other.to_string(),
                };
                skipped.insert(index, why);
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    fn check_index(&self, index: usize) -> Result<(), DatasetError> {
        let len = self.len();
        if index < len {
            return Ok(());
        }
        Err(DatasetError::NoSuchImage {
            name: self.name.clone(),
            index,
            len,
        })
    }

    /// Whether its [digest](Self::digest) is known, so that asking for it takes no time.
    pub fn is_hashed(&self) -> bool {
        self.digest.get().is_some()
    }

    /// Tells this set of images from every other: a BLAKE3 hash, in hex, of the content and the preprocessing.
    ///
    /// Reads all of the set's files the first time.
    ///
    /// # Errors
    /// Where a file of the set cannot be read.
    pub fn digest(&self) -> Result<String, DatasetError> {
        if let Some(digest) = self.digest.get() {
            return Ok(digest.clone());
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("odin data set 1\n{:?}\n", self.preprocessing).as_bytes());
        self.source.hash(&mut hasher)?;
        for label in self.labels.iter().flatten() {
            hasher.update(&label.to_le_bytes());
        }
        let digest = hasher.finalize().to_hex().to_string();
        Ok(self.digest.get_or_init(|| digest).clone())
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dataset({}, {} images)", self.name, self.len())
    }
}

fn check_labels(labels: &[u16], images: usize, class_names: &[String]) -> Result<(), String> {
    if labels.len() != images {
        return Err(format!(
            "{} labels for {images} images; are they of the same set?",
            labels.len()
        ));
    }
    let classes = class_names.len();
    let wrong = labels.iter().position(|&label| usize::from(label) >= classes);
    match wrong.filter(|_| classes > 0) {
        Some(index) => {
            let label = labels.get(index).copied().unwrap_or_default();
            Err(format!(
                "image {index} has label {label}, but the card names {classes} classes (0 to {})",
                classes - 1
            ))
        }
        None => Ok(()),
    }
}
