//! Networks and data sets that are open. Opening one is slow; using it again is free.
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::batch_size::{self, BatchSizes, Case};
use super::device;
use super::fleet::Seat;
use crate::networks::read_weights;
use crate::networks::weights::{WeightsError, first_line};
use crate::scoring::Scorer;
use odin_core::home::Home;
use odin_core::networks::{CardError, NetworkCard};
use odin_core::protocol::JobSpec;
use odin_datasets::{self as datasets, Dataset, DatasetError};

/// Why a job's network or one of its sets cannot be opened.
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
    #[error("the job names no device to run on")]
    NoDevice,
    #[error("{name}: image 0 is {height}×{width} pixels, and {why}")]
    Size {
        name: String,
        height: usize,
        width: usize,
        why: String,
    },
    #[error("{name} names {found} classes, and {network} has {needed}: its labels mean something else")]
    Classes {
        name: String,
        found: usize,
        network: String,
        needed: usize,
    },
}

/// A network ready to score, and what its scores depend on.
pub struct OpenNetwork {
    pub card: NetworkCard,
    pub weights_digest: String,
    /// By what its scores are computed.
    pub computed_by: &'static str,
    /// One a compute thread, all round the same weights: a tensor can go to another thread, but not be shared.
    scorers: Vec<Mutex<Scorer>>,
}

impl OpenNetwork {
    /// The scorer of a compute thread. Threads beyond those that it was opened for share the last.
    pub fn scorer(&self, thread: usize) -> Option<MutexGuard<'_, Scorer>> {
        let scorer = self.scorers.get(thread).or(self.scorers.last())?;
        Some(lock(scorer))
    }
}

/// Shared by who opens and who only asks what is open: its locks are held for a look, never while something is opened.
pub struct Library {
    home: Home,
    networks: Mutex<HashMap<NetworkKey, (Stamp, Arc<OpenNetwork>)>>,
    sets: Mutex<HashMap<String, (Stamp, Arc<Dataset>)>>,
    sizes: Mutex<BatchSizes>,
}

/// What a batch size is found for.
fn case(seat: Seat, network: &OpenNetwork, set: &Dataset) -> Result<Case, DatasetError> {
    let (height, width) = set.size(0)?;
    Ok(Case {
        device: seat.device,
        digest: network.weights_digest.clone(),
        height,
        width,
    })
}

type NetworkKey = (String, Option<PathBuf>, Seat);

/// The files that something was opened from, when each was changed and how long it is. While these stay the same, what is
/// open is what lies on disk; a network that was trained on is opened anew.
#[derive(PartialEq)]
struct Stamp(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Stamp {
    fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let look = |path: PathBuf| {
            let now = std::fs::metadata(&path)
                .and_then(|m| Ok((m.modified()?, m.len())))
                .ok();
            (path, now)
        };
        Self(files.into_iter().map(look).collect())
    }

    fn is_current(&self) -> bool {
        *self == Self::of(self.0.iter().map(|(path, _)| path.clone()))
    }
}

impl Library {
    pub fn new(home: &Home) -> Self {
        Self {
            home: home.clone(),
            networks: Mutex::default(),
            sets: Mutex::default(),
            sizes: Mutex::new(BatchSizes::open(home)),
        }
    }

    /// Whether all that the job needs is open, as its files are now, and hashed: then opening it takes no time.
    pub fn is_at_hand(&self, spec: &JobSpec, seats: &[Seat]) -> bool {
        let networks: Option<Vec<_>> = seats
            .iter()
            .map(|&seat| known(&self.networks, &network_key(spec, seat)))
            .collect();
        let Some(network) = networks.as_ref().and_then(|all| all.first()) else {
            return false;
        };
        let in_set = spec.in_dataset.as_ref().unwrap_or(&network.card.in_dataset);
        let has_size = || {
            let in_set = known(&self.sets, in_set)?;
            let known = |(seat, network): (&Seat, &Arc<OpenNetwork>)| {
                let case = case(*seat, network, &in_set).ok()?;
                lock(&self.sizes).known(&case)
            };
            seats
                .iter()
                .zip(networks.iter().flatten())
                .map(known)
                .collect::<Option<Vec<_>>>()
        };
        let are_hashed = [in_set, &spec.dataset]
            .into_iter()
            .all(|name| known(&self.sets, name).is_some_and(|set| set.is_hashed()));
        are_hashed && (spec.batch.is_some() || has_size().is_some())
    }

    /// Images a pass: the least of the devices' own sizes, so that batches are the same whichever computes them. What is
    /// not known is measured, which takes a second or two.
    pub fn batch_size(
        &self,
        networks: &[(Seat, Arc<OpenNetwork>)],
        set: &Dataset,
    ) -> Result<usize, OpenError> {
        let mut least = None;
        for (seat, network) in networks {
            let case = case(*seat, network, set)?;
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
        Ok(least.unwrap_or(1))
    }

    /// The network as it lies on the device of a worker.
    pub fn network(&self, spec: &JobSpec, seat: Seat) -> Result<Arc<OpenNetwork>, OpenError> {
        let key = network_key(spec, seat);
        if let Some(open) = known(&self.networks, &key) {
            return Ok(open);
        }
        let card = NetworkCard::find(&spec.network, &self.home.models())?;
        let weights_file = spec.weights.clone().unwrap_or_else(|| card.weights_path());
        let card_file = self.home.models().join(format!("{}.yaml", card.name));
        // Looked at before the files are read: a change meanwhile is then seen the next time.
        let stamp = Stamp::of([weights_file, card_file]);
        let device = device::of_torch(seat.device);
        let weights = read_weights(&card, spec.weights.as_deref(), device)?;
        let scorer = |_| -> Result<Mutex<Scorer>, OpenError> {
            let scorer = Scorer::new(weights.network()?, card.normalisation.std(), device);
            Ok(Mutex::new(
                scorer.map_err(|error| OpenError::Torch(first_line(&error)))?,
            ))
        };
        let scorers = (0..device::compute_threads(seat.device).max(1))
            .map(scorer)
            .collect::<Result<Vec<_>, _>>()?;
        let is_native = scorers.iter().any(|scorer| lock(scorer).network().is_native());
        let computed_by = match (is_native, device) {
            (true, _) => "kernels 2",
            (false, tch::Device::Cpu) => "libtorch on a CPU",
            _ => "libtorch on a GPU",
        };
        let open = Arc::new(OpenNetwork {
            card,
            weights_digest: weights.digest().to_owned(),
            computed_by,
            scorers,
        });
        lock(&self.networks).insert(key, (stamp, open.clone()));
        Ok(open)
    }

    /// Digest of the weights that the network scores with; of those that are open, without reading them again.
    pub fn weights_digest(&self, network: &str, weights: Option<&Path>) -> Result<String, OpenError> {
        let open = lock(&self.networks)
            .iter()
            .find(|((name, file, _), (stamp, _))| {
                name == network && file.as_deref() == weights && stamp.is_current()
            })
            .map(|(_, (_, open))| open.weights_digest.clone());
        if let Some(digest) = open {
            return Ok(digest);
        }
        let card = NetworkCard::find(network, &self.home.models())?;
        Ok(read_weights(&card, weights, tch::Device::Cpu)?
            .digest()
            .to_owned())
    }

    /// Opens the set and checks that its images fit the network.
    pub fn set(&self, name: &str, network: &OpenNetwork) -> Result<Arc<Dataset>, OpenError> {
        let set = match known(&self.sets, name) {
            Some(open) => open,
            None => {
                let (card, root) = datasets::find(name, &[self.home.data()])?;
                let card_file = root.join(format!("{}.yaml", card.name));
                let images = card.source.paths().into_iter().map(|path| root.join(path));
                let stamp = Stamp::of(images.chain([card_file]));
                let set = Arc::new(Dataset::open(&card, &root)?);
                lock(&self.sets).insert(name.to_owned(), (stamp, set.clone()));
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
                })?;
        }
        Ok(set)
    }

    /// The in-distribution set of a job, whose labels must be those of the network.
    pub fn in_set(&self, spec: &JobSpec, network: &OpenNetwork) -> Result<Arc<Dataset>, OpenError> {
        let set = self.set(
            spec.in_dataset.as_deref().unwrap_or(&network.card.in_dataset),
            network,
        )?;
        let (found, needed) = (set.class_names().len(), network.card.classes);
        if found > 0 && found != needed {
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

fn network_key(spec: &JobSpec, seat: Seat) -> NetworkKey {
    (spec.network.clone(), spec.weights.clone(), seat)
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
