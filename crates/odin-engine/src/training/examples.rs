//! Labelled images held in memory as bytes, and the batches drawn from them.
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, TchError, Tensor};

use super::Recipe;
use odin_datasets::{Dataset, DatasetError, Normalisation, NormalisationError};

/// Why a data set cannot be trained on.
#[derive(Debug, thiserror::Error)]
pub enum ExamplesError {
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("image {0} has no label, and training needs one for each")]
    Unlabelled(usize),
    #[error("image {index} is labelled {label}, and the network has {classes} classes")]
    Label {
        index: usize,
        label: u16,
        classes: usize,
    },
    #[error("image {index} is {found:?} pixels and the first is {first:?}: training needs one size")]
    Size {
        index: usize,
        found: (usize, usize),
        first: (usize, usize),
    },
    #[error(transparent)]
    Normalisation(#[from] NormalisationError),
    #[error("the data set is empty")]
    Empty,
}

/// Images [N, 3, H, W] as bytes, their labels, and how they are normalised.
pub struct Examples {
    pixels: Vec<u8>,
    labels: Vec<i64>,
    height: usize,
    width: usize,
    normalisation: Normalisation,
}

impl Examples {
    /// Reads the whole data set, after its card's preprocessing.
    pub fn read(set: &Dataset, normalisation: Normalisation, classes: usize) -> Result<Self, ExamplesError> {
        let mut pixels = Vec::new();
        let mut labels = Vec::with_capacity(set.len());
        let mut size = None;
        for index in 0..set.len() {
            let label = set.label(index).ok_or(ExamplesError::Unlabelled(index))?;
            if usize::from(label) >= classes {
                return Err(ExamplesError::Label {
                    index,
                    label,
                    classes,
                });
            }
            let image = set.image(index)?;
            let found = (image.height, image.width);
            let first = *size.get_or_insert(found);
            if found != first {
                return Err(ExamplesError::Size { index, found, first });
            }
            if index == 0 {
                pixels.reserve_exact(set.len() * image.pixels.len());
            }
            pixels.extend(image.pixels.iter().map(|&p| (p * 255.0).round() as u8));
            labels.push(i64::from(label));
        }
        let (height, width) = size.ok_or(ExamplesError::Empty)?;
        Ok(Self {
            pixels,
            labels,
            height,
            width,
            normalisation,
        })
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    pub fn size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// BLAKE3 of pixels and labels.
    pub fn digest(&self) -> String {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.pixels);
        for label in &self.labels {
            hash.update(&label.to_le_bytes());
        }
        hash.finalize().to_hex().to_string()
    }

    /// Normalised images [B, 3, H, W] as they are, and their labels [B].
    pub(super) fn plain(
        &self,
        indices: impl Iterator<Item = usize>,
        device: Device,
    ) -> Result<(Tensor, Tensor), TchError> {
        self.batch(indices.map(|index| (index, Shift::default())), device)
    }

    /// The same, each image shifted and mirrored by chance that follows from (seed, epoch, image).
    pub(super) fn augmented(
        &self,
        indices: impl Iterator<Item = usize>,
        recipe: &Recipe,
        epoch: usize,
        device: Device,
    ) -> Result<(Tensor, Tensor), TchError> {
        let with_shift = indices.map(|index| {
            let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed ^ 0x5eed_a065);
            rng.set_stream(((epoch as u64) << 32) | index as u64);
            (index, Shift::draw(&mut rng, recipe))
        });
        self.batch(with_shift, device)
    }

    fn batch(
        &self,
        items: impl Iterator<Item = (usize, Shift)>,
        device: Device,
    ) -> Result<(Tensor, Tensor), TchError> {
        let (h, w) = (self.height, self.width);
        // A byte has 256 values: normalise each once.
        let table: Vec<[f32; 256]> = (self.normalisation.mean().iter().zip(self.normalisation.std()))
            .map(|(m, s)| std::array::from_fn(|v| (v as f32 / 255.0 - m) / s))
            .collect();
        let mut values: Vec<f32> = Vec::new();
        let mut labels: Vec<i64> = Vec::new();
        for (index, shift) in items {
            let image = self.pixels.chunks_exact(3 * h * w).nth(index).unwrap_or_default();
            for (channel, table) in image.chunks_exact(h * w).zip(&table) {
                for y in 0..h {
                    let row = y.checked_add_signed(shift.down).filter(|&y| y < h);
                    for x in 0..w {
                        let x = if shift.mirror { w - 1 - x } else { x };
                        let column = x.checked_add_signed(shift.right).filter(|&x| x < w);
                        let pixel = row.zip(column).map_or(0, |(y, x)| channel[y * w + x]);
                        values.push(table[usize::from(pixel)]);
                    }
                }
            }
            labels.extend(self.labels.get(index));
        }
        let images = Tensor::f_from_slice(&values)?.f_view([labels.len() as i64, 3, h as i64, w as i64])?;
        Ok((
            images.f_to_device(device)?,
            Tensor::f_from_slice(&labels)?.f_to_device(device)?,
        ))
    }
}

/// Mean and standard deviation of each channel over every pixel of the set, after the card's preprocessing.
pub fn measure_normalisation(set: &Dataset) -> Result<Normalisation, ExamplesError> {
    let mut sums = [(0f64, 0f64); 3];
    let mut pixels = 0usize;
    for index in 0..set.len() {
        let image = set.image(index)?;
        let plane = image.height * image.width;
        pixels += plane;
        for (channel, (sum, squares)) in image.pixels.chunks(plane.max(1)).zip(&mut sums) {
            *sum += channel.iter().map(|&p| f64::from(p)).sum::<f64>();
            *squares += channel.iter().map(|&p| f64::from(p) * f64::from(p)).sum::<f64>();
        }
    }
    if pixels == 0 {
        return Err(ExamplesError::Empty);
    }
    let mean = sums.map(|(sum, _)| sum / pixels as f64);
    let mut std = [0f32; 3];
    for ((std, mean), (_, squares)) in std.iter_mut().zip(mean).zip(sums) {
        *std = (squares / pixels as f64 - mean * mean).max(0.0).sqrt() as f32;
    }
    Ok(Normalisation::new(mean.map(|m| m as f32), std)?)
}

/// Where an augmented image is taken from: black where it lies outside.
#[derive(Debug, Clone, Copy, Default)]
struct Shift {
    down: isize,
    right: isize,
    mirror: bool,
}

impl Shift {
    fn draw(rng: &mut impl Rng, recipe: &Recipe) -> Self {
        let most = recipe.crop as i32;
        Self {
            down: rng.random_range(-most..=most) as isize,
            right: rng.random_range(-most..=most) as isize,
            mirror: recipe.flip && rng.random(),
        }
    }
}
