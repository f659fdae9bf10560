//! What a job of a session comes to: what its run will be known by.
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::client::{Client, Sets};
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::protocol::{Failure, JobSpec};
use odin_core::runs::{Identity, Named, SweepOf, Tuned};
use odin_core::session::Sweep;
use odin_core::setting::Detector;
use odin_core::units::Devices;
use odin_datasets::Dataset;

pub(super) struct Task {
    pub queue: String,
    pub devices: Devices,
    pub spec: JobSpec,
    pub sweep: Option<Sweep>,
    /// How T and ε were chosen, as the session says.
    pub tuned: Option<Tuned>,
}

impl Task {
    pub(super) fn title(&self) -> String {
        let JobSpec {
            network,
            dataset,
            settings,
            ..
        } = &self.spec;
        let (temperature, magnitude) = settings.perturbation();
        let what = match &self.sweep {
            Some(sweep) => format!(
                "sweep of {} × {}",
                sweep.temperatures.0.len(),
                sweep.magnitudes.0.len()
            ),
            None => format!("T = {temperature}, ε = {magnitude}"),
        };
        format!("{} · {network} · {dataset} · {what}", self.queue)
    }
}

pub(super) struct Plan {
    pub identity: Identity,
    pub card: NetworkCard,
    pub weights: PathBuf,
    pub sets: Sets,
    images: (usize, usize),
}

impl Plan {
    /// How much there is to do.
    pub(super) fn amount(&self, task: &Task) -> String {
        let slice = |len: usize| {
            let rest = len.saturating_sub(task.spec.skip);
            task.spec.limit.map_or(rest, |limit| rest.min(limit))
        };
        let (ins, outs) = (slice(self.images.0), slice(self.images.1));
        format!(
            "{ins} images of {} and {outs} of {}, on {}",
            self.identity.in_dataset.name, self.identity.dataset.name, task.devices
        )
    }
}

/// What was found, or why it cannot be.
type Known<K, V> = HashMap<K, Result<V, Failure>>;

/// A set of images.
#[derive(Clone)]
struct KnownSet {
    digest: String,
    set: Arc<Dataset>,
    /// A hash of its groups.
    groups: Option<String>,
}

/// Makes plans; what one has opened and hashed serves the next.
pub(super) struct Planner<'a> {
    home: &'a Home,
    client: &'a Client,
    /// Digests by network and weights file.
    weights: RefCell<Known<(String, Option<PathBuf>), String>>,
    sets: RefCell<Known<String, KnownSet>>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(home: &'a Home, client: &'a Client) -> Self {
        Self {
            home,
            client,
            weights: RefCell::default(),
            sets: RefCell::default(),
        }
    }

    /// # Errors
    /// Why the job cannot be scored: weights or images that are not here, or that do not fit.
    pub(super) fn plan(&self, task: &Task) -> Result<Plan, Failure> {
        let spec = &task.spec;
        let card = NetworkCard::find(&spec.network, &self.home.model_folders())?;
        let weights = spec.weights.clone().unwrap_or_else(|| card.weights_path());
        let in_name = spec.in_dataset.clone().unwrap_or_else(|| card.in_dataset.clone());
        let ins = self.set(&card, &in_name)?;
        let outs = self.set(&card, &spec.dataset)?;
        let groups = (ins.groups.is_some() || outs.groups.is_some()).then(|| {
            let none = String::new();
            [&ins, &outs]
                .map(|set| set.groups.as_ref().unwrap_or(&none).as_str())
                .join("|")
        });
        let named = |name: &str, digest: String| Named {
            name: name.to_owned(),
            digest,
        };
        let identity = Identity {
            network: named(&card.name, self.weights(spec)?),
            normalisation: card.normalisation,
            in_dataset: named(&in_name, ins.digest),
            dataset: named(&spec.dataset, outs.digest),
            temperature: spec.settings.temperature(),
            magnitude: spec.settings.magnitude(),
            order: spec.sampling,
            seed: spec.seed,
            skip: spec.skip,
            limit: spec.limit,
            groups: groups.filter(|_| task.sweep.is_some()),
            sweep: task.sweep.as_ref().map(|sweep| SweepOf {
                temperatures: sweep.temperatures.0.clone(),
                magnitudes: sweep.magnitudes.0.clone(),
                validation: sweep.validation,
                metric: sweep.metric.key().to_owned(),
            }),
            detectors: spec
                .settings
                .iter()
                .filter(|setting| !matches!(setting.detector(), Detector::Odin | Detector::Baseline))
                .map(ToString::to_string)
                .collect(),
            corrupt: spec.corrupt,
        };
        Ok(Plan {
            identity,
            card,
            weights,
            images: (ins.set.len(), outs.set.len()),
            sets: Sets::of(ins.set, outs.set, spec),
        })
    }

    fn weights(&self, spec: &JobSpec) -> Result<String, Failure> {
        let read = || self.client.weights_digest(&spec.network, spec.weights.as_deref());
        let key = (spec.network.clone(), spec.weights.clone());
        self.weights.borrow_mut().entry(key).or_insert_with(read).clone()
    }

    fn set(&self, network: &NetworkCard, name: &str) -> Result<KnownSet, Failure> {
        let open = || -> Result<_, Failure> {
            let set = network.open_set(name, &self.home.data_folders())?;
            Ok(KnownSet {
                digest: set.digest()?,
                groups: set.groups_digest(),
                set: Arc::new(set),
            })
        };
        self.sets
            .borrow_mut()
            .entry(format!("{name}\n{:?}", network.preprocessing))
            .or_insert_with(open)
            .clone()
    }
}
