//! What `odin score`, `odin sweep` and `odin tune` score, as their arguments say it.
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};

use odin_core::units::{Device, Magnitude, Temperature};
use odin_datasets::{Corrupt, Sampling};
use odin_metrics::Metric;

/// What to score, in the words of the scripts before this program.
#[derive(Debug, Clone, Args)]
pub(super) struct What {
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
    #[command(flatten)]
    pub images: Images,
}

/// Which images are scored, with which weights, and where.
#[derive(Debug, Clone, Args)]
pub(super) struct Images {
    /// Weights to use instead of the card's
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// In-distribution set to use instead of the card's
    #[arg(long, value_name = "NAME|PATH")]
    pub in_dataset: Option<String>,
    /// How images are chosen where --limit or a sweep takes some: a seeded sample, stratified by label, or in the order of the
    /// file, as papers take them [default: sample, and file with --skip]
    #[arg(long, value_parser = words::<Sampling>(&Sampling::KEYS), value_name = "ORDER")]
    pub order: Option<Sampling>,
    /// Leave out the first images of each set's file
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub skip: usize,
    /// Score at most so many images of each set
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub limit: Option<usize>,
    /// What to do about images that cannot be decoded, in place of what the sets' cards say
    #[arg(long, value_parser = words::<Corrupt>(&Corrupt::KEYS), value_name = "WHAT")]
    pub corrupt: Option<Corrupt>,
    /// auto, cpu or cuda:N
    #[arg(long, default_value_t = Device::Auto)]
    pub device: Device,
    /// Images a pass [default: measured once for each network, size of image and device, and remembered]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: Option<u32>,
    /// Seed of the sample and of the bootstrap intervals
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Compute everything afresh: neither read the evidence of earlier runs nor keep any on disk
    #[arg(long)]
    pub fresh: bool,
}

/// Lists the words in `--help` and in the error.
pub(super) fn words<T>(keys: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(keys).try_map(|key| key.parse::<T>())
}

/// Lists the metrics in `--help` and in the error.
pub(super) fn metrics_by_key() -> impl TypedValueParser<Value = Metric> {
    PossibleValuesParser::new(Metric::ALL.map(Metric::key)).try_map(|key| key.parse::<Metric>())
}

/// A number of images: none would be nothing to do.
pub(super) fn at_least_one() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(1..)
}
