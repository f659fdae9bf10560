//! Batches as networks take them: one size, normalised, one block of f32.
use std::sync::atomic::{AtomicBool, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Dataset;
use super::error::DatasetError;
use super::image::{Channels, Image};
use super::located;

/// Mean and standard deviation by channel, in units of the [0, 1] image: three values (red, green, blue), or one for
/// networks of grey images. Always finite, with std above 0.
#[derive(Debug, Clone, Copy, PartialEq, JsonSchema)]
pub struct Normalisation {
    /// Three values, or one for grey images.
    #[schemars(with = "Vec<f32>", length(min = 1, max = 3))]
    mean: [f32; 3],
    /// As many values as the mean has.
    #[schemars(with = "Vec<f32>", length(min = 1, max = 3))]
    std: [f32; 3],
    #[schemars(skip)]
    channels: Channels,
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Normalisation", deny_unknown_fields)]
struct Raw {
    mean: Vec<f32>,
    std: Vec<f32>,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NormalisationError {
    #[error("the mean must be finite, not {0:?}")]
    Mean(Vec<f32>),
    #[error(
        "a mean of {0:?} is above 1, and images here are in [0, 1]: is it of values from 0 to 255? Then divide it and the \
         standard deviation by 255"
    )]
    Unit(Vec<f32>),
    #[error("the standard deviation must be finite and above 0, not {0:?}")]
    Std(Vec<f32>),
    #[error(
        "mean and standard deviation have 3 values each (red, green, blue), or 1 for grey images, not {mean} and {std}"
    )]
    Channels { mean: usize, std: usize },
}

impl Normalisation {
    /// Of images in colour.
    ///
    /// # Errors
    /// Where a value is not finite, a mean above 1, or a standard deviation not above 0.
    pub fn new(mean: [f32; 3], std: [f32; 3]) -> Result<Self, NormalisationError> {
        Self::by_channel(&mean, &std)
    }

    /// Of images of three channels, or of one.
    ///
    /// # Errors
    /// As [`new`](Self::new), and where there are other numbers of values.
    pub fn by_channel(mean: &[f32], std: &[f32]) -> Result<Self, NormalisationError> {
        let channels = match (mean.len(), std.len()) {
            (3, 3) => Channels::Rgb,
            (1, 1) => Channels::Grey,
            (mean, std) => return Err(NormalisationError::Channels { mean, std }),
        };
        if !mean.iter().all(|m| m.is_finite()) {
            return Err(NormalisationError::Mean(mean.to_vec()));
        }
        // No image in [0, 1] has such a mean; scores would be wrong, and nothing would tell.
        if mean.iter().any(|m| *m > 1.0) {
            return Err(NormalisationError::Unit(mean.to_vec()));
        }
        if !std.iter().all(|s| s.is_normal() && *s > 0.0) {
            return Err(NormalisationError::Std(std.to_vec()));
        }
        let three = |values: &[f32]| match *values {
            [r, g, b] => [r, g, b],
            [grey] => [grey; 3],
            _ => unreachable!("one or three, as checked above"),
        };
        Ok(Self {
            mean: three(mean),
            std: three(std),
            channels,
        })
    }

    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// A value a channel.
    #[expect(clippy::expect_used, reason = "one or three of three values")]
    pub fn mean(&self) -> &[f32] {
        self.mean
            .get(..self.channels.count())
            .expect("one or three of three")
    }

    /// A value a channel.
    #[expect(clippy::expect_used, reason = "one or three of three values")]
    pub fn std(&self) -> &[f32] {
        self.std
            .get(..self.channels.count())
            .expect("one or three of three")
    }

    /// (p − mean) / std, planar, `[channels, height, width]`. The image has as many channels as the normalisation.
    pub fn apply(&self, image: &Image) -> Vec<f32> {
        let mut out = Vec::with_capacity(image.pixels.len());
        self.extend(&mut out, image);
        out
    }

    fn extend(&self, out: &mut Vec<f32>, image: &Image) {
        assert_eq!(image.channels(), self.channels, "a normalisation of such images");
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
        Self::by_channel(&raw.mean, &raw.std)
    }
}

impl Serialize for Normalisation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = Raw {
            mean: self.mean().to_vec(),
            std: self.std().to_vec(),
        };
        raw.serialize(serializer)
    }
}

/// Values that are reserved for a batch at once; what needs more grows.
const RESERVE: usize = 1 << 24;

/// Normalised images of one size, `[count, channels, height, width]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    pub images: Vec<f32>,
    pub count: usize,
    /// 3, or 1 for grey images, as the normalisation has it; 0 in an empty batch.
    pub channels: usize,
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
    ///
    /// # Errors
    /// Where an image is not there, cannot be read, or differs in size from the others.
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
            let Some(image) = self.unless_skipped(index, self.image_in(index, normalisation.channels()))?
            else {
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
                channels: normalisation.channels().count(),
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
    ///
    /// # Errors
    /// Where an image is not there or its header cannot be read.
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
