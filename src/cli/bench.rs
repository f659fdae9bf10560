//! `odin bench`: networks by a benchmark's protocol, beside what others published.
mod output;
mod result;
mod text;

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::Args;
use indicatif::{MultiProgress, ProgressBar};

use self::result::{Asked, Benchmarked, ScoredNetwork};
use super::client::Client;
use super::detectors::Only;
use super::interrupt;
use super::output::{print, print_json, progress_bar};
use super::what::{at_least_one, words};
use odin_core::benchmarks::{BenchmarkCard, Prepared, Wanted, cards_folder, prepare};
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::protocol::{FitSample, JobSpec, Order, SetImages, SetRequest, Side};
use odin_core::setting::{self, Settings};
use odin_core::units::{Device, Magnitude, Temperature};
use odin_datasets::{Choice, Corrupt, Part, Sampling};
use odin_detectors::Need;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Benchmark: a card's name in data/benchmarks/ (`odin list benchmarks`), or the path of a card
    benchmark: String,
    /// Networks, as a rule the same one trained with other seeds: names of cards in models/, or paths of cards
    #[arg(
        long = "nn",
        visible_alias = "network",
        value_name = "NAME,…",
        value_delimiter = ',',
        required = true
    )]
    networks: Vec<String>,
    /// The folder of the benchmark's data: of OpenOOD's, the one with benchmark_imglist/, images_classic/ and images_largescale/
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    detectors: Only,
    /// ODIN's perturbation magnitude ε, in units of the [0, 1] image
    #[arg(long, default_value_t = Magnitude::PAPER, value_name = "ε", allow_negative_numbers = true)]
    magnitude: Magnitude,
    /// ODIN's temperature T
    #[arg(long, default_value_t = Temperature::PAPER, value_name = "T", allow_negative_numbers = true)]
    temperature: Temperature,
    /// Only these OOD sets: `near`, `far`, or names
    #[arg(long, value_name = "near|far|NAME,…", value_delimiter = ',')]
    sets: Vec<String>,
    /// The full-spectrum variant: covariate-shifted images are in-distribution too
    #[arg(long)]
    fsood: bool,
    /// Score at most so many images of each set, a seeded sample, stratified by label
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    limit: Option<usize>,
    /// What to do about images that cannot be decoded
    #[arg(long, value_parser = words::<Corrupt>(&Corrupt::KEYS), value_name = "WHAT")]
    corrupt: Option<Corrupt>,
    /// auto, cpu or cuda:N
    #[arg(long, default_value_t = Device::Auto)]
    device: Device,
    /// Images a pass [default: measured once for each network, size of image and device, and remembered]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch: Option<u32>,
    /// Seed of the sample that --limit takes
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Compute everything afresh: neither read the evidence of earlier runs nor keep any on disk
    #[arg(long)]
    fresh: bool,
    /// Print a table a detector too, with a row a set, as OpenOOD's evaluator does
    #[arg(long)]
    per_set: bool,
    /// How the numbers are printed
    #[arg(long, value_enum, default_value_t = output::Format::Table, conflicts_with = "json")]
    format: output::Format,
    /// Print JSON instead of tables: every set and network
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let home = Home::find()?;
    let card = BenchmarkCard::find(&options.benchmark, &home.benchmark_folders())?;
    let networks = options.networks(&home, &card)?;
    let settings = options.settings()?;
    let fit = options.detectors.fit.sample();
    if let (Some(name), Some(network)) = (&fit.dataset, networks.first()) {
        // A set that was named by hand and is not there is an error, not a reason for detectors to be missing.
        network.open_set(name, &home.data_folders())?;
    }
    ensure!(
        options.data.is_dir(),
        "--data {}: there is no such folder; to get what belongs there: {}",
        options.data.display(),
        card.how_to_get
            .replace("DIR", &options.data.display().to_string())
    );
    let wanted = wanted(options, &settings, &fit);
    let folder = cards_folder(&card, &options.data, &home.runs());
    let prepared = prepare(&card, &options.data, &folder, &wanted)?;
    let bars = MultiProgress::new();
    let client = Client::start(&home, options.fresh, &bars)?;
    let kept = interrupt::kept(&home, options.fresh);
    interrupt::tell(move || kept.clone()).context("signals cannot be set up")?;
    let bar = bars.add(progress_bar(0, "images"));
    let mut scored = Vec::new();
    for (name, network) in options.networks.iter().zip(networks) {
        let requests = Requests::of(options, name, &settings, &fit, &prepared);
        scored.push(requests.scored(network, &client, options.device, &bar)?);
    }
    bar.finish_and_clear();
    let asked = Asked {
        card: &card,
        data: &options.data,
        prepared: &prepared,
        settings: &settings,
        full_spectrum: options.fsood,
        limit: options.limit,
        corrupt: options.corrupt,
        fit_seed: fit.seed,
    };
    let result = Benchmarked::new(&asked, &scored)?;
    match (options.json, options.format) {
        (true, _) => print_json(&result),
        (_, output::Format::Table) => print(&text::table(&result, options.per_set)),
        (_, output::Format::Md) => print(&text::markdown(&result, options.per_set)),
        (_, output::Format::Csv) => print(&output::csv(&result)?),
    }
}

impl Options {
    fn networks(&self, home: &Home, benchmark: &BenchmarkCard) -> anyhow::Result<Vec<NetworkCard>> {
        let find = |(place, name): (usize, &String)| {
            if self.networks.iter().take(place).any(|other| other == name) {
                bail!("--nn: {name} is named twice");
            }
            let card = NetworkCard::find(name, &home.model_folders())?;
            ensure!(
                card.classes == benchmark.classes,
                "{} has {} classes, and {} is of networks with {}: the labels of its lists mean something else",
                card.name,
                card.classes,
                benchmark.name,
                benchmark.classes
            );
            Ok(card)
        };
        self.networks.iter().enumerate().map(find).collect()
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        let known = Settings::only(setting::odin(self.temperature, self.magnitude));
        Ok(self.detectors.settings(&known)?.into_iter().collect())
    }
}

/// What the detectors take beyond the images that are reported is asked for too.
fn wanted(options: &Options, settings: &Settings, fit: &FitSample) -> Wanted {
    let needs = |needs: &[Need]| {
        let mut all = settings.iter().flat_map(|setting| setting.detector().needs());
        all.any(|need| needs.contains(need))
    };
    let is_fitted = fit.dataset.is_none() && needs(&[Need::FitImages, Need::FitLabels]);
    Wanted {
        sets: options.sets.clone(),
        shifted: options.fsood,
        fit: is_fitted.then_some((fit.limit.get(), fit.seed)),
        validation: needs(&[Need::ValidationLabels]),
    }
}

/// The score sets of one network.
struct Requests {
    ins: SetRequest,
    shifted: Vec<SetRequest>,
    /// With the name of each set.
    ood: Vec<(String, SetRequest)>,
}

impl Requests {
    fn of(
        options: &Options,
        network: &str,
        settings: &Settings,
        fit: &FitSample,
        prepared: &Prepared,
    ) -> Self {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let spec = JobSpec {
            network: network.to_owned(),
            weights: None,
            in_dataset: Some(text(&prepared.test)),
            dataset: String::new(),
            settings: settings.clone(),
            sampling: Sampling::Sample,
            skip: 0,
            limit: options.limit,
            part: Part::Whole,
            corrupt: options.corrupt,
            batch: options.batch.map(|n| n as usize),
            seed: options.seed,
            order: Order::File,
            fit: FitSample {
                dataset: fit.dataset.clone().or(prepared.fit.as_ref().map(text)),
                ..fit.clone()
            },
        };
        let of = |side, path: &PathBuf| {
            let mut request = spec.set(side);
            request.images = SetImages::Named(text(path));
            request.fit.validation = prepared
                .validation
                .as_ref()
                .map(|path| (SetImages::Named(text(path)), Choice::default()));
            request
        };
        Self {
            ins: of(Side::In, &prepared.test),
            shifted: prepared
                .shifted
                .iter()
                .map(|(_, path)| of(Side::In, path))
                .collect(),
            ood: prepared
                .ood
                .iter()
                .map(|(_, name, path)| (name.clone(), of(Side::Out, path)))
                .collect(),
        }
    }

    /// Has all of them scored, one after another.
    fn scored(
        self,
        card: NetworkCard,
        client: &Client,
        device: Device,
        bar: &ProgressBar,
    ) -> anyhow::Result<ScoredNetwork> {
        let devices = device.into();
        bar.set_message(card.name.clone());
        bar.set_length(0);
        bar.set_position(0);
        let ask = |request: SetRequest| client.ask_for_set(request, &devices);
        // All are asked for before the first is waited for, so that the engine opens one while it scores another.
        let ins = ask(self.ins);
        let shifted: Vec<_> = self.shifted.into_iter().map(ask).collect();
        let ood: Vec<_> = self
            .ood
            .into_iter()
            .map(|(name, request)| (name, ask(request)))
            .collect();
        let finish = |pending| {
            let mut scored = client.finish_set(pending, bar, &|_| Ok(()))?;
            scored.scores.sort();
            anyhow::Ok(scored)
        };
        Ok(ScoredNetwork {
            ins: finish(ins)?,
            shifted: shifted.into_iter().map(finish).collect::<anyhow::Result<_>>()?,
            ood: ood
                .into_iter()
                .map(|(name, pending)| {
                    bar.set_message(format!("{}: {name}", card.name));
                    finish(pending)
                })
                .collect::<anyhow::Result<_>>()?,
            card,
        })
    }
}
