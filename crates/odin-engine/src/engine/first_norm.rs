//! What a network's first batch norm remembers of the images that it was trained on. Under the normalisation of the training, the same
//! averages come out for other images of the same kind; under another they do not, while the accuracy may hardly change.
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, TchError, Tensor};

use crate::networks::weights::Weights;
use odin_core::networks::{Architecture, Stem};

/// Pixels by which small images are usually shifted in training, with black ones at the edge.
const SHIFT: i64 = 4;
/// Larger images are cut out and resized in training, at any scale.
const SMALL: i64 = 64;

/// The first convolution, and what was averaged of its outputs in training.
pub(super) struct FirstNorm {
    kernel: Tensor,
    stride: i64,
    mean: Tensor,
    variance: Tensor,
}

/// Channel by channel: sums of the outputs and of their squares, and how many there are.
struct Sums {
    sum: Tensor,
    squares: Tensor,
    count: f64,
}

/// What is summed up over batches, as the images are and as they are shifted in training.
pub(super) struct Averages([Option<Sums>; 2]);

impl FirstNorm {
    /// Of networks that begin with a convolution and a batch norm without anything between them.
    pub(super) fn of(architecture: &Architecture, weights: &Weights) -> Option<Self> {
        let (norm, stride) = match architecture {
            Architecture::DensenetBc { .. } | Architecture::WideResnet { .. } => ("block1.layer.0.bn1", 1),
            Architecture::Resnet(resnet) => match resnet.stem {
                Stem::Imagenet => ("bn1", 2),
                Stem::Cifar => ("bn1", 1),
            },
            _ => return None,
        };
        let get = |name: &str| weights.get(name).ok();
        Some(Self {
            kernel: get("conv1.weight")?,
            stride,
            mean: get(&format!("{norm}.running_mean"))?,
            variance: get(&format!("{norm}.running_var"))?,
        })
    }

    /// Adds a batch of images [B, C, H, W] in [0, 1], as they are and `shifted`, less the mean and over the deviation.
    pub(super) fn add(
        &self,
        averages: &mut Averages,
        images: &Tensor,
        shifted: Option<&Tensor>,
        (mean, std): (&Tensor, &Tensor),
    ) -> Result<(), TchError> {
        for (slot, images) in averages.0.iter_mut().zip([Some(images), shifted]) {
            let Some(images) = images else { continue };
            let normalised = images.f_sub(mean)?.f_div(std)?;
            let half = self.kernel.size().last().copied().unwrap_or(1) / 2;
            let bias = None::<Tensor>;
            let outputs = normalised.f_conv2d(&self.kernel, bias, self.stride, half, 1, 1)?;
            let over = |x: &Tensor| x.f_sum_dim_intlist([0i64, 2, 3].as_slice(), false, Kind::Double);
            let (sum, squares) = (over(&outputs)?, over(&outputs.f_square()?)?);
            let channels = outputs.size().get(1).copied().unwrap_or(1).max(1);
            let count = outputs.numel() as f64 / channels as f64;
            *slot = Some(match slot.take() {
                None => Sums { sum, squares, count },
                Some(before) => Sums {
                    sum: before.sum.f_add(&sum)?,
                    squares: before.squares.f_add(&squares)?,
                    count: before.count + count,
                },
            });
        }
        Ok(())
    }

    /// How far these averages are from those of the training: the divergence between normal distributions of their means and
    /// variances, a channel; the smaller one of unshifted and shifted images.
    pub(super) fn apart(&self, averages: &Averages) -> Result<Option<f64>, TchError> {
        let mut least: Option<f64> = None;
        for Sums { sum, squares, count } in averages.0.iter().flatten() {
            let values = |tensor: &Tensor| Vec::<f64>::try_from(tensor.f_to_kind(Kind::Double)?);
            let (sum, squares) = (values(sum)?, values(squares)?);
            let (kept_mean, kept_variance) = (values(&self.mean)?, values(&self.variance)?);
            let pairs = sum.iter().zip(&squares).zip(kept_mean.iter().zip(&kept_variance));
            let channels = pairs.map(|((sum, squares), (kept_mean, kept_variance))| {
                let mean = sum / count;
                let variance = (squares / count - mean * mean).max(1e-12);
                let kept = kept_variance.max(1e-12);
                let ratio = variance / kept;
                0.5 * (ratio - ratio.ln() - 1.0 + (mean - kept_mean).powi(2) / kept)
            });
            let apart = channels.sum::<f64>() / sum.len().max(1) as f64;
            if apart.is_finite() && least.is_none_or(|least| apart < least) {
                least = Some(apart);
            }
        }
        Ok(least)
    }
}

impl Averages {
    pub(super) fn new() -> Self {
        Self([None, None])
    }
}

/// Each image cut out at a random place of itself within a black frame; `None` where they are too large for that.
pub(super) fn shifted(images: &Tensor, seed: u64) -> Result<Option<Tensor>, TchError> {
    let (count, _, height, width) = images.size4()?;
    if height > SMALL || width > SMALL {
        return Ok(None);
    }
    let framed = images.f_constant_pad_nd([SHIFT; 4])?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut place = || rng.random_range(0..=2 * SHIFT);
    let all = (0..count).map(|i| {
        let image = framed.f_narrow(0, i, 1)?;
        image.f_narrow(2, place(), height)?.f_narrow(3, place(), width)
    });
    Tensor::f_cat(&all.collect::<Result<Vec<_>, TchError>>()?, 0).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of coloured noise, which no other normalisation than its own brings to the averages of training.
    #[test]
    fn the_normalisation_of_training_is_the_nearest() {
        let noise = |seed: u64| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let values: Vec<f32> = (0..64 * 3 * 256).map(|_| rng.random::<f32>().powi(2)).collect();
            Tensor::from_slice(&values).view([64, 3, 16, 16])
        };
        let of = |values: [f32; 3]| Tensor::from_slice(&values).view([1, 3, 1, 1]);
        let pairs = [
            (of([0.5; 3]), of([0.25; 3])),
            (of([0.49, 0.48, 0.45]), of([0.2, 0.2, 0.2])),
            (of([0.0; 3]), of([1.0; 3])),
        ];
        let kernel = noise(3).view([-1]).narrow(0, 0, 8 * 27).view([8, 3, 3, 3]) - 0.3;
        for (own, (mean, std)) in pairs.iter().enumerate() {
            let outputs = ((noise(1) - mean) / std).conv2d(&kernel, None::<Tensor>, 1, 1, 1, 1);
            let norm = FirstNorm {
                kernel: kernel.shallow_clone(),
                stride: 1,
                mean: outputs.mean_dim([0i64, 2, 3].as_slice(), false, Kind::Float),
                variance: outputs.var_dim([0i64, 2, 3].as_slice(), false, false),
            };
            let images = noise(2);
            let apart = |(mean, std): &(Tensor, Tensor)| {
                let mut averages = Averages::new();
                let shifted = shifted(&images, 0).unwrap();
                norm.add(&mut averages, &images, shifted.as_ref(), (mean, std))
                    .unwrap();
                norm.apart(&averages).unwrap().unwrap()
            };
            let all: Vec<f64> = pairs.iter().map(apart).collect();
            for (other, value) in all.iter().enumerate().filter(|(other, _)| *other != own) {
                assert!(
                    all[own] < 0.005 && all[own] * 4.0 < *value,
                    "{own} and {other}: {all:?}"
                );
            }
        }
    }
}
