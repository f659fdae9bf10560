//! `odin train`: a network from the training images that a data set's card names.
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use odin_core::networks::Architecture;
use odin_core::tasks::{Recipe, Schedule, Task, TrainRequest};
use odin_core::units::Device;

use super::engine;

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
pub(super) struct Options {
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

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    engine::hand_over(&Task::Train(Box::new(request(options)?)))
}

fn request(options: &Options) -> anyhow::Result<TrainRequest> {
    let three =
        |values: &[f32]| <[f32; 3]>::try_from(values).context("three numbers are needed, one a channel");
    let normalisation = match (&options.mean, &options.std) {
        (Some(mean), Some(std)) => Some((three(mean)?, three(std)?)),
        _ => None,
    };
    Ok(TrainRequest {
        architecture: match options.arch {
            Family::DensenetBc => Architecture::DensenetBc {
                depth: options.depth,
                growth: options.growth,
            },
            Family::WideResnet => Architecture::WideResnet {
                depth: options.depth,
                widen: options.widen,
            },
        },
        dataset: options.dataset.clone(),
        out: options.out.clone(),
        recipe: Recipe {
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
        },
        normalisation,
        device: options.device,
        command: std::env::args()
            .skip(1)
            .fold("odin".to_owned(), |all, next| format!("{all} {next}")),
    })
}
