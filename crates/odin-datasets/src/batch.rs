//! Batches as networks take them: one size, normalised, one block of f32.
use std::sync::atomic::{AtomicBool, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::Dataset;
use super::error::DatasetError;
use super::image::Image;
use super::located;

/// Mean and standard deviation by channel, in units of the [0, 1] image. Always finite, with std above 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
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

impl<'de> Deserialize<'de> for Normalisation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        located::through::<Raw, _, _>(deserializer)
    }
}

impl TryFrom<Raw> for Normalisation {
    type Error = NormalisationError;
    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        Self::new(raw.mean, raw.std)
    }
}

/// Values that are reserved for a batch at once; what needs more grows.
const RESERVE: usize = 1 << 24;

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

impl Dataset {
    /// The images numbered `indices`, in that order. All must have one size: see [`Self::batches_by_size`].
    ///
    /// Where the set skips corrupt images, those are left out (the batch may be empty) and noted: [`Self::skipped`].
    pub fn batch(&self, indices: &[usize], normalisation: &Normalisation) -> Result<Batch, DatasetError> {
        let mut runs = self.runs(indices, normalisation, &AtomicBool::new(false))?;
        let place = |batch: &Batch| {
            (
                batch.indices.first().copied().unwrap_or_default(),
                batch.height,
                batch.width,
            )
        };
        match runs.as_slice() {
            [a, b, ..] => Err(DatasetError::MixedSizes {
                name: self.name().to_owned(),
                a: place(a),
                b: place(b),
            }),
            _ => Ok(runs.pop().unwrap_or_default()),
        }
    }

    /// The images numbered `indices`, in that order, a batch for each run of images of one size.
    pub(super) fn runs(
        &self,
        indices: &[usize],
        normalisation: &Normalisation,
        stop: &AtomicBool,
    ) -> Result<Vec<Batch>, DatasetError> {
        let mut runs: Vec<Batch> = Vec::new();
        for (done, &index) in indices.iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let Some(image) = self.unless_skipped(index, self.image(index))? else {
                continue;
            };
            let same = runs.pop_if(|run| (run.height, run.width) == (image.height, image.width));
            let mut run = same.unwrap_or_else(|| Batch {
                images: Vec::with_capacity(match runs.len() {
                    // Not more than a bound: the first of a folder's images may be far larger than the rest.
                    0 => image
                        .pixels
                        .len()
                        .saturating_mul(indices.len() - done)
                        .min(RESERVE),
                    _ => image.pixels.len(),
                }),
                height: image.height,
                width: image.width,
                ..Batch::default()
            });
            normalisation.extend(&mut run.images, &image);
            run.labels.push(self.label(index));
            run.indices.push(index);
            run.count += 1;
            runs.push(run);
        }
        Ok(runs)
    }

    /// `indices` in groups of at most `max` images of one size, reading no more than headers.
    ///
    /// Within a size the order stays; sizes come in the order in which they first appear.
    pub fn batches_by_size(&self, indices: &[usize], max: usize) -> Result<Vec<Vec<usize>>, DatasetError> {
        let mut sizes: Vec<((usize, usize), Vec<usize>)> = Vec::new();
        for &index in indices {
            let Some(size) = self.unless_skipped(index, self.size(index))? else {
                continue;
            };
            match sizes.iter_mut().find(|(known, _)| *known == size) {
                Some((_, group)) => group.push(index),
                None => sizes.push((size, vec![index])),
            }
        }
        let groups = sizes.iter().flat_map(|(_, group)| group.chunks(max.max(1)));
        Ok(groups.map(<[usize]>::to_vec).collect())
    }
}
