//! Which images detectors are fitted on.
use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The sample of training images that detectors are fitted on, as sessions and the command line say it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FitSample {
    /// The set they are taken from: a data card's name or a path. Without one, the training images that the card of the
    /// in-distribution set names.
    pub dataset: Option<String>,
    /// At most so many images, stratified by label where there are labels.
    pub limit: NonZeroUsize,
    /// Of the sample.
    pub seed: u64,
}

impl Default for FitSample {
    fn default() -> Self {
        Self {
            dataset: None,
            limit: const { NonZeroUsize::new(5000).expect("5,000 is not 0") },
            seed: 0,
        }
    }
}

/// What detectors of a set were fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FittedOn {
    /// Name of the set.
    pub dataset: String,
    /// Tells it from every other: BLAKE3, in hex, of content and preprocessing.
    pub digest: String,
    /// How many of its images.
    pub images: usize,
}
