//! What a card says of where the images come from.
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::located;
use crate::formats::cifar::CifarKind;
use crate::formats::folder::{Corrupt, Layout};
use crate::formats::noise::{Noise, NoiseError};

/// Where a set's images come from: in a card, `format` and the keys that belong to it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "format", rename_all = "kebab-case")]
pub enum Source {
    /// MNIST's format, plain or gzipped.
    Idx {
        images: PathBuf,
        #[serde(skip_serializing_if = "Option::is_none")]
        labels: Option<PathBuf>,
    },
    /// CIFAR-10's or CIFAR-100's binary files, one after another.
    CifarBinary { kind: CifarKind, files: Vec<PathBuf> },
    /// The same as Python pickles.
    CifarPython { files: Vec<PathBuf> },
    /// A `.mat` file of SVHN.
    Svhn { file: PathBuf },
    /// A folder of image files.
    Folder {
        path: PathBuf,
        #[schemars(default)]
        layout: Layout,
        #[schemars(default)]
        corrupt: Corrupt,
    },
    /// A text file of image files, a line each: `path label`, or `path` alone, as OpenOOD's imglists.
    List {
        file: PathBuf,
        /// The folder that the paths in the list start from; without it, the list's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<PathBuf>,
        #[schemars(default)]
        corrupt: Corrupt,
    },
    /// Arrays of bytes as NumPy saves them (`.npy`, `.npz`): [count, height, width, 3], or with the channels first, or grey.
    Numpy {
        images: PathBuf,
        /// Which array of an `.npz` holds the images; needed where it has several.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        labels: Option<PathBuf>,
        /// Which array of an `.npz` holds the labels; without `labels`, one of the images' file.
        #[serde(skip_serializing_if = "Option::is_none")]
        label_key: Option<String>,
        /// The first image, and the one after the last, counted from 0: CIFAR-10-C's severity 5 is [40000, 50000].
        #[serde(skip_serializing_if = "Option::is_none")]
        rows: Option<[usize; 2]>,
    },
    /// Parquet files as Hugging Face writes image sets.
    Parquet {
        files: Vec<PathBuf>,
        /// The column of encoded images (`image` for `image.bytes`); needed where there are several.
        #[serde(skip_serializing_if = "Option::is_none")]
        image: Option<String>,
        /// The column of class numbers, where it is not called `label`.
        #[serde(skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        #[schemars(default)]
        corrupt: Corrupt,
    },
    /// Tar archives of WebDataset: `KEY.jpg` or another kind of image, and `KEY.cls` with its class number.
    Webdataset {
        files: Vec<PathBuf>,
        #[schemars(default)]
        corrupt: Corrupt,
    },
    /// Noise, uniform over [0, 1).
    Uniform(Noise),
    /// Noise, normal with mean 0.5 and deviation 1, clamped to [0, 1].
    Gaussian(Noise),
}

/// How the images are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    Idx,
    CifarBinary,
    CifarPython,
    Svhn,
    Folder,
    List,
    Numpy,
    Parquet,
    Webdataset,
    Uniform,
    Gaussian,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idx => "idx",
            Self::CifarBinary => "cifar-binary",
            Self::CifarPython => "cifar-python",
            Self::Svhn => "svhn",
            Self::Folder => "folder",
            Self::List => "list",
            Self::Numpy => "numpy",
            Self::Parquet => "parquet",
            Self::Webdataset => "webdataset",
            Self::Uniform => "uniform",
            Self::Gaussian => "gaussian",
        })
    }
}

/// A source whose keys do not belong together, or have values that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("a source of format {format} needs the key `{key}`")]
    Needs { format: Format, key: &'static str },
    #[error("`{key}` means nothing to a source of format {format}")]
    Meaningless { format: Format, key: &'static str },
    #[error("no files are named")]
    NoFiles,
    #[error(transparent)]
    Noise(#[from] NoiseError),
}

/// Every key that a source may have. Read so, and not as the enum itself, because serde would forget the lines.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    format: Format,
    images: Option<PathBuf>,
    labels: Option<PathBuf>,
    kind: Option<CifarKind>,
    files: Option<Vec<PathBuf>>,
    file: Option<PathBuf>,
    path: Option<PathBuf>,
    layout: Option<Layout>,
    corrupt: Option<Corrupt>,
    key: Option<String>,
    label_key: Option<String>,
    rows: Option<[usize; 2]>,
    image: Option<String>,
    label: Option<String>,
    count: Option<usize>,
    size: Option<[usize; 2]>,
    seed: Option<u64>,
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        located::through::<Keys, _, _>(deserializer)
    }
}

impl TryFrom<Keys> for Source {
    type Error = SourceError;

    fn try_from(mut keys: Keys) -> Result<Self, SourceError> {
        let format = keys.format;
        let source = match format {
            Format::Idx => Self::Idx {
                images: needed(format, "images", &mut keys.images)?,
                labels: keys.labels.take(),
            },
            Format::CifarBinary => Self::CifarBinary {
                kind: needed(format, "kind", &mut keys.kind)?,
                files: needed(format, "files", &mut keys.files)?,
            },
            Format::CifarPython => Self::CifarPython {
                files: needed(format, "files", &mut keys.files)?,
            },
            Format::Svhn => Self::Svhn {
                file: needed(format, "file", &mut keys.file)?,
            },
            Format::Folder => Self::Folder {
                path: needed(format, "path", &mut keys.path)?,
                layout: keys.layout.take().unwrap_or_default(),
                corrupt: keys.corrupt.take().unwrap_or_default(),
            },
            Format::List => Self::List {
                file: needed(format, "file", &mut keys.file)?,
                path: keys.path.take(),
                corrupt: keys.corrupt.take().unwrap_or_default(),
            },
            Format::Numpy => Self::Numpy {
                images: needed(format, "images", &mut keys.images)?,
                key: keys.key.take(),
                labels: keys.labels.take(),
                label_key: keys.label_key.take(),
                rows: keys.rows.take(),
            },
            Format::Parquet => Self::Parquet {
                files: needed(format, "files", &mut keys.files)?,
                image: keys.image.take(),
                label: keys.label.take(),
                corrupt: keys.corrupt.take().unwrap_or_default(),
            },
            Format::Webdataset => Self::Webdataset {
                files: needed(format, "files", &mut keys.files)?,
                corrupt: keys.corrupt.take().unwrap_or_default(),
            },
            Format::Uniform | Format::Gaussian => {
                let noise = Noise {
                    count: needed(format, "count", &mut keys.count)?,
                    size: needed(format, "size", &mut keys.size)?,
                    seed: keys.seed.take().unwrap_or_default(),
                };
                if matches!(format, Format::Uniform) {
                    Self::Uniform(noise)
                } else {
                    Self::Gaussian(noise)
                }
            }
        };
        let left = [
            ("images", keys.images.is_some()),
            ("labels", keys.labels.is_some()),
            ("kind", keys.kind.is_some()),
            ("files", keys.files.is_some()),
            ("file", keys.file.is_some()),
            ("path", keys.path.is_some()),
            ("layout", keys.layout.is_some()),
            ("corrupt", keys.corrupt.is_some()),
            ("key", keys.key.is_some()),
            ("label_key", keys.label_key.is_some()),
            ("rows", keys.rows.is_some()),
            ("image", keys.image.is_some()),
            ("label", keys.label.is_some()),
            ("count", keys.count.is_some()),
            ("size", keys.size.is_some()),
            ("seed", keys.seed.is_some()),
        ];
        if let Some((key, _)) = left.into_iter().find(|(_, given)| *given) {
            return Err(SourceError::Meaningless { format, key });
        }
        source.check().map(|()| source)
    }
}

fn needed<T>(format: Format, key: &'static str, value: &mut Option<T>) -> Result<T, SourceError> {
    value.take().ok_or(SourceError::Needs { format, key })
}

impl Source {
    pub(super) fn check(&self) -> Result<(), SourceError> {
        match self {
            Self::CifarBinary { files, .. }
            | Self::CifarPython { files }
            | Self::Parquet { files, .. }
            | Self::Webdataset { files, .. }
                if files.is_empty() =>
            {
                Err(SourceError::NoFiles)
            }
            Self::Uniform(noise) | Self::Gaussian(noise) => Ok(noise.check()?),
            _ => Ok(()),
        }
    }

    /// What is done about images that cannot be decoded; only encoded images can be left out.
    pub fn corrupt(&self) -> Corrupt {
        match self {
            Self::Folder { corrupt, .. }
            | Self::List { corrupt, .. }
            | Self::Parquet { corrupt, .. }
            | Self::Webdataset { corrupt, .. } => *corrupt,
            _ => Corrupt::Fatal,
        }
    }

    /// The files and folders that must be there.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Idx { images, labels } | Self::Numpy { images, labels, .. } => {
                std::iter::once(images.as_path())
                    .chain(labels.as_deref())
                    .collect()
            }
            Self::CifarBinary { files, .. }
            | Self::CifarPython { files }
            | Self::Parquet { files, .. }
            | Self::Webdataset { files, .. } => files.iter().map(PathBuf::as_path).collect(),
            Self::Folder { path, .. } | Self::Svhn { file: path } => vec![path],
            Self::List { file, path, .. } => std::iter::once(file.as_path()).chain(path.as_deref()).collect(),
            Self::Uniform(_) | Self::Gaussian(_) => Vec::new(),
        }
    }
}
