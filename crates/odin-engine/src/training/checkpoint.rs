//! The state of a run on disk: one safetensors file with weights, velocities, the best weights and the position.
use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::{Device, TchError, Tensor};

use super::error::TrainingError;
use crate::networks::weights::{Weights, WeightsError, read_metadata};
use odin_core::networks::Architecture;

/// How a run ended.
pub struct Outcome {
    /// Those of the best epoch; `None` where it was interrupted before it had one.
    pub best: Option<Weights>,
    pub best_epoch: usize,
    pub validation_accuracy: f64,
    pub finished: bool,
}

/// Where in the run the weights are.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Position {
    /// Epochs completed.
    pub epoch: usize,
    /// Steps done of the epoch under way.
    pub step: usize,
    pub best_epoch: usize,
    pub best_accuracy: f64,
}

pub(super) struct Checkpoint {
    run: String,
    pub weights: Weights,
    pub velocity: Weights,
    best: Option<Weights>,
    pub position: Position,
}

impl Checkpoint {
    /// What the file holds, where there is one and it is of this run; else a fresh start.
    pub(super) fn open(
        path: &Path,
        run: String,
        architecture: &Architecture,
        classes: usize,
        seed: u64,
        device: Device,
    ) -> Result<Self, TrainingError> {
        if path.exists() {
            return Self::resume(path, run, device);
        }
        let weights = Weights::initial(architecture, classes, seed as i64)?.prepared(device)?;
        let trained = architecture.parameters(classes).map_err(WeightsError::from)?;
        let velocity = trained
            .iter()
            .filter(|p| p.role.is_trained())
            .map(|p| Ok((p.name.clone(), weights.get(&p.name)?.f_zeros_like()?)))
            .collect::<Result<Vec<_>, WeightsError>>()?;
        let position = Position {
            epoch: 0,
            step: 0,
            best_epoch: 0,
            best_accuracy: -1.0,
        };
        Ok(Self {
            run,
            weights,
            velocity: velocity.into_iter().collect(),
            best: None,
            position,
        })
    }

    fn resume(path: &Path, run: String, device: Device) -> Result<Self, TrainingError> {
        let other = || TrainingError::OtherRun {
            path: path.display().to_string(),
        };
        let metadata = read_metadata(path)?;
        if metadata.get("run") != Some(&run) {
            return Err(other());
        }
        let position = metadata
            .get("position")
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(other)?;
        let all = Weights::load(path)?.prepared(device)?;
        let part = |prefix: &str| -> Weights {
            let named = all
                .iter()
                .filter_map(|(name, t)| Some((name.strip_prefix(prefix)?.to_owned(), t.shallow_clone())));
            named.collect()
        };
        let best = part("best/");
        let best = if best.is_empty() { None } else { Some(best) };
        Ok(Self {
            run,
            weights: part("weights/"),
            velocity: part("velocity/"),
            best,
            position,
        })
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), TrainingError> {
        let mut all: Vec<(String, Tensor)> = Vec::new();
        let parts = [
            ("weights", Some(&self.weights)),
            ("velocity", Some(&self.velocity)),
            ("best", self.best.as_ref()),
        ];
        for (prefix, weights) in parts {
            for (name, tensor) in weights.iter().flat_map(|w| w.iter()) {
                all.push((format!("{prefix}/{name}"), tensor.shallow_clone()));
            }
        }
        let position = serde_json::to_string(&self.position).unwrap_or_default();
        let metadata = BTreeMap::from([("run".into(), self.run.clone()), ("position".into(), position)]);
        all.into_iter().collect::<Weights>().save(path, &metadata)?;
        Ok(())
    }

    /// Closes the epoch under way; where it is the best so far, its weights are kept.
    pub(super) fn end_epoch(&mut self, accuracy: f64, best: bool) -> Result<(), TrainingError> {
        self.position.epoch += 1;
        self.position.step = 0;
        if best {
            self.position.best_epoch = self.position.epoch;
            self.position.best_accuracy = accuracy;
            let copy = |(name, t): (&str, &Tensor)| Ok((name.to_owned(), t.f_detach()?.copy()));
            self.best = Some(
                self.weights
                    .iter()
                    .map(copy)
                    .collect::<Result<Vec<_>, TchError>>()?
                    .into_iter()
                    .collect(),
            );
        }
        Ok(())
    }

    pub(super) fn outcome(self, finished: bool) -> Outcome {
        Outcome {
            best: self.best,
            best_epoch: self.position.best_epoch,
            validation_accuracy: self.position.best_accuracy,
            finished,
        }
    }
}
