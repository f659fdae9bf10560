//! Every kind of source, opened, behind one face.
use std::path::{Path, PathBuf};

use crate::error::DatasetError;
use crate::formats::cifar::{self, CifarFiles};
use crate::formats::cifar_python;
use crate::formats::folder::Folder;
use crate::formats::idx::{self, IdxImages};
use crate::formats::image_files::ImageFiles;
use crate::formats::list;
use crate::formats::noise::{Kind, Noise};
use crate::formats::numpy::{self, NumpyImages};
use crate::formats::parquet::{Columns, Tables};
use crate::formats::svhn::Svhn;
use crate::formats::webdataset::Shards;
use crate::image::{Channels, Image};
use crate::preprocessing::Preprocessing;
use crate::source::Source;

pub(crate) enum Opened {
    Idx(IdxImages),
    Cifar(CifarFiles, usize),
    Svhn(Svhn),
    Folder(Folder),
    Files(ImageFiles),
    Numpy(NumpyImages),
    Parquet(Tables),
    Webdataset(Shards),
    Noise(Noise, Kind),
}

/// What opening a source finds; the class names are empty where the source knows none.
pub(crate) struct Found {
    pub images: Opened,
    pub labels: Option<Vec<u16>>,
    pub class_names: Vec<String>,
    /// What a person should know of what was left out.
    pub notes: Vec<String>,
}

impl Opened {
    pub(crate) fn open(source: &Source, root: &Path) -> Result<Found, DatasetError> {
        let (mut class_names, mut notes) = (Vec::new(), Vec::new());
        let (images, labels) = match source {
            Source::Idx { images, labels } => {
                let labels = labels
                    .as_ref()
                    .map(|path| idx::labels(&root.join(path)))
                    .transpose()?;
                (Self::Idx(IdxImages::open(&root.join(images))?), labels)
            }
            Source::CifarBinary { kind, files } => {
                let paths: Vec<_> = files.iter().map(|file| root.join(file)).collect();
                let (files, labels) = CifarFiles::open(*kind, &paths)?;
                (Self::Cifar(files, labels.len()), Some(labels))
            }
            Source::CifarPython { files } => {
                let paths: Vec<_> = files.iter().map(|file| root.join(file)).collect();
                let (files, labels) = cifar_python::open(&paths)?;
                (Self::Cifar(files, labels.len()), Some(labels))
            }
            Source::Svhn { file } => {
                let (images, labels) = Svhn::open(&root.join(file))?;
                (Self::Svhn(images), Some(labels))
            }
            Source::Folder { path, layout, .. } => {
                let found = Folder::open(&root.join(path), *layout)?;
                (class_names, notes) = (found.class_names, found.notes);
                (Self::Folder(found.folder), found.labels)
            }
            Source::List { file, path, .. } => {
                let list = root.join(file);
                let beside = list.parent().unwrap_or(root);
                let start = path.as_ref().map_or(beside.to_owned(), |path| root.join(path));
                let found = list::open(&list, &start)?;
                (Self::Folder(found.folder), found.labels)
            }
            Source::Numpy {
                images,
                key,
                labels,
                label_key,
                rows,
            } => {
                let set = NumpyImages::open(&root.join(images), key.as_deref(), *rows)?;
                let path = labels.as_ref().or(label_key.is_some().then_some(images));
                let labels = path.map(|path| numpy::labels(&root.join(path), label_key.as_deref(), *rows));
                (Self::Numpy(set), labels.transpose()?)
            }
            Source::Parquet {
                files, image, label, ..
            } => {
                let paths: Vec<_> = files.iter().map(|file| root.join(file)).collect();
                let columns = Columns {
                    image: image.as_deref(),
                    label: label.as_deref(),
                };
                let found = Tables::open(&paths, &columns)?;
                class_names = found.class_names;
                (Self::Parquet(found.tables), found.labels)
            }
            Source::Webdataset { files, .. } => {
                let paths: Vec<_> = files.iter().map(|file| root.join(file)).collect();
                let (shards, labels) = Shards::open(&paths)?;
                (Self::Webdataset(shards), labels)
            }
            Source::Uniform(noise) => (Self::Noise(*noise, Kind::Uniform), None),
            Source::Gaussian(noise) => (Self::Noise(*noise, Kind::Gaussian), None),
        };
        Ok(Found {
            images,
            labels,
            class_names,
            notes,
        })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Idx(images) => images.shape.count,
            Self::Cifar(_, count) => *count,
            Self::Svhn(images) => images.count,
            Self::Folder(folder) => folder.len(),
            Self::Files(files) => files.len(),
            Self::Numpy(images) => images.shape.count,
            Self::Parquet(tables) => tables.len(),
            Self::Webdataset(shards) => shards.len(),
            Self::Noise(noise, _) => noise.count,
        }
    }

    /// What image `index` is called where it lies, where it has a name.
    pub(crate) fn name(&self, index: usize) -> Option<String> {
        match self {
            Self::Folder(folder) => folder.name(index).map(|name| name.display().to_string()),
            Self::Files(files) => files.name(index),
            Self::Webdataset(shards) => shards.name(index).map(|name| name.display().to_string()),
            _ => None,
        }
    }

    /// The file that image `index` is, where it is one by itself.
    pub(crate) fn file(&self, index: usize) -> Option<PathBuf> {
        match self {
            Self::Folder(folder) if index < folder.len() => Some(folder.path(index)),
            Self::Files(files) => files.path(index).map(Path::to_owned),
            _ => None,
        }
    }

    /// Height and width of image `index` as it is stored, without decoding it. Image files have a preprocessing of their own,
    /// and give what it comes to.
    pub(crate) fn size(&self, index: usize) -> Result<(usize, usize), DatasetError> {
        match self {
            Self::Idx(images) => Ok((images.shape.height, images.shape.width)),
            Self::Numpy(images) => Ok((images.shape.height, images.shape.width)),
            Self::Parquet(tables) => tables.size(index),
            Self::Webdataset(shards) => shards.size(index),
            Self::Cifar(..) => Ok((cifar::SIDE, cifar::SIDE)),
            Self::Svhn(images) => Ok((images.height, images.width)),
            Self::Folder(folder) => folder.size(index),
            Self::Files(files) => files.size(index),
            Self::Noise(noise, _) => Ok(noise.size.into()),
        }
    }

    pub(crate) fn image(
        &self,
        index: usize,
        preprocessing: &Preprocessing,
        channels: Channels,
    ) -> Result<Image, DatasetError> {
        let image = match self {
            Self::Idx(images) => preprocessing.apply(images.raster(index)?, channels),
            Self::Cifar(files, _) => preprocessing.apply(files.raster(index)?, channels),
            Self::Svhn(images) => preprocessing.apply(images.raster(index), channels),
            Self::Folder(folder) => preprocessing.apply(folder.raster(index)?, channels),
            Self::Files(files) => return files.image(index, channels),
            Self::Numpy(images) => preprocessing.apply(images.raster(index)?, channels),
            Self::Parquet(tables) => preprocessing.apply(tables.raster(index)?, channels),
            Self::Webdataset(shards) => preprocessing.apply(shards.raster(index)?, channels),
            Self::Noise(noise, kind) => preprocessing.apply(noise.raster(*kind, index), channels),
        };
        image.map_err(|error| DatasetError::Invalid {
            name: format!("image {index}"),
            why: error.to_string(),
        })
    }

    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        match self {
            Self::Idx(images) => images.hash(hasher),
            Self::Cifar(files, _) => files.hash(hasher),
            Self::Svhn(images) => {
                images.hash(hasher);
                Ok(())
            }
            Self::Folder(folder) => folder.hash(hasher),
            Self::Files(files) => {
                files.hash(hasher);
                Ok(())
            }
            Self::Numpy(images) => images.hash(hasher),
            Self::Parquet(tables) => tables.hash(hasher),
            Self::Webdataset(shards) => shards.hash(hasher),
            Self::Noise(noise, kind) => {
                noise.hash(*kind, hasher);
                Ok(())
            }
        }
    }
}
