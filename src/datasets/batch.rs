//! Batches as networks take them: one size, normalised, one block of f32.
use serde::{Deserialize, Serialize};

use super::Dataset;
use super::error::DatasetError;
use super::image::Image;

/// Mean and standard deviation by channel, in units of the [0, 1] image. Always finite, with std above 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Normalisation {
    mean: [f32; 3],
    std: [f32; 3],
}

#[derive(Deserialize)]
#[serde(rename = "Normalisation", deny_unknown_fields)]
struct Raw {
    mean: [f32; 3],
    std: [f32; 3],
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NormalisationError {
    #[error("the mean must be finite, not {0:?}")]
    Mean([f32; 3]),
    #[error("the standard deviation must be finite and above 0, not {0:?}")]
    Std([f32; 3]),
}

impl Normalisation {
    pub fn new(mean: [f32; 3], std: [f32; 3]) -> Result<Self, NormalisationError> {
        if !mean.iter().all(|m| m.is_finite()) {
            Err(NormalisationError::Mean(mean))
        } else if !std.iter().all(|s| s.is_normal() && *s > 0.0) {
            Err(NormalisationError::Std(std))
        } else {
            Ok(Self { mean, std })
        }
    }

    pub fn mean(&self) -> [f32; 3] {
        self.mean
    }

    pub fn std(&self) -> [f32; 3] {
        self.std
    }

    /// (p − mean) / std, planar.
    pub fn apply(&self, image: &Image) -> Vec<f32> {
        let mut out = Vec::with_capacity(image.pixels.len());
        self.extend(&mut out, image);
        out
    }

    fn extend(&self, out: &mut Vec<f32>, image: &Image) {
        let plane = image.height.saturating_mul(image.width).max(1);
        for ((values, mean), std) in image.pixels.chunks(plane).zip(self.mean).zip(self.std) {
            out.extend(values.iter().map(|p| (p - mean) / std));
        }
    }
}

impl TryFrom<Raw> for Normalisation {
    type Error = NormalisationError;
    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        Self::new(raw.mean, raw.std)
    }
}

/// Normalised images of one size, `[count, 3, height, width]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    pub images: Vec<f32>,
    pub count: usize,
    pub height: usize,
    pub width: usize,
    pub labels: Vec<Option<u16>>,
    /// Which images of the set these are. Images that were skipped as corrupt are not among them.
    pub indices: Vec<usize>,
}

impl Batch {
    /// Adds an image, unless it has another size than those already there.
    pub(super) fn push(
        &mut self,
        image: &Image,
        normalisation: &Normalisation,
        index: usize,
        label: Option<u16>,
    ) -> bool {
        if self.count == 0 {
            (self.height, self.width) = (image.height, image.width);
        }
        if (self.height, self.width) != (image.height, image.width) {
            return false;
        }
        normalisation.extend(&mut self.images, image);
        self.labels.push(label);
        self.indices.push(index);
        self.count += 1;
        true
    }
}

impl Dataset {
    /// The images numbered `indices`, in that order. All must have one size: see [`Self::batches_by_size`].
    ///
    /// Where the set skips corrupt images, those are left out (the batch may be empty) and noted: [`Self::skipped`].
    pub fn batch(&self, indices: &[usize], normalisation: &Normalisation) -> Result<Batch, DatasetError> {
        let mut batch = Batch::default();
        for &index in indices {
            let Some(image) = self.image_or_skip(index)? else {
                continue;
            };
            if batch.count == 0 {
                batch
                    .images
                    .reserve_exact(image.pixels.len().saturating_mul(indices.len()));
            }
            if !batch.push(&image, normalisation, index, self.label(index)) {
                let first = batch.indices.first().copied().unwrap_or_default();
                return Err(DatasetError::MixedSizes {
                    name: self.name().to_owned(),
                    a: (first, batch.height, batch.width),
                    b: (index, image.height, image.width),
                });
            }
        }
        Ok(batch)
    }
}
