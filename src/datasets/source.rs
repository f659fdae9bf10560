//! Every kind of source behind one face.
use std::path::Path;

use super::card::Source;
use super::error::DatasetError;
use super::idx::{self, IdxImages};
use super::image::Image;
use super::preprocessing::Preprocessing;

pub(super) enum Opened {
    Idx(IdxImages),
}

impl Opened {
    /// The source, and its labels if it has any.
    pub fn open(source: &Source, root: &Path) -> Result<(Self, Option<Vec<u16>>), DatasetError> {
        Ok(match source {
            Source::Idx { images, labels } => {
                let labels = labels
                    .as_ref()
                    .map(|path| idx::labels(&root.join(path)))
                    .transpose()?;
                (Self::Idx(IdxImages::open(&root.join(images))?), labels)
            }
        })
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Idx(images) => images.count,
        }
    }

    pub fn image(&self, index: usize, preprocessing: &Preprocessing) -> Result<Image, DatasetError> {
        let image = match self {
            Self::Idx(images) => preprocessing.apply(images.raster(index)?),
        };
        image.map_err(|why| DatasetError::Invalid {
            name: format!("image {index}"),
            why,
        })
    }

    pub fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        match self {
            Self::Idx(images) => images.hash(hasher),
        }
    }
}
