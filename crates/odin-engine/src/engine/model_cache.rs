//! Networks and data sets that are open. Opening one is slow; using it again is free.
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::batch_size::{self, BatchSizes, Case};
use super::device;
use super::open_network::OpenNetwork;
use super::stamp::Stamp;
use super::worker_id::WorkerId;
use crate::networks::weights::WeightsError;
use crate::networks::{read_weights, reason_of};
use crate::scoring::Scorer;
use odin_core::home::Home;
use odin_core::networks::{CardError, NetworkCard};
use odin_core::protocol::{Failure, FailureKind, ImageFiles, SetImages, SetRequest, Side};
use odin_datasets::{Corrupt, Dataset, DatasetError};

/// Why a network or a set cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Card(#[from] CardError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("libtorch: {0}")]
    Torch(String),
    #[error("{network}: {why}")]
    NoGradient { network: String, why: String },
    #[error("no device to run on is named")]
    NoDevice,
    #[error(
        "{name}: image 0 is {height}×{width} pixels, and {why}; write a card for the set with `preprocessing: \
         {advice}`, or put that line into the network's card, for every set whose own card says nothing"
    )]
    Size {
        name: String,
        height: usize,
        width: usize,
        why: String,
        /// What would make them fit.
        advice: String,
    },
    #[error("{name} names {found} classes, and {network} has {needed}: its labels mean something else")]
    Classes {
        name: String,
        found: usize,
        network: String,
        needed: usize,
    },
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let kind = match &error {
            OpenError::Card(error) => error.into(),
            OpenError::Weights(error) => error.kind(),
            OpenError::Dataset(error) => error.into(),
            OpenError::Torch(_) => FailureKind::Libtorch,
            OpenError::NoGradient { .. } | OpenError::Size { .. } | OpenError::Classes { .. } => {
                FailureKind::Unfit
            }
            OpenError::NoDevice => FailureKind::Device,
        };
        Self::new(kind, error)
    }
}

/// Shared by who opens and who only asks what is open: its locks are held for a look, never while something is opened.
pub(super) struct ModelCache {
    home: Home,
    networks: Mutex<HashMap<NetworkKey, (Stamp, Arc<OpenNetwork>)>>,
    sets: Mutex<HashMap<SetKey, (Stamp, Arc<Dataset>)>>,
    sizes: Mutex<BatchSizes>,
}

/// What a batch size is found for.
fn case(worker: WorkerId, network: &OpenNetwork, (height, width): (usize, usize)) -> Case {
    Case {
        device: worker.device,
        digest: network.weights_digest.clone(),
        height,
        width,
    }
}

/// Height and width of the first image that can be read: of a set of files, any of them may be none.
fn first_size(set: &Dataset) -> Option<(usize, usize)> {
    (0..set.len()).find_map(|index| set.size(index).ok())
}

type NetworkKey = (String, Option<PathBuf>, WorkerId);
/// A set's name, and what is done about images that cannot be decoded where that is not left to its card.
/// A set as a network is shown it: networks may have preprocessing for sets that have none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct SetKey {
    name: String,
    /// Of the set's card, the training images that detectors are fitted on.
    is_training: bool,
    corrupt: Option<Corrupt>,
    preprocessing: String,
}

impl ModelCache {
    pub(super) fn new(home: &Home) -> Self {
        Self {
            home: home.clone(),
            networks: Mutex::default(),
            sets: Mutex::default(),
            sizes: Mutex::new(BatchSizes::open(home)),
        }
    }

    /// Whether all that the set needs is open, as its files are now, and hashed: then opening it takes no time.
    pub(super) fn is_at_hand(&self, request: &SetRequest, workers: &[WorkerId]) -> bool {
        let networks: Option<Vec<_>> = workers
            .iter()
            .map(|&worker| known(&self.networks, &network_key(request, worker)))
            .collect();
        let Some(networks) = networks else { return false };
        let Some(network) = networks.first() else {
            return false;
        };
        let set =
            set_key(request, network, &self.home.data_folders()).and_then(|key| known(&self.sets, &key));
        let Some(set) = set else { return false };
        let Some(size) = first_size(&set) else {
            return false;
        };
        let has_size = |(worker, network): (&WorkerId, &Arc<OpenNetwork>)| {
            lock(&self.sizes).known(&case(*worker, network, size)).is_some()
        };
        set.is_hashed() && (request.batch.is_some() || workers.iter().zip(&networks).all(has_size))
    }

    /// Images a pass: the least of the devices' own sizes, so that batches are the same whichever computes them. What is
    /// not known is measured, which takes a second or two.
    pub(super) fn batch_size(&self, networks: &[(WorkerId, Arc<OpenNetwork>)], set: &Dataset) -> usize {
        let mut least = None;
        let Some(size) = first_size(set) else { return 1 };
        for (worker, network) in networks {
            let case = case(*worker, network, size);
            let known = lock(&self.sizes).known(&case);
            let size = match known {
                Some(size) => size,
                None => {
                    let found = batch_size::measure(&case, network);
                    lock(&self.sizes).keep(&case, found)
                }
            };
            least = Some(least.map_or(size, |least: usize| least.min(size)));
        }
        least.unwrap_or(1)
    }

    /// The network as it lies on the device of a worker.
    pub(super) fn network(
        &self,
        request: &SetRequest,
        worker: WorkerId,
    ) -> Result<Arc<OpenNetwork>, OpenError> {
        let key = network_key(request, worker);
        if let Some(open) = known(&self.networks, &key) {
            return Ok(open);
        }
        let card = NetworkCard::find(&request.network, &self.home.model_folders())?;
        // Looked at before the files are read: a change meanwhile is then seen the next time.
        let stamp = Stamp::of_network(&card, request.weights.as_deref());
        let device = device::of_torch(worker.device);
        let weights = read_weights(&card, request.weights.as_deref(), device)?;
        let torch = |error: tch::TchError| OpenError::Torch(reason_of(&error));
        let scorer = |_| -> Result<Mutex<Scorer>, OpenError> {
            let scorer = Scorer::new(weights.network()?, card.normalisation.std(), device);
            Ok(Mutex::new(scorer.map_err(torch)?))
        };
        let scorers = (0..device::compute_threads(worker.device).max(1))
            .map(scorer)
            .collect::<Result<Vec<_>, _>>()?;
        let is_native = scorers.iter().any(|scorer| lock(scorer).network().is_native());
        let computed_by = match (is_native, device) {
            (true, _) => "kernels 2",
            (false, tch::Device::Cpu) => "libtorch on a CPU",
            _ => "libtorch on a GPU",
        };
        let last_layer = match scorers.first() {
            Some(scorer) => lock(scorer).network().last_layer().map_err(torch)?,
            None => None,
        };
        let open = Arc::new(OpenNetwork {
            card,
            weights_digest: weights.digest().to_owned(),
            notes: weights.notes(),
            no_gradient: weights.no_gradient().map(str::to_owned),
            last_layer: last_layer.map(Arc::new),
            no_features: weights.no_features().map(str::to_owned),
            no_last_layer: weights.no_last_layer().map(str::to_owned),
            computed_by,
            scorers,
        });
        lock(&self.networks).insert(key, (stamp, open.clone()));
        Ok(open)
    }

    /// Digest of the weights that the network scores with; of those that are open, without reading them again.
    pub(super) fn weights_digest(&self, network: &str, weights: Option<&Path>) -> Result<String, OpenError> {
        let open = lock(&self.networks)
            .iter()
            .find(|((name, file, _), (stamp, _))| {
                name == network && file.as_deref() == weights && stamp.is_current()
            })
            .map(|(_, (_, open))| open.weights_digest.clone());
        if let Some(digest) = open {
            return Ok(digest);
        }
        let card = NetworkCard::find(network, &self.home.model_folders())?;
        Ok(read_weights(&card, weights, tch::Device::Cpu)?
            .digest()
            .to_owned())
    }

    /// Opens the set and checks that its images fit the network.
    fn set(&self, key: SetKey, network: &OpenNetwork) -> Result<Arc<Dataset>, OpenError> {
        let set = match known(&self.sets, &key) {
            Some(open) => open,
            None => {
                let (card, root) = network.card.find_set(&key.name, &self.home.data_folders())?;
                let stamp = Stamp::of_set(&card, &root, key.is_training);
                let mut set = match key.is_training {
                    true => Dataset::open_to_fit(&card, &root)?,
                    false => Dataset::open(&card, &root)?,
                };
                if let Some(corrupt) = key.corrupt {
                    set.set_corrupt(corrupt);
                }
                let set = Arc::new(set);
                lock(&self.sets).insert(key, (stamp, set.clone()));
                set
            }
        };
        if !set.is_empty() {
            let (height, width) = set.size(0)?;
            network
                .card
                .architecture
                .accepts(height, width)
                .map_err(|error| OpenError::Size {
                    name: set.name().to_owned(),
                    height,
                    width,
                    why: error.to_string(),
                    advice: steps_to(network.card.architecture.least_input()),
                })?;
        }
        Ok(set)
    }

    /// Opens image files as images of the set that they are like. The set that they make is not kept open: there may be
    /// thousands of such sets, each asked for once.
    fn files(
        &self,
        files: &ImageFiles,
        request: &SetRequest,
        network: &OpenNetwork,
    ) -> Result<Arc<Dataset>, OpenError> {
        let name = files.like.as_deref().unwrap_or(&network.card.in_dataset);
        let like = self.set(key_of(name, request, network), network)?;
        let fit = files.resize.then(|| like.size(0)).transpose()?;
        let refused = |height, width| {
            let accepted = network.card.architecture.accepts(height, width);
            accepted
                .err()
                .map(|error| format!("{height}×{width} pixels, and {error}"))
        };
        let set = Dataset::of_files(files.paths.clone(), like.preprocessing(), fit, refused);
        Ok(Arc::new(set))
    }

    /// The training images of a set that detectors are fitted on.
    fn training(
        &self,
        of: Option<&str>,
        request: &SetRequest,
        network: &OpenNetwork,
    ) -> Result<Arc<Dataset>, OpenError> {
        let name = network.card.training_set(of, &self.home.data_folders())?;
        self.set(training_key(name, request, network), network)
    }

    /// The images of the request. The labels of an in-distribution set must be those of the network.
    pub(super) fn images(
        &self,
        request: &SetRequest,
        network: &OpenNetwork,
    ) -> Result<Arc<Dataset>, OpenError> {
        let set = match &request.images {
            SetImages::Files(files) => return self.files(files, request, network),
            SetImages::InDistribution => {
                self.set(key_of(&network.card.in_dataset, request, network), network)?
            }
            SetImages::Named(name) => self.set(key_of(name, request, network), network)?,
            SetImages::Training(of) => self.training(of.as_deref(), request, network)?,
        };
        let (found, needed) = (set.class_names().len(), network.card.classes);
        if request.side == Side::In && found > 0 && found != needed {
            let (name, network) = (set.name().to_owned(), network.card.name.clone());
            return Err(OpenError::Classes {
                name,
                found,
                network,
                needed,
            });
        }
        Ok(set)
    }
}

/// What a set is kept open under; files are not kept.
fn set_key(request: &SetRequest, network: &OpenNetwork, folders: &[PathBuf]) -> Option<SetKey> {
    match &request.images {
        SetImages::InDistribution => Some(key_of(&network.card.in_dataset, request, network)),
        SetImages::Named(name) => Some(key_of(name, request, network)),
        SetImages::Files(_) => None,
        SetImages::Training(of) => {
            let name = network.card.training_set(of.as_deref(), folders).ok()?;
            Some(training_key(name, request, network))
        }
    }
}

fn training_key(name: &str, request: &SetRequest, network: &OpenNetwork) -> SetKey {
    SetKey {
        is_training: true,
        ..key_of(name, request, network)
    }
}

fn key_of(name: &str, request: &SetRequest, network: &OpenNetwork) -> SetKey {
    SetKey {
        name: name.to_owned(),
        is_training: false,
        corrupt: request.corrupt,
        preprocessing: format!("{:?}", network.card.preprocessing),
    }
}

/// Preprocessing that makes images of this height and width.
fn steps_to((height, width): (usize, usize)) -> String {
    match height == width {
        true => format!("{{resize: {height}, crop: {height}}}"),
        false => format!("{{resize: [{height}, {width}]}}"),
    }
}

fn network_key(request: &SetRequest, worker: WorkerId) -> NetworkKey {
    (request.network.clone(), request.weights.clone(), worker)
}

/// What is open under this name, if its files are as they were then.
fn known<K, Q, V>(open: &Mutex<HashMap<K, (Stamp, Arc<V>)>>, name: &Q) -> Option<Arc<V>>
where
    K: Borrow<Q> + Hash + Eq,
    Q: Hash + Eq + ?Sized,
{
    let open = lock(open);
    let (_, value) = open.get(name).filter(|(stamp, _)| stamp.is_current())?;
    Some(value.clone())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
