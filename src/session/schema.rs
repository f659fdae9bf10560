//! The schema of a session file.
use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::values::{self, Batch};
use super::view::View;
use crate::engine::protocol::{JobSpec, Order};
use crate::units::{Device, Magnitude, Temperature};

/// The version of the schema that this program reads and writes.
pub const VERSION: u64 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    #[serde(deserialize_with = "values::version")]
    pub version: u64,
    pub name: String,
    /// What holds for every job that does not say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    pub queues: Vec<Queue>,
    #[serde(default)]
    pub view: View,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Defaults {
    #[serde(with = "values::number")]
    pub temperature: Temperature,
    #[serde(with = "values::number")]
    pub magnitude: Magnitude,
    #[serde(deserialize_with = "values::device")]
    pub device: Device,
    pub batch: Batch,
    /// Images left out at the start of each set.
    pub skip: usize,
    /// At most so many images of each set; null for all.
    pub limit: Option<NonZeroUsize>,
    pub seed: u64,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            temperature: Temperature::PAPER,
            magnitude: Magnitude::PAPER,
            device: Device::Auto,
            batch: Batch::Auto,
            skip: 0,
            limit: None,
            seed: 0,
        }
    }
}

/// Jobs that run one after another on one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    pub name: String,
    #[serde(
        default,
        deserialize_with = "values::optional_device",
        skip_serializing_if = "Option::is_none"
    )]
    pub device: Option<Device>,
    pub jobs: Vec<Job>,
}

/// A network against one out-of-distribution set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Name of the network's card.
    pub network: String,
    /// Out-of-distribution set: a card's name or a path.
    pub dataset: String,
    /// Weights to use instead of the card's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// In-distribution set to use instead of the card's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_dataset: Option<String>,
    #[serde(
        default,
        with = "values::optional_number",
        skip_serializing_if = "Option::is_none"
    )]
    pub temperature: Option<Temperature>,
    #[serde(
        default,
        with = "values::optional_number",
        skip_serializing_if = "Option::is_none"
    )]
    pub magnitude: Option<Magnitude>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<NonZeroUsize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Session {
    /// Every job through all queues, in order, with the name and the device of its queue; defaults filled in.
    pub fn job_specs(&self) -> Vec<(String, Device, JobSpec)> {
        let queues = self.queues.iter();
        queues
            .flat_map(|queue| {
                let device = queue.device.unwrap_or(self.defaults.device);
                queue
                    .jobs
                    .iter()
                    .map(move |job| (queue.name.clone(), device, self.spec(job)))
            })
            .collect()
    }

    fn spec(&self, job: &Job) -> JobSpec {
        let defaults = &self.defaults;
        JobSpec {
            network: job.network.clone(),
            weights: job.weights.clone(),
            in_dataset: job.in_dataset.clone(),
            dataset: job.dataset.clone(),
            temperature: job.temperature.unwrap_or(defaults.temperature),
            magnitude: job.magnitude.unwrap_or(defaults.magnitude),
            skip: job.skip.unwrap_or(defaults.skip),
            limit: job.limit.or(defaults.limit).map(NonZeroUsize::get),
            batch: job.batch.unwrap_or(defaults.batch).size(),
            seed: job.seed.unwrap_or(defaults.seed),
            order: Order::Random,
        }
    }

    /// Writes (T, ε) into the n-th job through all queues. What equals the defaults is left to them, unless the job
    /// said it before.
    pub fn set_parameters(&mut self, job: usize, temperature: Temperature, magnitude: Magnitude) {
        let defaults = &self.defaults;
        let Some(job) = self.queues.iter_mut().flat_map(|queue| &mut queue.jobs).nth(job) else {
            return;
        };
        if job.temperature.is_some() || temperature != defaults.temperature {
            job.temperature = Some(temperature);
        }
        if job.magnitude.is_some() || magnitude != defaults.magnitude {
            job.magnitude = Some(magnitude);
        }
    }
}
