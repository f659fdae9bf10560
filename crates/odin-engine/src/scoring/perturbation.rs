//! The tensor half of ODIN: logits, the sign of the input gradient, the perturbed images.
use tch::{Kind, TchError, Tensor};

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

    /// Logits [B, C], and whether the gradient of the loss at T is ≥ 0 [B, channels, H, W] (sign(0) is +1).
    ///
    /// The loss is the cross entropy of softmax(z/T) against the guess, summed over the batch. Its gradient is
    /// (1/T) Σ_j (p_j − [j = ŷ]) ∂z_j; what is differentiated here is T times that, with p held constant, which has the
    /// same sign and does not shrink as T grows.
    pub fn gradient_signs(&self, images: &Tensor, t: Temperature) -> Result<(Tensor, Tensor), TchError> {
        let weights = |logits: &Tensor| {
            let p = logits.f_div_scalar(t.get())?.f_softmax(1, Kind::Float)?;
            p.f_sub(
                &p.f_zeros_like()?
                    .f_scatter_value(1, &logits.f_argmax(1, true)?, 1.0)?,
            )
        };
        let (outputs, gradient) = self.network.outputs_and_gradient(images, &weights)?;
        Ok((outputs.logits, gradient.f_ge(0.0)?))
    }

    /// x − ε · sign / std, per channel, for every image of the batch.
    pub fn perturbed(
        &self,
        images: &Tensor,
        positive: &Tensor,
        magnitude: Magnitude,
    ) -> Result<Tensor, TchError> {
        // ±ε/std from the bit: 2ε/std · bit − ε/std, subtracted.
        let step = self.std.f_reciprocal()?.f_mul_scalar(magnitude.get())?;
        images.f_sub(&step.f_where_self(positive, &step.f_neg()?)?)
    }

    /// One row of logits an image.
    pub fn rows(&self, logits: &Tensor) -> Result<Vec<f32>, TchError> {
        let flat = logits
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::Mode;
    use crate::networks::weights::Weights;
    use odin_core::networks::Architecture;
    use tch::{Device, Reduction};

    const STD: [f32; 3] = [0.25, 0.5, 0.2];

    /// A small network with random weights, and normalised random images.
    fn set_up(images: i64) -> (Scorer, Tensor) {
        let architecture = Architecture::DensenetBc { depth: 10, growth: 4 };
        let weights = Weights::initial(&architecture, 5, 1).unwrap();
        let network = Network::for_scoring(architecture, 5, &weights.prepared(Device::Cpu).unwrap()).unwrap();
        tch::manual_seed(2);
        let x = Tensor::randn([images, 3, 32, 32], (Kind::Float, Device::Cpu));
        (
            Scorer::new(network, &STD, Device::Cpu).unwrap(),
            channels_last(&x).unwrap(),
        )
    }

    fn greatest(t: &Tensor) -> f64 {
        t.abs().max().double_value(&[])
    }

    #[test]
    fn signs_are_those_of_the_cross_entropy_at_t() {
        let (scorer, x) = set_up(6);
        for t in [1.0, 10.0, 1000.0] {
            let leaf = x.copy().set_requires_grad(true);
            let z = scorer.network.forward(&leaf, Mode::Evaluation).unwrap();
            // In f64 the plain loss does not lose its gradient at T = 1000.
            let scaled = z.to_kind(Kind::Double) / t;
            let guess = scaled.argmax(1, false);
            scaled
                .cross_entropy_loss::<Tensor>(&guess, None, Reduction::Sum, -100, 0.0)
                .backward();
            let (logits, positive) = scorer.gradient_signs(&x, Temperature::new(t).unwrap()).unwrap();
            let differ = leaf
                .grad()
                .ge(0.0)
                .not_equal_tensor(&positive)
                .sum(Kind::Int64)
                .int64_value(&[]);
            let all = positive.numel() as f64;
            assert!(
                differ as f64 / all < 1e-4,
                "T = {t}: {differ} of {all} signs differ"
            );
            assert!(greatest(&(logits - z.detach())) < 1e-5);
        }
    }

    #[test]
    fn every_image_moves_by_the_magnitude_over_its_channels_deviation() {
        let (scorer, x) = set_up(4);
        let (_, positive) = scorer.gradient_signs(&x, Temperature::PAPER).unwrap();
        let magnitude = Magnitude::new(0.01).unwrap();
        let moved = &x - scorer.perturbed(&x, &positive, magnitude).unwrap();
        let sign = positive.to_kind(Kind::Float) * 2.0 - 1.0;
        for (channel, std) in STD.iter().enumerate() {
            // All images of the batch, not only the first.
            let step = moved.select(1, channel as i64) * sign.select(1, channel as i64);
            assert!(greatest(&(step - 0.01 / f64::from(*std))) < 1e-5);
        }
    }

    #[test]
    fn a_gradient_of_zero_counts_as_positive() {
        // Images so negative that every first activation is dead where it can be: some gradients are exactly 0.
        let (scorer, x) = set_up(2);
        let dead = Tensor::zeros_like(&x);
        let (_, positive) = scorer.gradient_signs(&dead, Temperature::ONE).unwrap();
        let leaf = dead.copy().set_requires_grad(true);
        let z = scorer.network.forward(&leaf, Mode::Evaluation).unwrap();
        z.cross_entropy_loss::<Tensor>(&z.argmax(1, false), None, Reduction::Sum, -100, 0.0)
            .backward();
        let zeros = leaf.grad().eq(0.0);
        let lost = zeros
            .logical_and(&positive.logical_not())
            .sum(Kind::Int64)
            .int64_value(&[]);
        assert_eq!(lost, 0, "of {} zeros", zeros.sum(Kind::Int64).int64_value(&[]));
    }

    #[test]
    fn signs_come_back_from_bits() {
        let (scorer, x) = set_up(3);
        let (_, positive) = scorer.gradient_signs(&x, Temperature::ONE).unwrap();
        let packed = scorer.pack(&positive).unwrap();
        assert_eq!(
            packed.iter().map(|p| p.len()).collect::<Vec<_>>(),
            [384, 384, 384]
        );
        let back = scorer.unpack(packed.iter(), 32, 32).unwrap();
        assert!(back.equal(&positive));
    }

    #[test]
    fn an_image_scores_the_same_in_any_batch() {
        let (scorer, x) = set_up(5);
        let magnitude = Magnitude::new(0.002).unwrap();
        let score = |x: &Tensor| {
            let (_, positive) = scorer.gradient_signs(x, Temperature::PAPER).unwrap();
            let after = scorer
                .logits(&scorer.perturbed(x, &positive, magnitude).unwrap())
                .unwrap();
            let rows = scorer.rows(&after).unwrap();
            rows.chunks(5)
                .map(|row| odin_detectors::log_odds(row, 1000.0))
                .collect::<Vec<_>>()
        };
        let together = score(&x);
        for (i, one) in together.iter().enumerate() {
            let alone = score(&x.narrow(0, i as i64, 1))[0];
            assert!((alone - one).abs() <= 1e-5 * one.abs(), "{alone} {one}");
        }
    }
}
