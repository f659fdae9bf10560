//! What PyTorch made of images, and whether a network makes the same of them.
use std::path::Path;

use npyz::npz::NpzArchive;
use odin_core::units::{Magnitude, Temperature};
use odin_detectors::log_odds;
use odin_engine::networks::Network;
use odin_engine::scoring::{Direction, Scorer};
use tch::{Device, Kind, Tensor};

/// What PyTorch made of a batch of images at T = 1000 and ε = 0.0014.
pub struct Expected {
    /// [B, C]
    pub logits: Tensor,
    /// [B, D], where it is known.
    pub features: Option<Tensor>,
    /// Whether the gradient to the image is ≥ 0, value by value.
    pub positive: Vec<bool>,
    /// Of the images that ODIN has moved.
    pub log_odds: Vec<f64>,
}

/// An array of an `.npz`.
pub fn array<T: npyz::Deserialize>(file: &Path, name: &str) -> Option<Vec<T>> {
    let mut archive = NpzArchive::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let array = archive.by_name(name).unwrap()?;
    Some(array.into_vec().unwrap())
}

/// The greatest difference, as a share of the greatest value.
pub fn apart(found: &Tensor, expected: &Tensor) -> f64 {
    ((found - expected).abs().max() / expected.abs().max()).double_value(&[])
}

/// How far a network for scoring is off, in words where that is too far.
pub fn check(
    name: &str,
    network: Network,
    std: &[f32],
    images: &Tensor,
    expected: &Expected,
) -> Result<(), String> {
    let scorer = Scorer::new(network, std, Device::Cpu).unwrap();
    let (t, magnitude) = (Temperature::new(1000.0).unwrap(), Magnitude::new(0.0014).unwrap());
    let (outputs, gradient) = scorer.gradient(images, Direction::CrossEntropy(t)).unwrap();
    let positive = scorer.signs(&gradient).unwrap();
    let moved = scorer.perturbed(images, &positive, magnitude).unwrap();
    let logits = scorer.logits(&moved).unwrap();
    let logits: Vec<f32> = Vec::try_from(logits.to_kind(Kind::Float).contiguous().view(-1)).unwrap();
    let classes = logits.len() / expected.log_odds.len();
    let flat: Vec<bool> = Vec::try_from(positive.contiguous().view(-1)).unwrap();
    assert_eq!(flat.len(), expected.positive.len(), "{name}");
    let flipped = flat
        .iter()
        .zip(&expected.positive)
        .filter(|(a, b)| a != b)
        .count();
    let flipped = flipped as f64 / flat.len() as f64;
    let odds = logits.chunks(classes).zip(&expected.log_odds);
    let odds = odds.map(|(row, want)| (log_odds(row, t.get()) - want).abs() / want.abs());
    let odds = odds.fold(0.0, f64::max);
    let features = expected
        .features
        .as_ref()
        .map_or(0.0, |expected| apart(&outputs.features.unwrap(), expected));
    let logits = apart(&outputs.logits, &expected.logits);
    let told = format!(
        "{name}: logits within {logits:.1e}, features {features:.1e}, log-odds {odds:.1e} of PyTorch's; {flipped:.1e} of the signs differ"
    );
    println!("{told}");
    match logits < 1e-5 && features < 1e-5 && odds < 1e-5 && flipped <= 1e-4 {
        true => Ok(()),
        false => Err(told),
    }
}
