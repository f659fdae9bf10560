//! Images of noise, made when they are asked for: the same for the same seed and number, whatever came before.
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::Serialize;

use crate::image::Raster;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Uniform over [0, 1).
    Uniform,
    /// Normal with mean 0.5 and deviation 1, clamped to [0, 1].
    Gaussian,
}

/// What a card says of noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Noise {
    pub count: usize,
    /// Height and width.
    pub size: [usize; 2],
    #[schemars(default)]
    pub seed: u64,
}

const MAX_SIDE: usize = 4096;
const MAX_COUNT: usize = 100_000_000;

/// Noise that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoiseError {
    #[error("noise of {0}×{1} pixels; sides lie between 1 and {MAX_SIDE}")]
    Size(usize, usize),
    #[error("{0} images of noise; the count lies between 1 and {MAX_COUNT}")]
    Count(usize),
}

impl Noise {
    pub(crate) fn check(&self) -> Result<(), NoiseError> {
        let [height, width] = self.size;
        if !(1..=MAX_SIDE).contains(&height) || !(1..=MAX_SIDE).contains(&width) {
            return Err(NoiseError::Size(height, width));
        }
        if !(1..=MAX_COUNT).contains(&self.count) {
            return Err(NoiseError::Count(self.count));
        }
        Ok(())
    }

    pub(crate) fn raster(&self, kind: Kind, index: usize) -> Raster<f32> {
        let [height, width] = self.size;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(index as u64);
        let mut sample = || match kind {
            // 24 bits: every value is exact, and 1 is never reached.
            Kind::Uniform => (rng.next_u32() >> 8) as f32 / (1 << 24) as f32,
            Kind::Gaussian => {
                let normal: f32 = StandardNormal.sample(&mut rng);
                (normal + 0.5).clamp(0.0, 1.0)
            }
        };
        let samples = (0..3 * height * width).map(|_| sample()).collect();
        Raster::planar(height, width, samples)
    }

    pub(crate) fn hash(&self, kind: Kind, hasher: &mut blake3::Hasher) {
        hasher.update(format!("{kind:?} {self:?}").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: Noise = Noise {
        seed: 7,
        count: 100,
        size: [32, 32],
    };

    fn samples(kind: Kind, index: usize) -> Vec<f32> {
        NOISE.raster(kind, index).samples
    }

    #[test]
    fn an_image_depends_on_seed_and_number_alone() {
        assert_eq!(samples(Kind::Uniform, 42), samples(Kind::Uniform, 42));
        assert_ne!(samples(Kind::Uniform, 42), samples(Kind::Uniform, 43));
        let other = Noise { seed: 8, ..NOISE }.raster(Kind::Uniform, 42);
        assert_ne!(samples(Kind::Uniform, 42), other.samples);
    }

    /// Kept scores are of these very images, so they may never change.
    #[test]
    fn the_noise_is_the_same_in_every_version() {
        for (kind, index, head) in [
            (
                Kind::Uniform,
                0,
                [0.14000338f32, 0.15779608, 0.18205506, 0.16798931],
            ),
            (
                Kind::Uniform,
                99,
                [0.34798485, 0.95355856, 0.027592659, 0.9352036],
            ),
            (Kind::Gaussian, 0, [0.0, 0.0, 1.0, 0.85977906]),
            (Kind::Gaussian, 99, [1.0, 1.0, 0.0, 1.0]),
        ] {
            assert_eq!(samples(kind, index)[..4], head, "{kind:?} {index}");
        }
    }

    #[test]
    fn the_noise_has_the_moments_it_should() {
        let all = |kind| (0..20).flat_map(|i| samples(kind, i)).collect::<Vec<f32>>();
        let mean = |v: &[f32]| v.iter().map(|&x| f64::from(x)).sum::<f64>() / v.len() as f64;
        let uniform = all(Kind::Uniform);
        let squares: Vec<f32> = uniform.iter().map(|x| x * x).collect();
        assert!((mean(&uniform) - 0.5).abs() < 0.005 && (mean(&squares) - 1.0 / 3.0).abs() < 0.005);
        assert!(uniform.iter().all(|x| (0.0..1.0).contains(x)));
        // P(N(0.5, 1) < 0) = P(> 1) = 0.3085.
        let gaussian = all(Kind::Gaussian);
        let share = |end: f32| gaussian.iter().filter(|&&x| x == end).count() as f64 / gaussian.len() as f64;
        assert!((mean(&gaussian) - 0.5).abs() < 0.005);
        assert!((share(0.0) - 0.3085).abs() < 0.006 && (share(1.0) - 0.3085).abs() < 0.006);
    }

    #[test]
    fn absurd_noise_is_refused() {
        let refused = |noise: Noise| noise.check().unwrap_err().to_string();
        assert!(refused(Noise { count: 0, ..NOISE }).contains("0 images of noise"));
        assert!(
            refused(Noise {
                size: [32, 1 << 40],
                ..NOISE
            })
            .contains("32×1099511627776")
        );
    }
}
