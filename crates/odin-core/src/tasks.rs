//! What needs libtorch beside scoring, as plain data: the command line reads a person's wishes and hands them to
//! `odin-engine task`, which does the work and tells of it on standard output and standard error.
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::networks::Architecture;
use crate::units::Device;

/// One piece of work, given to `odin-engine task` as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Task {
    Train(Box<TrainRequest>),
    ImportWeights(ImportRequest),
    /// Answers with a JSON list of [`Finding`]s on standard output.
    Examine(Examination),
}

/// Trains a network from the training images that a data set's card names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainRequest {
    pub architecture: Architecture,
    /// A data card's name, or the path of one.
    pub dataset: String,
    /// The network's card to write; the weights go beside it.
    pub out: PathBuf,
    pub recipe: Recipe,
    /// Mean and standard deviation of the three channels; `None` measures them on the training images.
    pub normalisation: Option<([f32; 3], [f32; 3])>,
    pub device: Device,
    /// What the person typed, for the card.
    pub command: String,
}

/// How the learning rate falls over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Half a cosine from the learning rate to 0 (arXiv 1608.03983, without restarts).
    Cosine,
    /// A tenth after half of the epochs, a hundredth after three quarters, as in the DenseNet paper.
    Step,
}

/// Everything that a run's result depends on, beside the images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    pub epochs: usize,
    pub batch: usize,
    pub learning_rate: f64,
    pub momentum: f64,
    pub weight_decay: f64,
    pub schedule: Schedule,
    /// Mirror half of the images.
    pub flip: bool,
    /// Crop from the image padded by this many black pixels on each side.
    pub crop: usize,
    /// Images of the training set kept apart to choose the best epoch.
    pub validation: usize,
    pub seed: u64,
    /// Stop every epoch after this many steps; only for trying things out.
    pub steps_per_epoch: Option<usize>,
}

/// Writes weights of any kind as safetensors, with a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportRequest {
    pub file: PathBuf,
    /// The network that the weights are for: a card's name, or the path of one. `None` finds out by the tensors.
    pub network: Option<String>,
    /// Which weights of the file are meant, where several fit, as a card's `weights_key` says it.
    pub weights_key: Option<String>,
    /// The safetensors file; `None` is where the network's card looks, or beside it.
    pub out: Option<PathBuf>,
    /// What the new card says, beyond what the tensors do.
    pub says: NewCard,
    /// Write over files that are there.
    pub force: bool,
}

/// What a person says of a network, where its tensors cannot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NewCard {
    /// Of the card and the file of weights.
    pub name: Option<String>,
    /// The in-distribution set: a data card's name, or a path.
    pub in_dataset: Option<String>,
    /// Mean and standard deviation of the three channels, or of the one of grey images.
    pub normalisation: Option<(Vec<f32>, Vec<f32>)>,
}

/// What `odin doctor` asks of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Examination {
    /// libtorch, devices, and whether the weights of every card can be used.
    Machine,
    /// One network on its in-distribution set.
    Network {
        name: String,
        /// Weights to use instead of the card's.
        weights: Option<PathBuf>,
        /// In-distribution images to try it on.
        images: usize,
        device: Device,
    },
}

/// A line of `odin doctor`: what was looked at, what was found, and what to do where it is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub name: String,
    pub found: String,
    pub advice: Option<String>,
}

impl Finding {
    /// Nothing is wrong with it.
    pub fn well(name: &str, found: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            found: found.into(),
            advice: None,
        }
    }

    /// Something is wrong, and `advice` says what to do.
    pub fn unwell(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            found: found.into(),
            advice: Some(advice.into()),
        }
    }
}
