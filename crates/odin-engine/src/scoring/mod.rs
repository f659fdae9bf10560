//! The tensor half of detectors: logits and features, gradients to the image, and images moved by them.
mod scorer;
mod perturbation;

#[cfg(test)]
mod tests;

pub use scorer::{Direction, Scorer, Signs};
