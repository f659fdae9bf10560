//! Every kind of source, opened, behind one face.
use std::path::Path;

use super::cifar::{self, CifarFiles};
use super::cifar_python;
use super::error::DatasetError;
use super::folder::Folder;
use super::idx::{self, IdxImages};
use super::image::Image;
use super::noise::{Kind, Noise};
use super::preprocessing::Preprocessing;
use super::source::Source;
use super::svhn::Svhn;

pub(super) enum Opened {
    Idx(IdxImages),
    Cifar(CifarFiles, usize),
    Svhn(Svhn),
    Folder(Folder),
    Noise(Noise, Kind),
}

/// What opening a source finds; the class names are empty where the source knows none.
pub(super) struct Found {
    pub images: Opened,
    pub labels: Option<Vec<u16>>,
    pub class_names: Vec<String>,
}

impl Opened {
    pub fn open(source: &Source, root: &Path) -> Result<Found, DatasetError> {
        let mut class_names = Vec::new();
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
                let (folder, labels, names) = Folder::open(&root.join(path), *layout)?;
                class_names = names;
                (Self::Folder(folder), labels)
            }
            Source::Uniform(noise) => (Self::Noise(*noise, Kind::Uniform), None),
            Source::Gaussian(noise) => (Self::Noise(*noise, Kind::Gaussian), None),
        };
        Ok(Found {
            images,
            labels,
            class_names,
        })
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Idx(images) => images.count,
            Self::Cifar(_, count) => *count,
            Self::Svhn(images) => images.count,
            Self::Folder(folder) => folder.len(),
            Self::Noise(noise, _) => noise.count,
        }
    }

    /// Height and width of image `index` as it is stored, without decoding it.
    pub fn size(&self, index: usize) -> Result<(usize, usize), DatasetError> {
        match self {
            Self::Idx(images) => Ok((images.height, images.width)),
            Self::Cifar(..) => Ok((cifar::SIDE, cifar::SIDE)),
            Self::Svhn(images) => Ok((images.height, images.width)),
            Self::Folder(folder) => folder.size(index),
            Self::Noise(noise, _) => Ok(noise.size.into()),
        }
    }

    pub fn image(&self, index: usize, preprocessing: &Preprocessing) -> Result<Image, DatasetError> {
        let image = match self {
            Self::Idx(images) => preprocessing.apply(images.raster(index)?),
            Self::Cifar(files, _) => preprocessing.apply(files.raster(index)?),
            Self::Svhn(images) => preprocessing.apply(images.raster(index)),
            Self::Folder(folder) => preprocessing.apply(folder.raster(index)?),
            Self::Noise(noise, kind) => preprocessing.apply(noise.raster(*kind, index)),
        };
        image.map_err(|error| DatasetError::Invalid {
            name: format!("image {index}"),
            why: error.to_string(),
        })
    }

    pub fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        match self {
            Self::Idx(images) => images.hash(hasher),
            Self::Cifar(files, _) => files.hash(hasher),
            Self::Svhn(images) => {
                images.hash(hasher);
                Ok(())
            }
            Self::Folder(folder) => folder.hash(hasher),
            Self::Noise(noise, kind) => {
                noise.hash(*kind, hasher);
                Ok(())
            }
        }
    }
}
