//! What a job of a session comes to: what its run will be known by.
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::client::Client;
use crate::cli::comparison::Sets;
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::protocol::{Failure, JobSpec};
use odin_core::runs::{FitOf, Identity, Named, SweepOf, Tuned};
use odin_core::session::Sweep;
use odin_core::setting::{Detector, Setting};
use odin_core::units::Devices;
use odin_datasets::{Dataset, Part};
use odin_detectors::Need;

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
        let others = settings
            .iter()
            .filter(|setting| !is_always_run(setting.detector()));
        let others = match others.count() {
            0 | 1 => String::new(),
            count => format!(" · {count} more detectors"),
        };
        format!("{} · {network} · {dataset} · {what}{others}", self.queue)
    }
}

/// ODIN and the baseline stand in every run.
pub(super) fn is_always_run(detector: Detector) -> bool {
    matches!(detector, Detector::Odin | Detector::Baseline)
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
    /// Training images by network and in-distribution set.
    training: RefCell<Known<(String, Option<String>), Named>>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(home: &'a Home, client: &'a Client) -> Self {
        Self {
            home,
            client,
            weights: RefCell::default(),
            sets: RefCell::default(),
            training: RefCell::default(),
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
            groups: groups.filter(|_| task.sweep.is_some() || spec.part != Part::Whole),
            sweep: task.sweep.as_ref().map(|sweep| SweepOf {
                temperatures: sweep.temperatures.0.clone(),
                magnitudes: sweep.magnitudes.0.clone(),
                validation: sweep.validation,
                metric: sweep.metric.key().to_owned(),
            }),
            detectors: detectors(spec),
            corrupt: spec.corrupt,
            fit: self.fit(spec, &card)?,
            validation: match spec.part {
                Part::Whole => None,
                Part::Validation(images) | Part::Report(images) => Some(images),
            },
        };
        Ok(Plan {
            identity,
            card,
            weights,
            images: (ins.set.len(), outs.set.len()),
            sets: Sets::of(ins.set, outs.set, spec),
        })
    }

    /// The training images that the detectors are fitted on. Those that a card names may be absent: the detectors are then
    /// missing. A set that was named by hand must be there.
    fn fit(&self, spec: &JobSpec, card: &NetworkCard) -> Result<Option<FitOf>, Failure> {
        let needs = |need: &Need| matches!(need, Need::FitImages | Need::FitLabels);
        let mut detectors = spec.settings.iter().map(Setting::detector);
        if !detectors.any(|detector| detector.needs().iter().any(needs)) {
            return Ok(None);
        }
        let of = |dataset: Named| FitOf {
            dataset,
            limit: spec.fit.limit.get(),
            seed: spec.fit.seed,
        };
        if let Some(name) = &spec.fit.dataset {
            let digest = self.set(card, name)?.digest;
            let name = name.clone();
            return Ok(Some(of(Named { name, digest })));
        }
        let open = || -> Result<Named, Failure> {
            let set = card.open_training(spec.in_dataset.as_deref(), &self.home.data_folders())?;
            Ok(Named {
                name: set.name().to_owned(),
                digest: set.digest()?,
            })
        };
        let key = (card.name.clone(), spec.in_dataset.clone());
        let mut training = self.training.borrow_mut();
        let known = training.entry(key).or_insert_with(open);
        Ok(known.as_ref().ok().cloned().map(of))
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

/// The detectors beside ODIN and the baseline with their knobs, in an order of their own: in which they were asked for makes
/// no other run.
fn detectors(spec: &JobSpec) -> Vec<String> {
    let others = spec.settings.iter();
    let others = others.filter(|setting| !is_always_run(setting.detector()));
    let mut all: Vec<String> = others.map(ToString::to_string).collect();
    all.sort_unstable();
    all
}
