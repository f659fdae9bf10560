//! `odin train`: a network from the training images that a data set's card names.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::{print, progress_bar};
use crate::datasets::{self, Dataset, DatasetCard, Normalisation};
use crate::engine::device;
use crate::home::Home;
use crate::networks::weights::Weights;
use crate::networks::{Architecture, Network, NetworkCard};
use crate::runs;
use crate::training::{self, ControlFlow, Examples, Outcome, Progress, Recipe, Schedule};
use crate::units::Device;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Family {
    DensenetBc,
    WideResnet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fall {
    Cosine,
    Step,
}

#[derive(Debug, Args)]
pub struct Options {
    /// Family of the network
    #[arg(long, value_enum)]
    arch: Family,
    /// Layers: 6n + 4
    #[arg(long)]
    depth: usize,
    /// Growth of a DenseNet-BC
    #[arg(long, default_value_t = 12)]
    growth: usize,
    /// Width factor of a Wide ResNet
    #[arg(long, default_value_t = 10)]
    widen: usize,
    /// Data set whose card names images to train on (`train:`)
    #[arg(long)]
    dataset: String,
    /// The card to write, models/NAME.yaml; the weights go beside it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long, default_value_t = 40)]
    epochs: usize,
    #[arg(long, default_value_t = 64)]
    batch: usize,
    #[arg(long, default_value_t = 0.1)]
    learning_rate: f64,
    #[arg(long, default_value_t = 0.9)]
    momentum: f64,
    #[arg(long, default_value_t = 1e-4)]
    weight_decay: f64,
    /// How the learning rate falls
    #[arg(long, value_enum, default_value_t = Fall::Cosine)]
    schedule: Fall,
    /// Do not mirror images
    #[arg(long)]
    no_flip: bool,
    /// Shift images by up to so many pixels
    #[arg(long, default_value_t = 4, value_name = "PIXELS")]
    crop: usize,
    /// Training images kept apart, on which the best epoch is chosen
    #[arg(long, default_value_t = 5000, value_name = "N")]
    validation: usize,
    /// Mean of the three channels of the [0, 1] image, a,b,c [default: measured on the training images]
    #[arg(long, value_delimiter = ',', requires = "std", value_name = "R,G,B")]
    mean: Option<Vec<f32>>,
    /// Standard deviation likewise
    #[arg(long, value_delimiter = ',', requires = "mean", value_name = "R,G,B")]
    std: Option<Vec<f32>>,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only so many steps an epoch, to try things out
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    #[arg(long, default_value_t = Device::Auto)]
    device: Device,
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

pub fn run(options: &Options) -> anyhow::Result<()> {
    let home = Home::find()?;
    let architecture = match options.arch {
        Family::DensenetBc => Architecture::DensenetBc {
            depth: options.depth,
            growth: options.growth,
        },
        Family::WideResnet => Architecture::WideResnet {
            depth: options.depth,
            widen: options.widen,
        },
    };
    let (card, root) = datasets::find(&options.dataset, &[home.data()])?;
    let classes = card.class_names.len();
    if classes < 2 {
        bail!(
            "{}: its card names no classes (class_names:), so there is nothing to tell apart",
            card.name
        );
    }
    architecture.parameters(classes)?;
    let weights_path = options.out.with_extension("safetensors");
    if options.out.extension().is_none_or(|e| e != "yaml") {
        bail!(
            "--out {}: the name of a card ends in .yaml",
            options.out.display()
        );
    }
    device::keep_freed_memory();
    let device = device::of_torch(device::resolve(options.device)?);
    let set = Dataset::open_training(&card, &root)?;
    let normalisation = normalisation(options, &set)?;
    let examples = Examples::read(&set, normalisation, classes)?;
    architecture.accepts(examples.size().0, examples.size().1)?;
    let recipe = recipe(options);
    let checkpoint = options.out.with_extension("training");
    let outcome = train(architecture, classes, &examples, &recipe, device, &checkpoint)?;
    let Some(best) = outcome.best.filter(|_| outcome.finished) else {
        return print(&format!(
            "stopped; the same command goes on from {}\n",
            checkpoint.display()
        ));
    };
    let accuracy = test_accuracy(&card, &root, architecture, classes, &best, normalisation, device)?;
    let metadata = BTreeMap::from([
        ("architecture".to_owned(), architecture.to_string()),
        ("dataset".to_owned(), card.name.clone()),
    ]);
    best.save(&weights_path, &metadata)?;
    let text = card_text(
        options,
        &card,
        architecture,
        classes,
        normalisation,
        &outcome.report,
        accuracy,
    )?;
    runs::write_whole(&options.out, |file| {
        std::io::Write::write_all(file, text.as_bytes())
    })?;
    NetworkCard::load(&options.out)?;
    std::fs::remove_file(&checkpoint).with_context(|| format!("cannot remove {}", checkpoint.display()))?;
    let score = accuracy.map_or("no labelled test images".to_owned(), |a| {
        format!("{:.2} % of the test images right", 100.0 * a)
    });
    print(&format!(
        "{}\n{}: {score}\n",
        weights_path.display(),
        options.out.display()
    ))
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

fn recipe(options: &Options) -> Recipe {
    Recipe {
        epochs: options.epochs,
        batch: options.batch,
        learning_rate: options.learning_rate,
        momentum: options.momentum,
        weight_decay: options.weight_decay,
        schedule: match options.schedule {
            Fall::Cosine => Schedule::Cosine,
            Fall::Step => Schedule::Step,
        },
        flip: !options.no_flip,
        crop: options.crop,
        validation: options.validation,
        seed: options.seed,
        steps_per_epoch: options.steps,
    }
}

fn normalisation(options: &Options, set: &Dataset) -> anyhow::Result<Normalisation> {
    let three =
        |values: &[f32]| <[f32; 3]>::try_from(values).context("three numbers are needed, one a channel");
    match (&options.mean, &options.std) {
        (Some(mean), Some(std)) => Ok(Normalisation::new(three(mean)?, three(std)?)?),
        _ => Ok(training::measure_normalisation(set)?),
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
    stop_on_interrupt();
    let bar = progress_bar(0, "steps");
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
        if INTERRUPTED.load(Ordering::Relaxed) {
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
fn stop_on_interrupt() {
    #[cfg(unix)]
    {
        extern "C" fn stop(_: libc::c_int) {
            INTERRUPTED.store(true, Ordering::Relaxed);
        }
        // SAFETY: the handler only stores to an atomic. SA_RESETHAND brings the default back for the second signal.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = stop as extern "C" fn(libc::c_int) as usize;
            action.sa_flags = libc::SA_RESETHAND | libc::SA_RESTART;
            libc::sigaction(libc::SIGINT, &action, std::ptr::null_mut());
            libc::sigaction(libc::SIGTERM, &action, std::ptr::null_mut());
        }
    }
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
    options: &Options,
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
        weights: file(&options.out.with_extension("safetensors")),
        in_dataset: set.name.clone(),
        normalisation,
        accuracy,
        training: Training {
            recipe: recipe(options),
            best_epoch: report.epoch,
            validation_accuracy: report.validation_accuracy,
            command: std::env::args()
                .skip(1)
                .fold("odin".to_owned(), |all, next| format!("{all} {next}")),
        },
    };
    Ok(serde_yaml::to_string(&card)?)
}
