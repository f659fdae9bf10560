//! Opens networks and data sets on a thread of its own: reading weights and hashing images may take seconds, in which
//! the scheduler must hear a person.
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use super::entry_id::EntryId;
use super::guard::guarded;
use super::model_cache::{ModelCache, OpenError};
use super::open_network::OpenNetwork;
use super::worker_id::WorkerId;
use odin_core::home::Home;
use odin_core::protocol::{Event, Failure, SetRequest};
use odin_core::runs::evidence::EvidenceKey;
use odin_datasets::Dataset;

/// Precision and rules of scoring. The number goes up when the same inputs are to give other scores: evidence of before is
/// then left alone.
const ARITHMETIC: &str = "f32, rules 1";

pub(super) struct LoadRequest {
    pub entry: EntryId,
    pub request: SetRequest,
    pub workers: Vec<WorkerId>,
}

/// What came of a request.
pub(super) struct Loaded {
    pub entry: EntryId,
    pub ready: Result<Ready, Failure>,
}

/// What the thread is asked.
enum Ask {
    Open(Box<LoadRequest>),
    Identify {
        network: String,
        weights: Option<PathBuf>,
    },
}

/// All that a set needs open.
pub(super) struct Ready {
    pub networks: Vec<(WorkerId, Arc<OpenNetwork>)>,
    pub set: Arc<Dataset>,
    pub evidence: EvidenceKey,
    /// Images a pass.
    pub batch: usize,
}

impl Ready {
    /// The network, on the first of its devices.
    pub(super) fn network(&self) -> &Arc<OpenNetwork> {
        let (_, network) = self
            .networks
            .first()
            .expect("a set is opened for one worker at least");
        network
    }

    /// What a person should know before anything is scored.
    pub(super) fn notes(&self) -> Vec<String> {
        let network = self.networks.first().map(|(_, network)| network);
        let of = |network: &Arc<OpenNetwork>| {
            let name = &network.card.name;
            network
                .notes
                .iter()
                .map(|note| format!("{name}: {note}"))
                .collect()
        };
        network.map(of).unwrap_or_default()
    }
}

pub(super) struct Loader {
    models: Arc<ModelCache>,
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

impl Loader {
    /// `opened` and `identified` are called from the loader's thread, once a request.
    pub(super) fn start(
        home: &Home,
        opened: impl Fn(Loaded) + Send + 'static,
        identified: impl Fn(Event) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (asks, queue) = channel::<Ask>();
        let models = Arc::new(ModelCache::new(home));
        let ours = models.clone();
        let work = move || {
            for ask in queue {
                match ask {
                    Ask::Open(request) => opened(answer(&ours, &request)),
                    Ask::Identify { network, weights } => identified(identify(&ours, network, weights)),
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("odin-open".to_owned())
            .spawn(work)?;
        Ok(Self {
            models,
            asks: Some(asks),
            thread: Some(thread),
        })
    }

    /// Has the request answered in its turn; `None`. Where all is open already, gives the answer at once.
    pub(super) fn request(&self, request: LoadRequest) -> Option<Loaded> {
        if self.models.is_at_hand(&request.request, &request.workers) {
            return Some(answer(&self.models, &request));
        }
        self.ask(Ask::Open(Box::new(request)));
        None
    }

    /// Has the digest of the network's weights found out.
    pub(super) fn identify(&self, network: String, weights: Option<PathBuf>) {
        self.ask(Ask::Identify { network, weights });
    }

    fn ask(&self, ask: Ask) {
        if let Some(asks) = &self.asks {
            // The thread hears as long as the loader stands.
            let _ = asks.send(ask);
        }
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(models: &ModelCache, request: &LoadRequest) -> Loaded {
    Loaded {
        entry: request.entry,
        ready: guarded(|| open(models, request)),
    }
}

fn identify(models: &ModelCache, network: String, weights: Option<PathBuf>) -> Event {
    let digest = guarded(|| models.weights_digest(&network, weights.as_deref()));
    Event::Identified {
        network,
        weights,
        digest,
    }
}

fn open(models: &ModelCache, request: &LoadRequest) -> Result<Ready, OpenError> {
    let asked = &request.request;
    let networks = request
        .workers
        .iter()
        .map(|&worker| Ok((worker, models.network(asked, worker)?)))
        .collect::<Result<Vec<_>, OpenError>>()?;
    let Some((_, network)) = networks.first() else {
        return Err(OpenError::NoDevice);
    };
    if let Some(why) = network
        .no_gradient
        .clone()
        .filter(|_| !asked.settings.magnitude().is_zero())
    {
        let network = network.card.name.clone();
        return Err(OpenError::NoGradient { network, why });
    }
    let set = models.images(asked, network)?;
    let evidence = EvidenceKey {
        weights: network.weights_digest.clone(),
        architecture: format!("{:?}", network.card.architecture),
        normalisation: format!("{:?}", network.card.normalisation),
        dataset: set.digest()?,
        arithmetic: format!("{ARITHMETIC}, by {}", network.computed_by),
    };
    let batch = match asked.batch {
        Some(batch) => batch.max(1),
        None => models.batch_size(&networks, &set),
    };
    Ok(Ready {
        networks,
        set,
        evidence,
        batch,
    })
}
