//! `odin tune`: a detector's knobs, chosen on validation images and reported on the others.
mod choose;
mod output;
mod text;

use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Args;
use indicatif::MultiProgress;

use self::choose::{Chosen, Tuning};
use super::client::Client;
use super::comparison::{self, Sets};
use super::detectors::{Fit, detector};
use super::output::{print, print_json, progress_bar};
use super::suggest::question;
use super::what::{Images, metrics_by_key};
use super::{grid, interrupt};
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::protocol::JobSpec;
use odin_core::setting::{Detector, Settings};
use odin_core::sweep::Split;
use odin_core::tuning::{Grid, by_id};
use odin_core::units::Series;
use odin_datasets::nearest;
use odin_metrics::Metric;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Network: a card's name in models/, or the path of a card
    #[arg(long = "nn", visible_alias = "network", value_name = "NAME")]
    network: String,
    /// Out-of-distribution sets: names of cards in data/, folders of images, CIFAR or IDX files
    #[arg(
        long,
        visible_alias = "out-dataset",
        value_name = "SET,…",
        value_delimiter = ',',
        required = true
    )]
    dataset: Vec<String>,
    /// Whose knobs, by its key
    #[arg(long, value_name = "KEY", value_parser = detector)]
    detector: Detector,
    /// Values of a knob: NAME=a,b,c or NAME=FROM:TO:COUNT. One or two knobs are tuned; one with a single value keeps it
    /// [default: the first two knobs over what their sliders show, of ODIN the paper's grid]
    #[arg(long = "knob", value_name = "NAME=LIST")]
    knobs: Vec<Values>,
    /// Which images choose: `set:NAME`, validation images of that set and of the in-distribution set; `each`, those of each set by
    /// turns, which gives a table of what each choice comes to on the other sets; `id`, in-distribution images alone
    /// [default: the set, or each where there are several]
    #[arg(long, value_name = "id|set:NAME|each")]
    by: Option<By>,
    /// Images of each set that choose, at most half of the smallest set; the others report
    #[arg(long, default_value_t = 1000, value_name = "N")]
    validation: usize,
    /// What is best
    #[arg(long, value_parser = metrics_by_key(), default_value = Metric::default().key())]
    metric: Metric,
    /// Measure every setting on all validation images, also those that few images and the other settings tell enough of
    #[arg(long)]
    no_race: bool,
    #[command(flatten)]
    fit: Fit,
    #[command(flatten)]
    images: Images,
    /// How the reported numbers are printed
    #[arg(long, value_enum, default_value_t = output::Format::Table, conflicts_with = "json")]
    format: output::Format,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Which images choose.
#[derive(Debug, Clone, PartialEq, Eq)]
enum By {
    Id,
    Set(String),
    Each,
}

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("set:")) {
            ("id", _) => Ok(Self::Id),
            ("each", _) => Ok(Self::Each),
            (_, Some(name)) if !name.is_empty() => Ok(Self::Set(name.to_owned())),
            _ => Err("knobs are chosen by id, set:NAME or each".to_owned()),
        }
    }
}

/// A knob's name and values.
#[derive(Debug, Clone, PartialEq)]
struct Values(String, Vec<f64>);

impl FromStr for Values {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, list) = text
            .split_once('=')
            .ok_or("values of a knob are given as NAME=LIST, such as percentile=50:99:11 or k=10,50")?;
        let Series(values) = list.parse().map_err(|error| format!("{error}"))?;
        Ok(Self(name.trim().to_owned(), values))
    }
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let home = Home::find()?;
    let card = NetworkCard::find(&options.network, &home.model_folders())?;
    let by = options.by()?;
    let grid = options.grid(&by)?;
    ensure!(
        options.validation > 0,
        "--validation: at least 1 image is needed to choose on"
    );
    let open = |name: &str| card.open_set(name, &home.data_folders()).map(Arc::new);
    let images = &options.images;
    let ins = open(images.in_dataset.as_deref().unwrap_or(&card.in_dataset))?;
    if let Some(name) = &options.fit.sample().dataset {
        open(name)?;
    }
    let mut comparisons: Vec<(JobSpec, Sets)> = Vec::new();
    for dataset in &options.dataset {
        let settings = Settings::only(*grid.base());
        let spec = JobSpec {
            fit: options.fit.sample(),
            ..comparison::job_of(&options.network, dataset, settings, images)?
        };
        let sets = Sets::of(ins.clone(), open(dataset)?, &spec);
        comparisons.push((spec, sets));
    }
    let split = split(&comparisons, options.validation)?;
    let bars = MultiProgress::new();
    let client = Client::start(&home, images.fresh, &bars)?;
    let kept = interrupt::kept(&home, images.fresh);
    interrupt::tell(move || kept.clone()).context("signals cannot be set up")?;
    let tuning = Tuning {
        grid: &grid,
        metric: options.metric,
        split,
        race: !options.no_race,
        comparisons: &comparisons,
        client: &client,
        devices: images.device.into(),
    };
    let bar = bars.add(progress_bar(0, ""));
    let chosen: Vec<Chosen> = match &by {
        By::Id => vec![tuning.by_id(&bar)?],
        By::Set(name) => {
            let set = options.dataset.iter().position(|dataset| dataset == name);
            vec![tuning.by_set(set.context("the set was found among those given")?, &bar)?]
        }
        By::Each => (0..comparisons.len())
            .map(|set| tuning.by_set(set, &bar))
            .collect::<anyhow::Result<_>>()?,
    };
    let reported = tuning.report(&chosen, &bar)?;
    bar.finish_and_clear();
    let network = (
        card.name.as_str(),
        images.in_dataset.as_deref().unwrap_or(&card.in_dataset),
    );
    let result = output::Tuned::new(network, &tuning, &chosen, &reported);
    match (options.json, options.format) {
        (true, _) => print_json(&result),
        (_, output::Format::Table) => print(&text::tables(&result, &tuning, &chosen)),
        (_, output::Format::Md) => print(&text::markdown(&result)),
        (_, output::Format::Csv) => print(&output::csv(&result)?),
    }
}

impl Options {
    /// By what is chosen, and that there is such a set.
    fn by(&self) -> anyhow::Result<By> {
        let sets = &self.dataset;
        if let Some(twice) = sets
            .iter()
            .enumerate()
            .find(|(i, set)| sets.iter().take(*i).any(|known| known == *set))
        {
            bail!("--dataset: {} is named twice", twice.1);
        }
        let by = match (&self.by, sets.as_slice()) {
            (Some(by), _) => by.clone(),
            (None, [one]) => By::Set(one.clone()),
            (None, _) => By::Each,
        };
        match &by {
            By::Set(name) if !sets.contains(name) => bail!(
                "--by set:{name}: --dataset does not name this set{}",
                question(&nearest(name, sets))
            ),
            By::Each if sets.len() < 2 => bail!(
                "--by each: what is chosen on one set is reported on the others, and --dataset names one alone"
            ),
            _ => Ok(by),
        }
    }

    fn grid(&self, by: &By) -> anyhow::Result<Grid> {
        let named: Vec<_> = self
            .knobs
            .iter()
            .map(|Values(name, values)| (name.clone(), values.clone()))
            .collect();
        Ok(match by {
            By::Id => by_id(self.detector, &named)?,
            By::Set(_) | By::Each => Grid::new(self.detector, &named)?,
        })
    }
}

/// The same number of validation images of every set: the smallest says how many there can be.
fn split(comparisons: &[(JobSpec, Sets)], asked: usize) -> anyhow::Result<Split> {
    let images = |(spec, sets): &&(JobSpec, Sets)| {
        let set = sets.outs.set.as_ref();
        set.and_then(|set| set.choose(&spec.choice()).ok())
            .map_or(0, |chosen| chosen.len())
    };
    let (spec, sets) = comparisons
        .iter()
        .min_by_key(images)
        .context("at least one set is named")?;
    grid::split(sets, spec, asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ways_to_choose_are_read() {
        let values = |text: &str| text.parse::<Values>();
        assert_eq!(values("k=10, 50"), Ok(Values("k".to_owned(), vec![10.0, 50.0])));
        assert_eq!(
            values("percentile=50:90:5").unwrap().1,
            [50.0, 60.0, 70.0, 80.0, 90.0]
        );
        assert!(values("percentile").unwrap_err().contains("NAME=LIST"));
        assert!(values("k=a").unwrap_err().contains("not a number"));
        let by = |text: &str| text.parse::<By>();
        assert_eq!((by("id"), by("each")), (Ok(By::Id), Ok(By::Each)));
        assert_eq!(by("set:LSUN"), Ok(By::Set("LSUN".to_owned())));
        assert!(by("set:").is_err() && by("LSUN").is_err());
    }
}
