//! Training a network from images: SGD with momentum, flips and crops, the best epoch on held-out images.
//!
//! Everything random follows from (seed, epoch, image), so that a run that was killed goes on as if it had not been.
//! Nothing here scores, draws or knows the command line.
mod checkpoint;
mod error;
mod examples;
mod optimiser;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Reduction, Tensor};

use crate::networks::weights::channels_last;
use crate::networks::{Mode, Network};
use checkpoint::Checkpoint;
pub use checkpoint::Outcome;
pub use error::TrainingError;
pub use examples::{Examples, ExamplesError, measure_normalisation};
use odin_core::networks::Architecture;
pub use odin_core::tasks::{Recipe, Schedule};
use optimiser::Sgd;

fn check(recipe: &Recipe, images: usize) -> Result<(), TrainingError> {
    let refuse = |text: String| Err(TrainingError::Recipe(text));
    if recipe.epochs == 0 || recipe.batch < 2 {
        return refuse("training needs at least 1 epoch and a batch of at least 2".into());
    }
    if !(recipe.learning_rate > 0.0 && recipe.learning_rate.is_finite()) {
        return refuse(format!(
            "the learning rate must be above 0, not {}",
            recipe.learning_rate
        ));
    }
    if !(0.0..1.0).contains(&recipe.momentum) || !(0.0..1.0).contains(&recipe.weight_decay) {
        return refuse("momentum and weight decay must lie in [0, 1)".into());
    }
    if recipe.validation == 0 || recipe.validation + recipe.batch > images {
        let most = images.saturating_sub(recipe.batch);
        return refuse(format!(
            "of {images} images, 1 to {most} can be kept for validation, not {}",
            recipe.validation
        ));
    }
    Ok(())
}

/// Learning rate at a share `done` in [0, 1) of the run. The first fiftieth warms up.
fn rate(recipe: &Recipe, done: f64) -> f64 {
    const WARM_UP: f64 = 0.02;
    let factor = match recipe.schedule {
        Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
        Schedule::Step if done < 0.5 => 1.0,
        Schedule::Step if done < 0.75 => 0.1,
        Schedule::Step => 0.01,
    };
    recipe.learning_rate * factor * (done / WARM_UP).clamp(0.05, 1.0)
}

/// What a person sees while a run goes on.
#[derive(Debug, Clone, Copy)]
pub enum Progress {
    Step {
        epoch: usize,
        step: usize,
        steps: usize,
        loss: f64,
        rate: f64,
        images_per_second: f64,
    },
    Epoch {
        epoch: usize,
        validation_accuracy: f64,
        best: bool,
    },
}

/// Whether the run goes on; asked after every step.
pub use std::ops::ControlFlow;

/// Trains `architecture` on the images and leaves its state in `checkpoint`, from which the same call goes on.
pub fn train(
    architecture: Architecture,
    classes: usize,
    examples: &Examples,
    recipe: &Recipe,
    device: Device,
    checkpoint: &Path,
    observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Outcome, TrainingError> {
    check(recipe, examples.len())?;
    let (train, validation) = split(examples.len(), recipe.validation, recipe.seed);
    let run = format!(
        "{architecture} {classes} {} {}",
        examples.digest(),
        serde_json::to_string(recipe).unwrap_or_default()
    );
    let mut state = Checkpoint::open(checkpoint, run, &architecture, classes, recipe.seed, device)?;
    let mut sgd = Sgd::new(
        &state.weights,
        &state.velocity,
        recipe.momentum,
        recipe.weight_decay,
    )?;
    let network = Network::new(architecture, classes, &state.weights)?;
    let steps = (train.len() / recipe.batch).min(recipe.steps_per_epoch.unwrap_or(usize::MAX));
    let mut saved = Instant::now();
    let (start, mut done_here) = (Instant::now(), 0);
    while state.position.epoch < recipe.epochs {
        let epoch = state.position.epoch;
        let order = shuffled(&train, recipe.seed, epoch);
        while state.position.step < steps {
            let step = state.position.step;
            let indices = order.iter().skip(step * recipe.batch).take(recipe.batch).copied();
            let (images, labels) = examples.augmented(indices, recipe, epoch, device)?;
            let rate = rate(
                recipe,
                (epoch * steps + step) as f64 / (recipe.epochs * steps) as f64,
            );
            let logits = network.forward(&channels_last(&images)?, Mode::Training)?;
            let loss = logits.f_cross_entropy_loss::<Tensor>(&labels, None, Reduction::Mean, -100, 0.0)?;
            sgd.step(&loss, rate)?;
            let loss = loss.f_double_value(&[])?;
            if !loss.is_finite() {
                return Err(TrainingError::Diverged {
                    epoch: epoch + 1,
                    step: step + 1,
                    rate,
                });
            }
            state.position.step += 1;
            done_here += recipe.batch;
            let images_per_second = done_here as f64 / start.elapsed().as_secs_f64();
            let report = Progress::Step {
                epoch: epoch + 1,
                step: step + 1,
                steps,
                loss,
                rate,
                images_per_second,
            };
            let stop = observe(report).is_break();
            if stop || saved.elapsed().as_secs() >= 60 {
                state.save(checkpoint)?;
                saved = Instant::now();
            }
            if stop {
                return Ok(state.outcome(false));
            }
        }
        let accuracy = accuracy(&network, examples, &validation, device)?;
        let best = accuracy > state.position.best_accuracy;
        state.end_epoch(accuracy, best)?;
        state.save(checkpoint)?;
        saved = Instant::now();
        let report = Progress::Epoch {
            epoch: epoch + 1,
            validation_accuracy: accuracy,
            best,
        };
        if observe(report).is_break() && state.position.epoch < recipe.epochs {
            return Ok(state.outcome(false));
        }
    }
    Ok(state.outcome(true))
}

/// Share of the images that the network classifies rightly, in evaluation mode.
pub fn accuracy(
    network: &Network,
    examples: &Examples,
    indices: &[usize],
    device: Device,
) -> Result<f64, TrainingError> {
    const BATCH: usize = 250;
    let mut right = 0;
    for chunk in indices.chunks(BATCH) {
        let (images, labels) = examples.plain(chunk.iter().copied(), device)?;
        let logits = tch::no_grad(|| network.forward(&channels_last(&images)?, Mode::Evaluation))?;
        right += logits
            .f_argmax(1, false)?
            .f_eq_tensor(&labels)?
            .f_sum(Kind::Int64)?
            .f_int64_value(&[])?;
    }
    Ok(right as f64 / indices.len().max(1) as f64)
}

/// Indices to train on and to validate on, disjoint, from the seed alone.
fn split(images: usize, validation: usize, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut all: Vec<usize> = (0..images).collect();
    all.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let train = all.split_off(validation);
    (train, all)
}

fn shuffled(indices: &[usize], seed: u64, epoch: usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(1 + epoch as u64);
    let mut order = indices.to_vec();
    order.shuffle(&mut rng);
    order
}
