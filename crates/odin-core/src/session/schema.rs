//! The schema of a session file.
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::knobs::Knobs;
use super::tuned::Tuned;
use super::values::{self, Batch, Limit, VERSION, Values};
use super::view::View;
use crate::protocol::{FitSample, JobSpec, Order};
use crate::setting::{Detector, Settings};
use crate::units::{Devices, Magnitude, Temperature};
use odin_datasets::{Part, Sampling};
use odin_metrics::Metric;

/// Queues of jobs, and how the dashboard was left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The version of this schema.
    #[serde(deserialize_with = "values::version")]
    #[schemars(range(min = 1, max = VERSION))]
    pub version: u64,
    /// What the session is called on screen and in reports.
    #[serde(deserialize_with = "values::text")]
    pub name: String,
    /// What holds for every job that does not say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// What was a pane of tmux: jobs that run one after another on one device. No two have the same name.
    #[serde(deserialize_with = "values::queues")]
    #[schemars(with = "Vec<Queue>")]
    pub queues: Vec<Queue>,
    /// How the dashboard was left.
    #[serde(default)]
    pub view: View,
}

/// What holds for every job that does not say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Defaults {
    /// T of the softmax; 1 leaves it as it is.
    #[serde(with = "values::number")]
    #[schemars(with = "Temperature")]
    pub temperature: Temperature,
    /// ε, in units of the [0, 1] image.
    #[serde(with = "values::number")]
    #[schemars(with = "Magnitude")]
    pub magnitude: Magnitude,
    /// Where to compute. A list splits each job over its devices.
    #[serde(with = "values::devices")]
    #[schemars(with = "Devices")]
    pub device: Devices,
    /// Images a pass.
    pub batch: Batch,
    /// How images are chosen where `limit` or a sweep takes some: a seeded sample, which is the default, or in the order of the
    /// file, as papers take them. A `skip` means the order of the file.
    #[serde(deserialize_with = "values::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Sampling")]
    pub order: Option<Sampling>,
    /// Images left out at the start of each set's file.
    pub skip: usize,
    /// At most so many images of each set; null for all.
    pub limit: Limit,
    /// Seed of the sample, of the order in which images are scored, and of the bootstrap intervals.
    pub seed: u64,
    /// The training images that detectors are fitted on.
    #[serde(skip_serializing_if = "is_default")]
    pub fit: FitSample,
}

fn is_default(fit: &FitSample) -> bool {
    *fit == FitSample::default()
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            temperature: Temperature::PAPER,
            magnitude: Magnitude::PAPER,
            device: Devices::default(),
            batch: Batch::Auto,
            order: None,
            skip: 0,
            limit: Limit::All,
            seed: 0,
            fit: FitSample::default(),
        }
    }
}

/// Jobs that run one after another on one device, or split over several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// What the queue is called; no two have the same name.
    #[serde(deserialize_with = "values::text")]
    pub name: String,
    /// Where to compute, in place of the default.
    #[serde(
        default,
        with = "values::optional_devices",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Devices")]
    pub device: Option<Devices>,
    /// What it scores, in this order.
    #[serde(deserialize_with = "values::jobs")]
    #[schemars(with = "Vec<Job>")]
    pub jobs: Vec<Job>,
}

/// A network against one out-of-distribution set. What a job does not say is as in `defaults`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Name of the network's card in models/, or the path of a card.
    #[serde(deserialize_with = "values::text")]
    pub network: String,
    /// Out-of-distribution set: the name of a card in data/, or the path of a card, a folder of images, a CIFAR or
    /// IDX file.
    #[serde(deserialize_with = "values::text")]
    pub dataset: String,
    /// Weights to use instead of the card's.
    #[serde(
        default,
        deserialize_with = "values::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub weights: Option<PathBuf>,
    /// In-distribution set to use instead of the card's.
    #[serde(
        default,
        deserialize_with = "values::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub in_dataset: Option<String>,
    /// T of the softmax.
    #[serde(
        default,
        with = "values::optional_number",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Temperature")]
    pub temperature: Option<Temperature>,
    /// ε, in units of the [0, 1] image.
    #[serde(
        default,
        with = "values::optional_number",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Magnitude")]
    pub magnitude: Option<Magnitude>,
    /// Images a pass.
    #[serde(
        default,
        deserialize_with = "values::present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Batch")]
    pub batch: Option<Batch>,
    /// How images are chosen where `limit` or a sweep takes some.
    #[serde(
        default,
        deserialize_with = "values::present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Sampling")]
    pub order: Option<Sampling>,
    /// Images left out at the start of each set's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<usize>,
    /// At most so many images of each set; null for all, whatever the default.
    #[serde(
        default,
        deserialize_with = "values::present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Limit")]
    pub limit: Option<Limit>,
    /// Seed of the sample, of the order in which images are scored, and of the bootstrap intervals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The training images that detectors are fitted on.
    #[serde(
        default,
        deserialize_with = "values::present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "FitSample")]
    pub fit: Option<FitSample>,
    /// The detector that `odin run` and `odin verdict` score by, beside ODIN and the baseline.
    #[serde(
        default,
        deserialize_with = "values::present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Detector")]
    pub detector: Option<Detector>,
    /// Knobs that are not at their defaults: those of `detector`, or of any other detector under its key, as in
    /// `{energy: {temperature: 2}}`.
    #[serde(default, skip_serializing_if = "Knobs::is_empty")]
    pub knobs: Knobs,
    /// Makes `odin run` score a grid of T × ε instead of one pair: the best cell is chosen on some images and reported
    /// on the others.
    #[serde(
        default,
        deserialize_with = "values::present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Sweep")]
    pub sweep: Option<Sweep>,
    /// How T and ε were chosen, where they were tuned.
    #[serde(
        default,
        deserialize_with = "values::present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Tuned")]
    pub tuned: Option<Tuned>,
}

/// The grid of a sweep: each temperature with each magnitude.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sweep {
    /// Values of T.
    pub temperatures: Values<Temperature>,
    /// Values of ε.
    pub magnitudes: Values<Magnitude>,
    /// Images of each set on which the best cell is chosen, at most half of them; it is reported on the others.
    #[serde(deserialize_with = "values::at_least_one")]
    #[schemars(range(min = 1))]
    pub validation: usize,
    /// What is best.
    pub metric: Metric,
}

impl Default for Sweep {
    /// The grid of the paper.
    fn default() -> Self {
        let temperatures = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map(f64::from);
        let magnitudes = (0..=20).map(|i| f64::from(i) * 2.0 / 1e4);
        Self {
            temperatures: Values(
                temperatures
                    .map(|t| Temperature::new(t).expect("the paper's are above 0"))
                    .into(),
            ),
            magnitudes: Values(
                magnitudes
                    .map(|magnitude| Magnitude::new(magnitude).expect("the paper's are between 0 and 1"))
                    .collect(),
            ),
            validation: 1000,
            metric: Metric::default(),
        }
    }
}

impl Job {
    /// A job that says no more than what to score.
    pub fn new(network: impl Into<String>, dataset: impl Into<String>) -> Self {
        Self {
            network: network.into(),
            dataset: dataset.into(),
            weights: None,
            in_dataset: None,
            temperature: None,
            magnitude: None,
            batch: None,
            order: None,
            skip: None,
            limit: None,
            seed: None,
            fit: None,
            detector: None,
            knobs: Knobs::default(),
            sweep: None,
            tuned: None,
        }
    }
}

impl Session {
    /// A session without a job.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            version: VERSION,
            name: name.into(),
            defaults: Defaults::default(),
            queues: Vec::new(),
            view: View::default(),
        }
    }

    /// Every job through all queues, in order, with the name and the devices of its queue; defaults filled in.
    pub fn job_specs(&self) -> Vec<(String, Devices, JobSpec)> {
        let queues = self.queues.iter();
        queues
            .flat_map(|queue| {
                let devices = self.devices(queue);
                queue
                    .jobs
                    .iter()
                    .map(move |job| (queue.name.clone(), devices.clone(), self.spec(job)))
            })
            .collect()
    }

    /// Where a queue computes.
    pub fn devices<'a>(&'a self, queue: &'a Queue) -> &'a Devices {
        queue.device.as_ref().unwrap_or(&self.defaults.device)
    }

    /// What the engine is told of a job; defaults filled in.
    pub fn spec(&self, job: &Job) -> JobSpec {
        let defaults = &self.defaults;
        let skip = job.skip.unwrap_or(defaults.skip);
        JobSpec {
            network: job.network.clone(),
            weights: job.weights.clone(),
            in_dataset: job.in_dataset.clone(),
            dataset: job.dataset.clone(),
            settings: self.settings(job),
            // A number of images to skip counts along the file.
            sampling: match skip {
                0 => job.order.or(defaults.order).unwrap_or_default(),
                _ => Sampling::File,
            },
            skip,
            limit: job.limit.unwrap_or(defaults.limit).count(),
            part: Part::Whole,
            corrupt: None,
            batch: job.batch.unwrap_or(defaults.batch).size(),
            seed: job.seed.unwrap_or(defaults.seed),
            order: Order::Random,
            fit: job.fit.clone().unwrap_or_else(|| defaults.fit.clone()),
        }
    }

    /// The detectors of a job with their knobs; defaults filled in. Knobs that do not fit are not among them: a session that
    /// was read has none.
    pub fn settings(&self, job: &Job) -> Settings {
        let defaults = &self.defaults;
        let all = Settings::new(
            job.temperature.unwrap_or(defaults.temperature),
            job.magnitude.unwrap_or(defaults.magnitude),
        );
        let knobs = job.knobs.settings(job.detector).unwrap_or_default();
        knobs.into_iter().fold(all, Settings::with)
    }

    /// The job with these settings, as [`with_parameters`](Self::with_parameters) has it with T and ε.
    pub fn with_settings(&self, job: &Job, settings: &Settings) -> Job {
        let (temperature, magnitude) = settings.perturbation();
        let others = settings
            .iter()
            .filter(|setting| setting.detector() != Detector::Odin);
        Job {
            knobs: Knobs::of(others, job.detector),
            ..self.with_parameters(job, temperature, magnitude)
        }
    }

    /// The job with these parameters. What equals the defaults is left to them, unless the job said it before. How others
    /// were tuned is forgotten.
    pub fn with_parameters(&self, job: &Job, temperature: Temperature, magnitude: Magnitude) -> Job {
        let mut job = job.clone();
        if self.settings(&job).perturbation() != (temperature, magnitude) {
            job.tuned = None;
        }
        if job.temperature.is_some() || temperature != self.defaults.temperature {
            job.temperature = Some(temperature);
        }
        if job.magnitude.is_some() || magnitude != self.defaults.magnitude {
            job.magnitude = Some(magnitude);
        }
        job
    }
}
