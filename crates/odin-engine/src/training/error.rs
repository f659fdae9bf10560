//! What stops a training.
use tch::TchError;

use super::examples::ExamplesError;
use crate::networks::reason_of;
use crate::networks::weights::WeightsError;

/// Why training cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(transparent)]
    Examples(#[from] ExamplesError),
    #[error("libtorch: {}", reason_of(.0))]
    Torch(#[from] TchError),
    #[error("{0}")]
    Recipe(String),
    #[error(
        "the loss is no longer a number after step {step} of epoch {epoch}: lower the learning rate (now {rate})"
    )]
    Diverged { epoch: usize, step: usize, rate: f64 },
    #[error(
        "{path} was left by a run with other settings: remove it to start anew, or use that run's settings"
    )]
    OtherRun { path: String },
}
