//! Trains a network from the training images that a data set's card names.
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use odin_core::files;
use odin_core::home::Home;
use odin_core::networks::{Architecture, NetworkCard};
use odin_core::tasks::{Recipe, TrainRequest};
use odin_datasets::{self as datasets, Dataset, DatasetCard, Normalisation};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::progress::progress_bar;
use crate::engine::device;
use crate::networks::Network;
use crate::networks::weights::Weights;
use crate::training::{self, ControlFlow, Examples, Outcome, Progress};

pub(super) fn run(request: &TrainRequest) -> anyhow::Result<()> {
    let home = Home::find()?;
    let architecture = request.architecture;
    let (card, root) = datasets::find(&request.dataset, &home.data_folders())?;
    let classes = card.class_names.len();
    if classes < 2 {
        bail!(
            "{}: its card names no classes (class_names:), so there is nothing to tell apart",
            card.name
        );
    }
    architecture.parameters(classes)?;
    let weights_path = request.out.with_extension("safetensors");
    if request.out.extension().is_none_or(|e| e != "yaml") {
        bail!(
            "--out {}: the name of a card ends in .yaml",
            request.out.display()
        );
    }
    device::keep_freed_memory();
    let device = device::of_torch(device::resolve(request.device)?);
    let set = Dataset::open_training(&card, &root)?;
    let normalisation = normalisation(request, &set)?;
    let examples = Examples::read(&set, normalisation, classes)?;
    architecture.accepts(examples.size().0, examples.size().1)?;
    let recipe = &request.recipe;
    let checkpoint = request.out.with_extension("training");
    let outcome = train(architecture, classes, &examples, recipe, device, &checkpoint)?;
    let Some(best) = outcome.best.filter(|_| outcome.finished) else {
        println!("stopped; the same command goes on from {}", checkpoint.display());
        return Ok(());
    };
    let accuracy = test_accuracy(&card, &root, architecture, classes, &best, normalisation, device)?;
    let metadata = BTreeMap::from([
        ("architecture".to_owned(), architecture.to_string()),
        ("dataset".to_owned(), card.name.clone()),
    ]);
    best.save(&weights_path, &metadata)?;
    let text = card_text(
        request,
        &card,
        architecture,
        classes,
        normalisation,
        &outcome.report,
        accuracy,
    )?;
    files::write_whole(&request.out, |file| {
        std::io::Write::write_all(file, text.as_bytes())
    })
    .with_context(|| request.out.display().to_string())?;
    NetworkCard::load(&request.out)?;
    std::fs::remove_file(&checkpoint).with_context(|| format!("cannot remove {}", checkpoint.display()))?;
    let score = accuracy.map_or("no labelled test images".to_owned(), |a| {
        format!("{:.2} % of the test images right", 100.0 * a)
    });
    println!("{}\n{}: {score}", weights_path.display(), request.out.display());
    Ok(())
}

/// What the card says of the run's course.
struct Report {
    epoch: usize,
    validation_accuracy: f64,
}

struct Trained {
    best: Option<Weights>,
    finished: bool,
    report: Report,
}

fn normalisation(request: &TrainRequest, set: &Dataset) -> anyhow::Result<Normalisation> {
    match request.normalisation {
        Some((mean, std)) => Ok(Normalisation::new(mean, std)?),
        None => Ok(training::measure_normalisation(set)?),
    }
}

fn train(
    architecture: Architecture,
    classes: usize,
    examples: &Examples,
    recipe: &Recipe,
    device: tch::Device,
    checkpoint: &Path,
) -> anyhow::Result<Trained> {
    let interrupted = stop_on_interrupt().context("signals cannot be set up")?;
    let bar = progress_bar("steps");
    let mut observe = |progress| {
        match progress {
            Progress::Step {
                epoch,
                step,
                steps,
                loss,
                rate,
                images_per_second,
            } => {
                bar.set_length(steps as u64);
                bar.set_position(step as u64);
                let epochs = recipe.epochs;
                bar.set_message(format!(
                    "epoch {epoch}/{epochs} · loss {loss:.3} · rate {rate:.4} · {images_per_second:.0} images/s"
                ));
            }
            Progress::Epoch {
                epoch,
                validation_accuracy,
                best,
            } => {
                let best = if best { ", the best so far" } else { "" };
                bar.suspend(|| {
                    eprintln!(
                        "epoch {epoch}: {:.2} % of validation right{best}",
                        100.0 * validation_accuracy
                    )
                });
            }
        }
        if interrupted.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let outcome = training::train(
        architecture,
        classes,
        examples,
        recipe,
        device,
        checkpoint,
        &mut observe,
    )?;
    bar.finish_and_clear();
    let Outcome {
        best,
        best_epoch,
        validation_accuracy,
        finished,
    } = outcome;
    Ok(Trained {
        best,
        finished,
        report: Report {
            epoch: best_epoch,
            validation_accuracy,
        },
    })
}

/// The first Ctrl-C lets the step under way end and saves; the second ends the program at once.
fn stop_on_interrupt() -> io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the flag that the first signal sets makes the second one end the program.
        signal_hook::flag::register_conditional_default(signal, interrupted.clone())?;
        signal_hook::flag::register(signal, interrupted.clone())?;
    }
    Ok(interrupted)
}

/// Accuracy on the card's own (test) images, which training never sees; `None` where they are not here.
fn test_accuracy(
    card: &DatasetCard,
    root: &Path,
    architecture: Architecture,
    classes: usize,
    weights: &Weights,
    normalisation: Normalisation,
    device: tch::Device,
) -> anyhow::Result<Option<f64>> {
    if card.is_present(root).is_err() {
        return Ok(None);
    }
    let examples = Examples::read(&Dataset::open(card, root)?, normalisation, classes)?;
    let network = Network::new(architecture, classes, &weights.prepared(device)?)?;
    let all: Vec<usize> = (0..examples.len()).collect();
    Ok(Some(training::accuracy(&network, &examples, &all, device)?))
}

fn card_text(
    request: &TrainRequest,
    set: &DatasetCard,
    architecture: Architecture,
    classes: usize,
    normalisation: Normalisation,
    report: &Report,
    accuracy: Option<f64>,
) -> anyhow::Result<String> {
    #[derive(serde::Serialize)]
    struct Training {
        recipe: Recipe,
        best_epoch: usize,
        validation_accuracy: f64,
        command: String,
    }
    #[derive(serde::Serialize)]
    struct Card {
        title: String,
        architecture: Architecture,
        classes: usize,
        weights: PathBuf,
        in_dataset: String,
        normalisation: Normalisation,
        #[serde(skip_serializing_if = "Option::is_none")]
        accuracy: Option<f64>,
        training: Training,
    }
    let file = |path: &Path| path.file_name().map(PathBuf::from).unwrap_or_default();
    let card = Card {
        title: format!(
            "{architecture} trained on {}",
            set.title.split(',').next().unwrap_or_default()
        ),
        architecture,
        classes,
        weights: file(&request.out.with_extension("safetensors")),
        in_dataset: set.name.clone(),
        normalisation,
        accuracy,
        training: Training {
            recipe: request.recipe.clone(),
            best_epoch: report.epoch,
            validation_accuracy: report.validation_accuracy,
            command: request.command.clone(),
        },
    };
    Ok(serde_yaml::to_string(&card)?)
}
