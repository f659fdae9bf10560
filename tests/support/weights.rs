//! Random weights for tests, written without libtorch.
use std::collections::HashMap;
use std::path::Path;

use odin_core::networks::{Architecture, Role};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};

/// Writes weights of this network, the same for the same seed, as a safetensors file.
pub fn write_random(architecture: &Architecture, classes: usize, seed: u64, file: &Path) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let parameters = architecture.parameters(classes).expect("such a network exists");
    let values: Vec<(String, Vec<usize>, Vec<u8>)> = parameters
        .into_iter()
        .map(|parameter| {
            let shape: Vec<usize> = parameter.shape.iter().map(|&side| side as usize).collect();
            let inputs: usize = shape.iter().skip(1).product();
            let scale = (6.0 / inputs as f32).sqrt();
            let value = |rng: &mut ChaCha8Rng| match parameter.role {
                Role::Convolution | Role::LinearWeight => rng.random_range(-scale..scale),
                Role::NormScale | Role::RunningVariance | Role::LayerScale => 1.0f32,
                Role::NormShift
                | Role::RunningMean
                | Role::LinearBias
                | Role::ConvolutionBias
                | Role::ClassToken
                | Role::Positions { .. } => 0.0,
            };
            let bytes = (0..shape.iter().product::<usize>()).flat_map(|_| value(&mut rng).to_le_bytes());
            (parameter.name, shape, bytes.collect())
        })
        .collect();
    let tensors: HashMap<&str, TensorView> = values
        .iter()
        .map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as many bytes as values");
            (name.as_str(), view)
        })
        .collect();
    serialize_to_file(tensors, None, file).expect("the file can be written");
}
