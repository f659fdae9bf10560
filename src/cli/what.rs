//! What `odin score` and `odin sweep` score, as their arguments say it.
use std::path::PathBuf;

use clap::Args;
use clap::builder::{RangedU64ValueParser, TypedValueParser};

use crate::units::{Device, Magnitude, Temperature};

/// What to score, in the words of the scripts before this program.
#[derive(Debug, Clone, Args)]
pub struct What {
    /// Network: a card's name in models/, or the path of a card
    #[arg(long = "nn", visible_alias = "network", value_name = "NAME")]
    pub network: String,
    /// Out-of-distribution set: a card's name in data/, a folder of images, a CIFAR or IDX file
    #[arg(long, visible_alias = "out-dataset", value_name = "NAME|PATH")]
    pub dataset: String,
    /// Perturbation magnitude ε, in units of the [0, 1] image
    #[arg(long, default_value_t = Magnitude::PAPER, value_name = "ε", allow_negative_numbers = true)]
    pub magnitude: Magnitude,
    /// Temperature T
    #[arg(long, default_value_t = Temperature::PAPER, value_name = "T", allow_negative_numbers = true)]
    pub temperature: Temperature,
    /// Weights to use instead of the card's
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// In-distribution set to use instead of the card's
    #[arg(long, value_name = "NAME|PATH")]
    pub in_dataset: Option<String>,
    /// Leave out the first images of each set
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub skip: usize,
    /// Score at most so many images of each set
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub limit: Option<usize>,
    /// auto, cpu or cuda:N
    #[arg(long, default_value_t = Device::Auto)]
    pub device: Device,
    /// Images a pass [default: measured once for each network, size of image and device, and remembered]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: Option<u32>,
    /// Seed of the bootstrap intervals
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Compute everything afresh: neither read the evidence of earlier runs nor keep any on disk
    #[arg(long)]
    pub fresh: bool,
}

/// A number of images: none would be nothing to do.
pub fn at_least_one() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(1..)
}
