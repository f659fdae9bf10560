//! Networks and data sets that a worker has open. Opening one is slow; using it again is free.
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::device;
use super::protocol::JobSpec;
use crate::datasets::{self, Dataset, DatasetError, Normalisation};
use crate::home::Home;
use crate::networks::weights::WeightsError;
use crate::networks::{CardError, NetworkCard};
use crate::scoring::Scorer;
use crate::units::Device;

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
    pub scorer: Scorer,
    pub weights_digest: String,
}

impl OpenNetwork {
    pub fn normalisation(&self) -> Normalisation {
        self.card.normalisation
    }
}

pub struct Library {
    home: Home,
    device: Device,
    networks: HashMap<(String, Option<PathBuf>), Rc<OpenNetwork>>,
    sets: HashMap<String, Arc<Dataset>>,
}

impl Library {
    pub fn new(home: &Home, device: Device) -> Self {
        Self {
            home: home.clone(),
            device,
            networks: HashMap::new(),
            sets: HashMap::new(),
        }
    }

    pub fn network(&mut self, spec: &JobSpec) -> Result<Rc<OpenNetwork>, OpenError> {
        let key = (spec.network.clone(), spec.weights.clone());
        if let Some(open) = self.networks.get(&key) {
            return Ok(open.clone());
        }
        let card = NetworkCard::find(&spec.network, &self.home.models())?;
        let device = device::of_torch(self.device);
        let (network, weights_digest) = card.build(spec.weights.as_deref(), device)?;
        let scorer = Scorer::new(network, card.normalisation.std(), device)
            .map_err(|error| OpenError::Torch(crate::networks::weights::first_line(&error)))?;
        let open = Rc::new(OpenNetwork {
            card,
            scorer,
            weights_digest,
        });
        self.networks.insert(key, open.clone());
        Ok(open)
    }

    /// Opens the set and checks that its images fit the network.
    pub fn set(&mut self, name: &str, network: &OpenNetwork) -> Result<Arc<Dataset>, OpenError> {
        let set = match self.sets.get(name) {
            Some(open) => open.clone(),
            None => {
                let (card, root) = datasets::find(name, &[self.home.data()])?;
                let set = Arc::new(Dataset::open(&card, &root)?);
                self.sets.insert(name.to_owned(), set.clone());
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
    pub fn in_set(&mut self, spec: &JobSpec, network: &OpenNetwork) -> Result<Arc<Dataset>, OpenError> {
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
