//! A network that scores batches: what it makes of them, gradients to the images, and images moved by these.
use tch::{Kind, TchError, Tensor};

use super::perturbation;
use crate::networks::weights::channels_last;
use crate::networks::{Network, Outputs};
use odin_core::units::{Magnitude, Temperature};

/// A network with the standard deviations of its normalisation, ready to score batches.
pub struct Scorer {
    network: Network,
    /// [1, channels, 1, 1]: ε is in units of the unnormalised image, the images are normalised.
    std: Tensor,
    device: tch::Device,
}

/// Of what a gradient to the images is taken. ŷ is the network's guess.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Direction {
    /// Of the cross entropy of softmax(z/T) against ŷ: ODIN, i-ODIN.
    CrossEntropy(Temperature),
    /// Of z_ŷ: AdaSCALE.
    Guess,
}

/// Signs of the input gradient of one image, a bit a value in [channels, H, W] order; set where the gradient is ≥ 0.
pub type Signs = std::sync::Arc<[u8]>;

impl Scorer {
    /// The network's weights must lie on `device`; `std` has a value a channel, three or one.
    pub fn new(network: Network, std: &[f32], device: tch::Device) -> Result<Self, TchError> {
        let std = Tensor::f_from_slice(std)?
            .f_view([1, -1, 1, 1])?
            .f_to_device(device)?;
        Ok(Self { network, std, device })
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Normalised images [B, channels, H, W] as a tensor on the device, channels last.
    pub fn images(&self, values: &[f32], height: usize, width: usize) -> Result<Tensor, TchError> {
        let channels = self.std.size4()?.1;
        let images = Tensor::f_from_slice(values)?.f_view([-1, channels, height as i64, width as i64])?;
        channels_last(&images.f_to_device(self.device)?)
    }

    /// Logits [B, C] and features [B, D] of the images, from one pass.
    pub fn outputs(&self, images: &Tensor) -> Result<Outputs, TchError> {
        self.network.outputs(images)
    }

    /// Logits [B, C] of the images.
    pub fn logits(&self, images: &Tensor) -> Result<Tensor, TchError> {
        Ok(self.outputs(images)?.logits)
    }

    /// Logits and features, and the gradient to the images [B, channels, H, W] of what the direction names, summed over the
    /// batch.
    ///
    /// That of the cross entropy is (1/T) Σ_j (p_j − [j = ŷ]) ∂z_j; what is differentiated here is T times that, with p held
    /// constant, which has the same sign and does not shrink as T grows.
    pub fn gradient(&self, images: &Tensor, direction: Direction) -> Result<(Outputs, Tensor), TchError> {
        let weights = |logits: &Tensor| match direction {
            Direction::CrossEntropy(t) => {
                let p = logits.f_div_scalar(t.get())?.f_softmax(1, Kind::Float)?;
                p.f_sub(&guess(logits)?)
            }
            Direction::Guess => guess(logits),
        };
        self.network.outputs_and_gradient(images, &weights)
    }

    /// Whether a gradient is ≥ 0, value by value: sign(0) is +1.
    pub fn signs(&self, gradient: &Tensor) -> Result<Tensor, TchError> {
        gradient.f_ge(0.0)
    }

    /// ODIN's images: every value moved by −ε · sign / std of its channel.
    pub fn perturbed(
        &self,
        images: &Tensor,
        positive: &Tensor,
        magnitude: Magnitude,
    ) -> Result<Tensor, TchError> {
        perturbation::odin(images, positive, &self.step(magnitude)?)
    }

    /// i-ODIN's images: of each, only the value of the greatest gradient is moved, as ODIN moves it. Of equal gradients it
    /// is the first in [channels, H, W] order.
    pub fn i_odin(
        &self,
        images: &Tensor,
        gradient: &Tensor,
        magnitude: Magnitude,
    ) -> Result<Tensor, TchError> {
        perturbation::i_odin(images, gradient, &self.step(magnitude)?)
    }

    /// AdaSCALE's images: of each, the `percent` % of its values that have the smallest gradients are moved by
    /// `step` · sign, in units of the normalised image.
    pub fn adascale(
        &self,
        images: &Tensor,
        gradient: &Tensor,
        percent: f64,
        step: f64,
    ) -> Result<Tensor, TchError> {
        perturbation::adascale(images, gradient, percent, step)
    }

    /// ε/std, [1, channels, 1, 1].
    fn step(&self, magnitude: Magnitude) -> Result<Tensor, TchError> {
        self.std.f_reciprocal()?.f_mul_scalar(magnitude.get())
    }

    /// The tensor's values, a row of logits or features an image.
    pub fn rows(&self, outputs: &Tensor) -> Result<Vec<f32>, TchError> {
        let flat = outputs
            .f_to_device(tch::Device::Cpu)?
            .f_to_kind(Kind::Float)?
            .f_contiguous()?;
        let mut values = vec![0f32; flat.numel()];
        let count = values.len();
        flat.f_copy_data(&mut values, count)?;
        Ok(values)
    }

    /// Planes of the images that the network takes.
    pub fn channels(&self) -> usize {
        self.std.numel()
    }

    /// Signs packed a bit a value, image by image.
    pub fn pack(&self, positive: &Tensor) -> Result<Vec<Signs>, TchError> {
        let count = positive.size().first().copied().unwrap_or(0).max(1) as usize;
        let flat = positive
            .f_to_kind(Kind::Uint8)?
            .f_to_device(tch::Device::Cpu)?
            .f_contiguous()?;
        let mut values = vec![0u8; flat.numel()];
        let total = values.len();
        flat.f_copy_data(&mut values, total)?;
        let packed = values.chunks(total / count).map(|image| {
            let byte = |bits: &[u8]| {
                bits.iter()
                    .enumerate()
                    .fold(0, |byte, (i, bit)| byte | (bit << i))
            };
            image.chunks(8).map(byte).collect()
        });
        Ok(packed.collect())
    }

    /// The inverse of [`Scorer::pack`] for images of [channels, H, W].
    pub fn unpack<'a>(
        &self,
        signs: impl Iterator<Item = &'a Signs>,
        height: usize,
        width: usize,
    ) -> Result<Tensor, TchError> {
        let channels = self.channels();
        let values_an_image = channels * height * width;
        let mut values: Vec<u8> = Vec::new();
        for image in signs {
            let bits = image.iter().flat_map(|byte| (0..8).map(move |i| (byte >> i) & 1));
            values.extend(bits.take(values_an_image));
        }
        let flat =
            Tensor::f_from_slice(&values)?.f_view([-1, channels as i64, height as i64, width as i64])?;
        channels_last(&flat.f_to_device(self.device)?)?.f_to_kind(Kind::Bool)
    }
}

/// 1 at the guess, 0 elsewhere: [B, C].
fn guess(logits: &Tensor) -> Result<Tensor, TchError> {
    logits
        .f_zeros_like()?
        .f_scatter_value(1, &logits.f_argmax(1, true)?, 1.0)
}
